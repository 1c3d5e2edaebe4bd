import DferTestSupport
import Foundation
import Testing

@testable import DferVideo

/// Names that are found are data: a file that exists is read, whatever its name looks like, and opens nothing else.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct NamesTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  /// FFmpeg's reader of numbered images answers to their endings, and opens files by itself: bytes decide instead.
  @Test(arguments: ["one.jpg", "one.png", "one.bmp", "image-%03d.jpg", "one.tiff", "one.webp"])
  func singleImagesAreRead(name: String) throws {
    let made = try clip.make(
      "made" + String(name.suffix(from: name.lastIndex(of: ".") ?? name.endIndex)), ["-frames:v", "1"])
    let path = try clip.write(try clip.data(made), name)
    #expect(try Reading(path).frames.count == 1)
  }

  private func small(_ name: String) throws -> String {
    try clip.make(name, source: "color=gray:s=32x32:r=10:d=0.3", Clip.h264 + ["-f", "mp4"])
  }

  private func refusal(_ location: String, _ options: VideoOptions = VideoOptions()) -> VideoError? {
    do {
      _ = try Reading(location, options: options)
      return nil
    } catch { return error as? VideoError }
  }

  @Test(arguments: [
    "lavfi:testsrc2=d=1", "v4l2:0", "screen:", "avfoundation:0", "concat:a|b.mp4", "pipe:0", "http:x.mp4", "-",
    "--help",
    "%03d.mp4", "*.mp4", "subfile,,start,0,end,9,,:x.mp4", "data:video,x", "a\nb.mp4",
  ])
  func anExistingFileWins(name: String) throws {
    let path = try small(name)
    #expect(try Reading(path).frames.count == 3)
    var options = VideoOptions()
    options.isFileOnly = true
    let kind = try SourceKind(path, options: options)
    #expect(kind.device == nil && kind.file == path && kind.url == "file:" + path)
  }

  @Test(arguments: ["lavfi:testsrc2=d=1", "v4l2:0", "screen:", "http://127.0.0.1:9/x", "-", "file:///etc/passwd"])
  func aFileIsNothingElse(name: String) {
    var options = VideoOptions()
    options.isFileOnly = true
    #expect(refusal(name, options) == .missing(path: name))
  }

  @Test func filterGraphsNeedAnOption() throws {
    #expect(refusal("lavfi:testsrc2=d=1") == .needsFormat(path: "lavfi:testsrc2=d=1", format: "lavfi"))
    var options = VideoOptions()
    options.inputFormat = "lavfi"
    for graph in ["lavfi:testsrc2=d=0.2", "testsrc2=d=0.2"] {
      #expect(try Reading(graph, options: options).frames.count == 5)
    }
  }

  @Test(arguments: ["crypto://x", "subfile://x", "cache://x", "gopher://x", "unix://x", "concat://x"])
  func unknownSchemesAreRefused(address: String) {
    let scheme = address.split(separator: ":").first.map(String.init) ?? ""
    #expect(refusal(address) == .unknownAddress(path: address, scheme: scheme))
  }

  @Test func fileAddressesAreDecoded() throws {
    let path = try small("my täst 100%.mp4")
    let written = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? ""
    for address in [
      "file://" + written, "file://localhost" + written, "FILE://" + written, "file:" + path, "file://" + path,
    ] {
      #expect(try Reading(address).info.location == path, "\(address)")
    }
    #expect(
      refusal("file://elsewhere" + written) == .otherMachine(path: "file://elsewhere" + written, host: "elsewhere"))
  }

  @Test func namesThatAreNoTextSaySo() {
    #expect(refusal("M\u{FFFD}ller.mp4").map { "\($0)" }?.contains("not UTF-8") == true)
  }

  @Test func foldersAreListedByBytes() throws {
    let folder = clip.scratch.file("names")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["caf\u{E9}.mp4", "cafe\u{301}.mp4"] { try Data().write(to: folder.appendingPathComponent(name)) }
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/dead.mp4", withDestinationPath: "nowhere")
    let bash = try #require(Tool.find("bash"))
    _ = try Tool.run(bash, ["-c", "touch $'M\\xfcller.mp4'; mkfifo pipe"], folder: folder)
    let entries = try #require(Folder(folder.path)?.entries)
    #expect(
      entries.map(\.name).map { Array($0.utf8) }
        == ["M\\xFCller.mp4", "cafe\u{301}.mp4", "caf\u{E9}.mp4", "dead.mp4", "pipe"].map { Array($0.utf8) })
    #expect(entries.map(\.isText) == [false, true, true, true, true])
    #expect(entries[3].kind == .deadLink && entries[4].kind == .other && entries[1].kind == .file)
  }
}

