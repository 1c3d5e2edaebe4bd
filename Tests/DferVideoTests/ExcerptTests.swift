import DferTestSupport
import DferVideo
import Foundation
import Testing

/// A part of a video has the times and frame numbers of the whole.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct ExcerptTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  private func read(_ path: String, from start: Double, to end: Double?) throws -> (
    frames: [(index: Int, time: Double)], gaps: [Gap], source: ExcerptSource
  ) {
    let source = ExcerptSource(try VideoSource(path), from: start, to: end)
    var (frames, gaps): ([(Int, Double)], [Gap]) = ([], [])
    while let event = try source.next() {
      switch event {
      case .frame(let frame): frames.append((frame.index, frame.time.seconds))
      case .gap(let gap): gaps.append(gap)
      case .lost: break
      }
    }
    return (frames, gaps, source)
  }

  /// B-frames and one key frame a second: none of the bounds is one.
  @Test(arguments: [(0.0, nil, 0..<90), (0.5, 1.5, 15..<45), (1.21, 2.0, 37..<60), (2.9, 9, 87..<90)])
  func framesAreThoseOfTheWhole(start: Double, end: Double?, frames: Range<Int>) throws {
    let part = try read(try clip.base(), from: start, to: end)
    #expect(part.frames.map(\.index) == Array(frames) && part.gaps.isEmpty)
    for frame in part.frames { #expect(abs(frame.time - Double(frame.index) / 30) < 1e-6) }
    #expect(part.source.counts.frames == frames.count)
  }

  @Test func gapsAreCutToThePart() throws {
    let path = try clip.make(
      "hole.mkv", source: "testsrc2=s=160x120:r=30:d=9",
      ["-vf", "select='lt(t,2)+gte(t,7)'", "-vsync", "vfr"] + Clip.h264)
    let whole = try read(path, from: 0, to: nil).gaps
    let part = try read(path, from: 3, to: 5)
    try #require(whole.count == 1)
    #expect(part.frames.isEmpty && part.gaps.map(\.start) == [3] && part.gaps.map(\.end) == [5])
    #expect(part.gaps.first?.reason == whole[0].reason)
  }

  @Test func aPartBehindTheEndIsAnError() throws {
    let path = try clip.base()
    #expect {
      try read(path, from: 5, to: 6)
    } throws: { "\($0)".contains("it ends at 3.0 s, before the part to read begins") }
  }

  @Test func aPartInWhichNoFrameBeginsIsAnError() throws {
    let path = try clip.base()
    for part in [(0.001, 0.002), (2.99, nil)] as [(Double, Double?)] {
      #expect {
        try read(path, from: part.0, to: part.1)
      } throws: { "\($0)".contains("no frame begins in the part to read") }
    }
  }
}
