import DferTestSupport
import DferVideo
import Foundation

/// Makes small videos with the ffmpeg program.
struct Clip {
  let scratch: ScratchFolder

  static let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-threads", "1"]
  /// 3 s, 30 frames a second, B-frames, an index at the end: the sound base of the damaged ones.
  static let bframes = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "30", "-threads", "1"]

  init() throws { scratch = try ScratchFolder() }

  func path(_ name: String) -> String { scratch.file(name).path }

  /// Encodes a lavfi image source.
  func make(_ name: String, source: String = "testsrc2=s=160x120:r=30:d=3", _ options: [String]) throws -> String {
    let path = path(name)
    try Tool.ffmpeg(["-f", "lavfi", "-i", source] + options + ["file:" + path])
    return path
  }

  func base() throws -> String { try make("base.mp4", Self.bframes + ["-pix_fmt", "yuv420p"]) }

  /// Makes a file from another one.
  func remake(_ input: String, _ name: String, before: [String] = [], _ options: [String]) throws -> String {
    let path = path(name)
    try Tool.ffmpeg(before + ["-i", "file:" + input] + options + ["file:" + path])
    return path
  }

  /// An MP4 whose display matrix turns it clockwise, written into its track header: the option of the ffmpeg program for it
  /// differs between FFmpeg 5 and 7.
  func turned(_ input: String, _ name: String, clockwise degrees: Int) throws -> String {
    var bytes = try data(input)
    guard let header = bytes.range(of: Data("tkhd".utf8)), bytes[header.upperBound] == 0 else {
      throw CocoaError(.fileReadCorruptFile, userInfo: [NSFilePathErrorKey: input])
    }
    // a, b, u, c, d, v, x, y, w in 16.16 fixed point (w in 2.30), 40 bytes behind the name (ISO/IEC 14496-12, 8.3.2).
    let turn: (cosine: Int32, sine: Int32) = [0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)][degrees] ?? (1, 0)
    let matrix = [turn.cosine << 16, turn.sine << 16, 0, -turn.sine << 16, turn.cosine << 16, 0, 0, 0, 1 << 30]
    let start = header.upperBound + 40
    bytes.replaceSubrange(
      start..<start + 36,
      with: matrix.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } })
    return try write(bytes, name)
  }

  func write(_ data: Data, _ name: String) throws -> String {
    let path = path(name)
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  func data(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
}

/// All that a source gave.
struct Reading {
  let info: VideoInfo
  var frames: [any VideoFrame] = []
  var gaps: [Gap] = []
  let counts: DecodeCounts

  init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    let source = try VideoSource(location, options: options)
    while let event = try source.next() {
      switch event {
      case .frame(let frame): frames.append(frame)
      case .gap(let gap): gaps.append(gap)
      case .lost: break
      }
    }
    info = source.info
    counts = source.counts
  }

  var damaged: Int { counts.damaged }
  var times: [Double] { frames.map(\.time.seconds) }
  var isRising: Bool { zip(times, times.dropFirst()).allSatisfy { $0 < $1 } }

  /// The largest distance of the times from n / rate.
  func drift(rate: Double) -> Double { times.enumerated().map { abs($1 - Double($0) / rate) }.max() ?? .infinity }
}