/// Files that name other files are read only when that was meant, and then only what lies beside them.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct PlaylistTests {
  private let clip: Clip
  init() throws {
    clip = try Clip()
    _ = try clip.make("part.ts", source: "testsrc2=s=64x48:r=10:d=1", Clip.h264 + ["-f", "mpegts"])
    try FileManager.default.createDirectory(at: clip.scratch.file("in"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: clip.path("part.ts"), toPath: clip.path("in/part.ts"))
  }

  private func refusal(_ text: String, _ name: String, _ options: VideoOptions = VideoOptions()) throws -> VideoError? {
    let path = try clip.write(Data(text.utf8), "in/" + name)
    do {
      _ = try Reading(path, options: options)
      return nil
    } catch { return error as? VideoError }
  }

  private static let head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
  private static let mpd = "<?xml version=\"1.0\"?><MPD type=\"static\" mediaPresentationDuration=\"PT1S\"><Period>"

  @Test(arguments: [
    ("hls", head + "#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n"), ("concat", "ffconcat version 1.0\nfile part.ts\n"),
    ("sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"),
    ("dash", mpd + "<BaseURL>part.ts</BaseURL></Period></MPD>"),
  ])
  func otherNamesHideNoPlaylist(format: String, text: String) throws {
    for name in ["a.mp4", "a.ts", "a.mkv", "a"] {
      let error = try refusal(text, name)
      #expect(
        error == .playlist(path: clip.path("in/" + name), format: format)
          || error == .notVideo(path: clip.path("in/" + name)))
    }
    var options = VideoOptions()
    options.isFileOnly = true
    #expect(try refusal(text, "list.m3u8", options) != nil)
  }

  @Test func meantPlaylistsAreRead() throws {
    #expect(try refusal(Self.head + "#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n", "list.m3u8") == nil)
    #expect(try refusal("ffconcat version 1.0\nfile 'part.ts'\nfile part.ts\n", "list.ffconcat") == nil)
    var options = VideoOptions()
    options.inputFormat = "hls"
    #expect(try refusal(Self.head + "#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n", "list", options) == nil)
  }

  @Test(arguments: [
    "/etc/hostname", "../part.ts", "file:../part.ts", "http://127.0.0.1:9/x.ts", "subfile,,start,0,end,9,,:part.ts",
    "crypto:../part.ts",
  ])
  func nothingElsewhereIsOpened(entry: String) throws {
    #expect(try refusal(Self.head + "#EXTINF:1,\n\(entry)\n#EXT-X-ENDLIST\n", "list.m3u8") != nil)
    #expect(
      try refusal(
        Self.head + "#EXT-X-KEY:METHOD=AES-128,URI=\"\(entry)\"\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n", "key.m3u8")
        != nil)
    #expect(
      try refusal("ffconcat version 1.0\nfile \(entry)\n", "list.ffconcat")
        == .outsidePlaylist(path: clip.path("in/list.ffconcat")))
    #expect(
      try refusal(Self.mpd + "<BaseURL>\(entry)</BaseURL></Period></MPD>", "list.mpd")
        == .outsidePlaylist(path: clip.path("in/list.mpd")))
  }

  @Test func aPlaylistOfItselfEnds() throws {
    let begin = ContinuousClock.now
    #expect(try refusal("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n", "self.m3u8") != nil)
    #expect(
      try refusal(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8?a\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8?b\n", "self.m3u8"
      ) != nil)
    #expect(try refusal("ffconcat version 1.0\nfile self.ffconcat\n", "self.ffconcat") != nil)
    #expect(ContinuousClock.now - begin < .seconds(10))
  }
}
