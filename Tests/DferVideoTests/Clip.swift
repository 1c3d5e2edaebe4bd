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
  var frames: [Frame] = []
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

  var times: [Double] { frames.map(\.time.seconds) }
  var isRising: Bool { zip(times, times.dropFirst()).allSatisfy { $0 < $1 } }

  /// The largest distance of the times from n / rate.
  func drift(rate: Double) -> Double { times.enumerated().map { abs($1 - Double($0) / rate) }.max() ?? .infinity }
}
