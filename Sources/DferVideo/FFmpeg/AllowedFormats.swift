import CFFmpeg

/// Which of FFmpeg's readers may read what.
///
/// A file that anybody may hand us is read by nothing that opens other inputs: no playlists (HLS, DASH, concat), session
/// descriptions, image patterns or scripts. The list says what is allowed, so that what a later FFmpeg adds is not.
enum AllowedFormats {
  /// First names of demuxers that read one stream of bytes and nothing else.
  private static let containers: Set<String> = [
    "3dostr", "4xm", "amv", "anm", "apng", "asf", "asf_o", "av1", "avi", "avs", "avs2", "avs3", "bethsoftvid", "bfi",
    "bink", "bmv",
    "c93", "cavsvideo", "cdg", "cdxl", "cine", "dhav", "dirac", "dnxhd", "dsicin", "dv", "dxa", "ea", "epaf", "evc",
    "film_cpk", "filmstrip", "flic", "flv", "frm", "gdv", "gif", "gxf", "h261", "h263", "h264", "hevc", "hnm", "ico",
    "idcin",
    "iff", "ifv", "ipmovie", "ipu", "iss", "iv8", "ivf", "ivr", "jv", "kux", "live_flv", "lmlm4", "lvf", "lxf", "m4v",
    "matroska",
    "mcc", "mgsts", "mjpeg", "mjpeg_2000", "mlv", "mm", "mods", "moflex", "mov", "mpeg", "mpegts", "mpegvideo",
    "mpjpeg",
    "msnwctcp", "mtv", "mv", "mvi", "mxf", "mxg", "nc", "nsv", "nut", "nuv", "obu", "ogg", "paf", "pmp", "psxstr",
    "pva", "r3d",
    "rcwt", "rl2", "rm", "roq", "rpl", "sdr2", "sdx", "ser", "sga", "siff", "simbiosis_imx", "smjpeg", "smk", "smush",
    "swf", "thp",
    "tiertexseq", "tmv", "ty", "usm", "vc1", "vc1test", "vidc", "vividas", "vivo", "vmd", "vqf", "vvc", "wc3movie",
    "webp_anim",
    "wsvqa", "wtv", "wv", "xmv", "xwma", "yop", "yuv4mpegpipe",
    // Images, read as bytes.
    "bmp_pipe", "cri_pipe", "dds_pipe", "dpx_pipe", "exr_pipe", "gem_pipe", "gif_pipe", "hdr_pipe", "image2pipe",
    "j2k_pipe",
    "jpeg_pipe", "jpegls_pipe", "jpegxl_pipe", "jpegxl_anim", "pam_pipe", "pbm_pipe", "pcx_pipe", "pfm_pipe",
    "pgm_pipe",
    "pgmyuv_pipe", "pgx_pipe", "phm_pipe", "photocd_pipe", "pictor_pipe", "png_pipe", "ppm_pipe", "psd_pipe",
    "qdraw_pipe",
    "qoi_pipe", "sgi_pipe", "sunrast_pipe", "tiff_pipe", "vbn_pipe", "webp_pipe", "xbm_pipe", "xpm_pipe", "xwd_pipe",
    "alias_pix", "brender_pix", "fits",
    // Sound, to say that it has no image.
    "aac", "ac3", "aiff", "amr", "ape", "au", "caf", "dts", "eac3", "flac", "mp3", "mpc", "mpc8", "oma", "tak",
    "truehd",
    "tta", "voc", "w64", "wav",
  ]

  /// Readers of playlists: what is opened next stands in the file.
  static let playlists: Set<String> = ["hls", "dash", "concat", "sdp", "imf"]

  /// What a read of these gives is a film, not one image, sound or text.
  private static let noFilms: Set<String> = [
    "ico", "aac", "ac3", "aiff", "amr", "ape", "au", "caf", "dts", "eac3", "flac", "mp3", "mpc", "mpc8", "oma", "tak",
    "truehd", "tta", "voc", "w64", "wav", "alias_pix", "brender_pix", "fits", "mcc", "rcwt", "vqf", "wv", "xwma",
    "image2pipe",
  ]

  /// Endings that say that a playlist is meant.
  static func playlist(ofName name: String) -> String? {
    switch name.utf8.lastIndex(of: UInt8(ascii: ".")).map({ name[$0...].dropFirst().lowercased() }) {
    case "m3u8"?, "m3u"?: "hls"
    case "mpd"?: "dash"
    case "ffconcat"?: "concat"
    case "sdp"?: "sdp"
    default: nil
    }
  }

  static func allows(_ format: UnsafePointer<AVInputFormat>) -> Bool { containers.contains(firstName(format)) }

  static func isFilm(_ format: UnsafePointer<AVInputFormat>) -> Bool {
    let name = firstName(format)
    return containers.contains(name) && !noFilms.contains(name) && !name.hasSuffix("_pipe")
  }

  /// Whether a name is that of a reader of files, not of a device.
  static func reads(_ format: String) -> Bool {
    // "mp4" is a further name of "mov".
    let first = av_find_input_format(format).map { firstName($0) } ?? format
    return [format, first].contains { containers.contains($0) || playlists.contains($0) }
  }

  static func firstName(_ format: UnsafePointer<AVInputFormat>) -> String {
    String(cString: format.pointee.name).split(separator: ",").first.map(String.init) ?? ""
  }

  /// FFmpeg's option for the demuxers that it may choose by itself, and use for what a playlist names.
  static func list(with playlists: Set<String> = []) -> String {
    (containers.sorted() + playlists.sorted()).joined(separator: ",")
  }

  /// Protocols that an address of this scheme may need; nil for schemes that are not read.
  static func protocols(of scheme: String) -> String? {
    switch scheme {
    case "http", "https": "http,https,httpproxy,tls,tcp,crypto,data"
    case "rtsp", "rtsps": "rtsp,rtsps,rtp,rtcp,srtp,udp,tcp,tls,http,https,httpproxy"
    case "rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts":
      "rtmp,rtmpe,rtmps,rtmpt,rtmpte,rtmpts,ffrtmpcrypt,ffrtmphttp,http,https,tcp,tls"
    case "udp", "rtp": "udp,rtp,srtp"
    case "srt", "tcp", "rist": scheme
    case "tls": "tls,tcp"
    case "mmsh", "mmst", "mms": "mmsh,mmst,http,tcp"
    case "ftp": "ftp,tcp"
    case "sftp": "sftp"
    default: nil
    }
  }
}
