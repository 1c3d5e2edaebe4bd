import DferTestSupport
import DferVideo
import Foundation
import Testing

/// Inputs that are broken, cut, or no video at all.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct FaultsTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  private func refusal(_ location: String) -> VideoError? {
    do {
      _ = try Reading(location)
      return nil
    } catch { return error as? VideoError }
  }

  @Test func notAFile() throws {
    #expect(refusal(clip.path("none.mp4")) == .missing(path: clip.path("none.mp4")))
    #expect(refusal(clip.scratch.url.path) == .directory(path: clip.scratch.url.path))
    let empty = try clip.write(Data(), "empty.mp4")
    #expect(refusal(empty) == .empty(path: empty))
  }

  @Test func notAVideo() throws {
    let text = try clip.write(Data(repeating: 65, count: 65536), "text.mp4")
    #expect(refusal(text) == .notVideo(path: text))
    let sound = try clip.make("sound.m4a", source: "sine=d=1", ["-c:a", "aac"])
    #expect(refusal(sound) == .noVideoStream(path: sound, onlyCoverArt: false))
    let image = try clip.make("cover.jpg", ["-frames:v", "1"])
    let cover = try clip.remake(
      sound, "cover.m4a",
      ["-i", image, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic"])
    #expect(refusal(cover) == .noVideoStream(path: cover, onlyCoverArt: true))
  }

  @Test func missingIndex() throws {
    let whole = try clip.data(try clip.base())
    let path = try clip.write(whole.prefix(whole.count / 2), "half.mp4")
    #expect(refusal(path) == .missingIndex(path: path))
  }

  @Test func cutFileEndsInAGap() throws {
    let fast = try clip.remake(try clip.base(), "fast.mp4", ["-c", "copy", "-movflags", "+faststart"])
    let whole = try clip.data(fast)
    let reading = try Reading(try clip.write(whole.prefix(whole.count * 8 / 10), "cut.mp4"))
    #expect((50..<90).contains(reading.frames.count))
    #expect(reading.isRising)
    let gap = try #require(reading.gaps.last)
    #expect(gap.reason == .truncated)
    #expect(abs(gap.end - 3) < 0.05)
    #expect(gap.start >= reading.times.last ?? 9)
  }

  @Test func cutMatroskaEndsInAGap() throws {
    let path = try clip.remake(try clip.base(), "whole.mkv", ["-c", "copy"])
    #expect(try Reading(path).gaps.isEmpty)
    let whole = try clip.data(path)
    let reading = try Reading(try clip.write(whole.prefix(whole.count * 7 / 10), "cut.mkv"))
    #expect((40..<90).contains(reading.frames.count))
    let gap = try #require(reading.gaps.last)
    #expect(gap.reason == .truncated && abs(gap.end - 3) < 0.05)
  }

  /// Sound that goes on after the video is no cut.
  @Test func longerSoundIsNoGap() throws {
    let path = try clip.remake(
      try clip.base(), "long.mkv", before: ["-f", "lavfi", "-i", "sine=d=6"],
      ["-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac"])
    let reading = try Reading(path)
    #expect(reading.gaps.isEmpty && reading.frames.count == 90)
    #expect(abs((reading.info.duration ?? 0) - 3) < 0.05)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6]) func flippedBytes(seed: UInt32) throws {
    var data = try clip.data(try clip.base())
    var state = seed
    let start = data.range(of: Data("mdat".utf8))?.upperBound ?? 0
    let end = data.range(of: Data("moov".utf8))?.lowerBound ?? data.count
    for index in start + 4096..<end - 8 {
      state = state &* 1_664_525 &+ 1_013_904_223
      if state >> 16 % 300 == 0 { data[index] = ~data[index] }
    }
    let reading = try Reading(try clip.write(data, "flipped.mp4"))
    #expect(reading.isRising)
    #expect(reading.frames.count > 10)
    #expect(reading.counts.damaged > 0)
    #expect((reading.times.last ?? 0) > 2, "frames after the damage")
    for frame in reading.frames { _ = frame.image(longSide: 32) }
  }

  /// Streams in files: what was lost on the way is a gap, whether its place is known or not.
  @Test(arguments: ["zeros", "segment"], ["ts", "mpg"]) func lostPartsOfStreams(_ kind: String, _ ending: String)
    throws
  {
    let format = ["ts": "mpegts", "mpg": "mpeg"][ending] ?? ""
    func part(_ name: String, _ offset: Double, seconds: Double) throws -> Data {
      try clip.data(
        try clip.make(
          name, source: "testsrc2=s=320x240:r=25:d=\(seconds)",
          Clip.h264 + [
            "-g", "10", "-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", "\(offset)", "-f", format,
          ]))
    }
    var data = try part("whole.\(ending)", 0, seconds: 6)
    if kind == "zeros" {
      for index in data.count * 4 / 10..<data.count * 6 / 10 { data[index] = 0 }
    } else {
      data += try part("next.\(ending)", 7.5, seconds: 3)
    }
    let reading = try Reading(try clip.write(data, "lost.\(ending)"))
    let longest = zip(reading.times, reading.times.dropFirst()).map { $1 - $0 }.max() ?? 0
    try #require(longest > 0.5, "something was lost")
    let gap = try #require(reading.gaps.first { $0.end - $0.start > 0.4 }, "\(reading.gaps)")
    #expect(abs((gap.end - gap.start) - (longest - 0.04)) < 0.05)
  }

  /// A demuxer goes on behind damage without a word, while the streams are examined or later.
  @Test(arguments: ["flv", "webm"], [6, 20]) func whatADemuxerPassesOverIsAGap(_ ending: String, _ seconds: Int) throws
  {
    // Each frame by itself, so that no decoder tells of the loss.
    let codec = ending == "flv" ? ["-c:v", "flv1"] : ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
    var data = try clip.data(
      try clip.make(
        "whole.\(ending)", source: "testsrc2=s=320x240:r=25:d=\(seconds)", codec + ["-g", "1", "-b:v", "1M"]))
    let middle = data.count / 2
    for index in middle..<middle + data.count / seconds { data[index] = 0 }
    let reading = try Reading(try clip.write(data, "damaged.\(ending)"))
    let longest = zip(reading.times, reading.times.dropFirst()).map { $1 - $0 }.max() ?? 0
    try #require(longest > 0.5 && longest < 2, "\(longest)")
    let gap = try #require(reading.gaps.first, "\(longest)")
    #expect(reading.gaps.count == 1 && abs((gap.end - gap.start) - (longest - 0.04)) < 0.05, "\(reading.gaps)")
  }

  /// A screen that stands still sends few images from then on: at most the first of them looks like a loss.
  @Test(arguments: ["ts", "flv"]) func aStreamThatGetsSlowerLosesNothing(_ ending: String) throws {
    let reading = try Reading(
      try clip.make(
        "slower.\(ending)", source: "testsrc2=s=320x240:r=30:d=8,select='lt(t,3)+not(mod(n,15))'",
        Clip.h264 + ["-vsync", "vfr"]))
    #expect(reading.gaps.count <= (ending == "ts" ? 1 : 0), "\(reading.gaps)")
  }

  @Test func aStreamThatStartsBetweenKeyFrames() throws {
    let ts = try clip.remake(try clip.base(), "whole.ts", ["-c", "copy", "-f", "mpegts"])
    let whole = try clip.data(ts)
    let reading = try Reading(try clip.write(whole.dropFirst(188 * (whole.count / 188 / 5)), "tail.ts"))
    #expect((30..<90).contains(reading.frames.count))
    #expect(reading.isRising)
  }

  @Test func oneOfTwoStreams() throws {
    let path = try clip.remake(
      try clip.base(), "two.mkv", before: ["-f", "lavfi", "-i", "color=red:s=64x48:r=10:d=1"],
      ["-map", "0:v", "-map", "1:v"] + Clip.h264 + ["-disposition:v:0", "0", "-disposition:v:1", "default"])
    let standard = try Reading(path)
    #expect(standard.info.stream == 1 && standard.info.videoStreams == [0, 1])
    #expect(standard.frames.count == 90)
    var options = VideoOptions()
    options.stream = 0
    let other = try Reading(path, options: options)
    #expect(other.frames.count == 10)
    #expect(other.gaps.isEmpty)
    options.stream = 7
    #expect(throws: VideoError.noSuchStream(path: path, stream: 7, video: [0, 1])) {
      _ = try VideoSource(path, options: options)
    }
  }

  /// A thumbnail that comes first, and is marked as default, is not the film.
  @Test(arguments: ["mp4", "mkv", "avi"]) func aThumbnailIsNotTheFilm(ending: String) throws {
    let thumbnail = try clip.make(
      "thumb.mkv", source: "testsrc2=s=80x60:r=25:d=1", ["-frames:v", "1", "-c:v", "mjpeg"])
    let path = clip.path("camera." + ending)
    try Tool.ffmpeg(
      [
        "-i", thumbnail, "-i", try clip.base(), "-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v:0",
        "default",
        "-disposition:v:1", "0", path,
      ])
    let reading = try Reading(path)
    #expect(reading.info.stream == 1 && reading.frames.count >= 85)
    #expect(
      reading.info.warnings.count == 1 && reading.info.warnings[0].contains("reading stream 1 (160x120"),
      "\(reading.info.warnings)")
    #expect(try Reading(try clip.base()).info.warnings.isEmpty)
  }

  /// An index at the end needs a source that can go back.
  @Test func anIndexAtTheEndThroughAPipe() throws {
    let path = clip.path("pipe.mp4")
    let shell = try #require(Tool.find("bash"))
    _ = try Tool.run(shell, ["-c", "mkfifo '\(path)'"])
    let writer = Process()
    writer.executableURL = shell
    writer.arguments = ["-c", "cat '\(try clip.base())' > '\(path)'"]
    try writer.run()
    #expect(refusal(path) == .indexAtEnd(path: path))
    writer.waitUntilExit()
  }

  @Test func aPipeWithoutAWriterIsGivenUp() throws {
    let path = clip.path("pipe.mp4")
    _ = try Tool.run(try #require(Tool.find("bash")), ["-c", "mkfifo '\(path)'"])
    var options = VideoOptions()
    options.pipeTimeout = 0.3
    let begin = ContinuousClock.now
    #expect(throws: VideoError.timedOut(path: path)) { try VideoSource(path, options: options) }
    #expect(ContinuousClock.now - begin < .seconds(5))
  }

  @Test func animatedWebPSaysWhatItIs() throws {
    // RIFF, VP8X with the flag for animation, and two empty frames.
    let header: [UInt8] = [0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, 2, 0, 0, 0, 15, 0, 0, 15, 0, 0]
    var data = Data("RIFF\u{70}\0\0\0WEBP".utf8)
    data.append(contentsOf: header)
    data.append(Data("ANIM\u{6}\0\0\0".utf8))
    data.append(Data(count: 80))
    let path = try clip.write(data, "moving.webp")
    #expect(refusal(path) == .unsupportedCodec(path: path, codec: "animated WebP"))
  }

  @Test(arguments: [
    "a name with  spaces.mp4", "-dash.mp4", "лицо 顔 é.mp4", "percent-%03d.mp4", "colon:name.mp4", "quote's \"$x\".mp4",
  ])
  func awkwardNames(name: String) throws {
    let path = try clip.make(name, source: "color=gray:s=32x32:r=10:d=0.3", Clip.h264)
    let reading = try Reading(path)
    #expect(reading.frames.count == 3)
    #expect(reading.info.location == path)
  }

  @Test func digest() throws {
    let path = try clip.write(Data("abc".utf8), "abc")
    #expect(try SHA256.hex(ofFile: path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
