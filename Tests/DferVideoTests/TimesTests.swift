import DferTestSupport
import DferVideo
import Foundation
import Testing

/// Times are the container's own stamps, exact, from its start.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct TimesTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  @Test func baseIsExact() throws {
    let reading = try Reading(try clip.base())
    #expect(reading.frames.count == 90)
    #expect(reading.frames.map(\.index) == Array(0..<90))
    for (index, frame) in reading.frames.enumerated() {
      #expect(
        frame.time.ticks * 30 * Int64(frame.time.timeBase.numerator) == Int64(index)
          * Int64(frame.time.timeBase.denominator))
    }
    #expect(reading.gaps.isEmpty)
    #expect(reading.counts.repairedTimes == 0 && reading.counts.damaged == 0 && reading.counts.frames == 90)
    #expect(abs((reading.info.duration ?? 0) - 3) < 0.01)
    #expect(abs((reading.info.frameRate ?? 0) - 30) < 0.01)
  }

  @Test func variableRateComesFromTheStamps() throws {
    let path = try clip.make(
      "vfr.mp4", source: "testsrc2=s=160x120:r=60:d=3",
      ["-vf", "select='if(lt(t,1.5),not(mod(n,6)),1)'", "-vsync", "vfr", "-enc_time_base", "1/60"] + Clip.bframes)
    let wanted = (0..<15).map { Double($0) / 10 } + (0..<90).map { 1.5 + Double($0) / 60 }
    let times = try Reading(path).times
    #expect(times.count == wanted.count)
    for (time, wanted) in zip(times, wanted) { #expect(abs(time - wanted) < 1e-9) }
  }

  @Test func editListHidesFrames() throws {
    let path = try clip.remake(try clip.base(), "cut.mp4", before: ["-ss", "0.7"], ["-c", "copy"])
    let reading = try Reading(path)
    #expect(reading.frames.count == 69)
    #expect(reading.counts.hidden == 21)
    #expect(reading.isRising && reading.gaps.isEmpty)
    #expect(abs((reading.times.first ?? 9)) < 0.001)
  }

  @Test(arguments: [36000.0, 95442.0]) func transportStreamOffsetsAndWrap(offset: Double) throws {
    let path = try clip.remake(
      try clip.base(), "offset.ts",
      ["-c", "copy", "-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", "\(offset)", "-f", "mpegts"])
    let reading = try Reading(path)
    #expect(reading.frames.count == 90)
    #expect(reading.isRising && reading.gaps.isEmpty)
    #expect(abs((reading.times.first ?? 9)) < 0.2)
    #expect(abs((reading.times.last ?? 0) - (reading.times.first ?? 0) - 89.0 / 30) < 0.001)
  }

  @Test func rawStreamWithoutStamps() throws {
    let path = try clip.remake(
      try clip.base(), "raw.h264", ["-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264"])
    let reading = try Reading(path)
    #expect(reading.frames.count == 90)
    #expect(reading.isRising)
    #expect(abs((reading.times.last ?? 0) - (reading.times.first ?? 0) - 89.0 / 30) < 0.1, "\(reading.times)")
  }

  @Test func aHoleInTheStampsIsAGap() throws {
    let path = try clip.make(
      "hole.mkv", ["-vf", "setpts='PTS+if(gte(T,1.5),3600/TB,0)'", "-vsync", "passthrough"] + Clip.h264)
    let reading = try Reading(path)
    #expect(reading.frames.count == 90)
    #expect(reading.gaps.count == 1)
    let gap = try #require(reading.gaps.first)
    #expect(gap.reason == .timestamps)
    #expect(abs(gap.start - 1.5) < 0.05 && abs(gap.end - 3601.5) < 0.05)
  }

  @Test func noDuration() throws {
    let path = try clip.make("live.mkv", Clip.h264 + ["-f", "matroska", "-live", "1"])
    let reading = try Reading(path)
    #expect(reading.info.duration == nil)
    #expect(reading.frames.count == 90)
    #expect(reading.gaps.isEmpty)
  }

  @Test func prefetchGivesTheSame() throws {
    let path = try clip.base()
    let queue = FramePrefetch(try VideoSource(path), capacity: 3)
    var times: [Double] = []
    while case .frame(let frame)? = try queue.next() { times.append(frame.time.seconds) }
    #expect(times == (try Reading(path)).times)
    #expect(try queue.next() == nil)
  }

  @Test func prefetchCanBeCancelled() throws {
    let queue = FramePrefetch(try VideoSource(try clip.base()), capacity: 2)
    _ = try queue.next()
    queue.cancel()
    #expect(try queue.next() == nil)
  }
}
