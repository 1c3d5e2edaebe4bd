/// What the ending of a file's name says of it, in lower case and without the point.
package enum MediaEndings {
  /// Files that are read as videos.
  package static let videos: Set<String> = [
    "264", "265", "26l", "3g2", "3gp", "3gp2", "3gpp", "amv", "apng", "asf", "av1", "avc", "avi", "bik", "cavs", "dif",
    "divx",
    "drc", "dv", "evo", "f4v", "flc", "fli", "flv", "gif", "gxf", "h261", "h263", "h264", "h265", "h26l", "hevc",
    "ismv", "ivf",
    "ivr", "jpm", "lrv", "lvf", "m1v", "m2p", "m2t", "m2ts", "m2v", "m4v", "mj2", "mjp2", "mjpeg", "mjpg", "mk3d",
    "mkv", "mod",
    "moov", "mov", "movie", "mp4", "mp4v", "mpe", "mpeg", "mpg", "mpg2", "mpg4", "mpv", "mpv2", "mqv", "mts", "mtv",
    "mxf", "nsv",
    "nut", "nuv", "obu", "ogm", "ogv", "ogx", "ps", "qt", "rm", "rmvb", "roq", "rv", "smk", "swf", "tod", "tp", "trp",
    "ts", "ty",
    "vc1", "vid", "viv", "vivo", "vob", "vro", "vvc", "webm", "wm", "wmv", "wtv", "xvid", "y4m", "yuv",
  ]

  /// Files that are never read from folders: images, sound, texts, tables, archives, and what dfer itself writes.
  package static let others: Set<String> = [
    "aac", "ac3", "aif", "aiff", "ape", "au", "caf", "dts", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "oga", "opus",
    "spx",
    "tta", "wav", "wma", "wv",
    "bmp", "cr2", "dng", "exr", "heic", "heif", "ico", "jpeg", "jpg", "nef", "pbm", "pgm", "png", "pnm", "ppm", "psd",
    "svg",
    "tga", "tif", "tiff", "webp", "xcf",
    "7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst",
    "ass", "boris", "cfg", "conf", "csv", "db", "doc", "docx", "eaf", "ffconcat", "htm", "html", "ini", "ipynb", "json",
    "jsonl", "log", "m3u", "m3u8", "md", "mpd", "ods", "odt", "pdf", "pfsx", "pl", "ppt", "pptx", "prproj", "psfx",
    "py", "r",
    "rmd", "rtf", "safetensors", "sav", "sdp", "sh", "sqlite", "srt", "ssa", "sub", "swift", "tex", "textgrid", "toml",
    "tsv",
    "txt", "vtt", "xls", "xlsx", "xml", "yaml", "yml",
  ]

  /// Images of a folder that is read as a video. Not every FFmpeg reads the last three; then they are gaps.
  package static let images: Set<String> = [
    "jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "avif", "heic", "heif",
  ]

  /// The ending of a path or name; empty when it has none. By bytes, so that a mark on the point does not hide it.
  package static func of(_ path: String) -> String {
    let name =
      path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8[path.utf8.index(after: $0)...] } ?? path.utf8[...]
    guard let point = name.lastIndex(of: UInt8(ascii: ".")), point != name.startIndex else { return "" }
    return String(decoding: name[name.index(after: point)...], as: UTF8.self).lowercased()
  }
}
