import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferVideo

struct PacketClockTests {
  /// Times at which packets are decoded, moved; a second has 1000 ticks.
  private func moved(_ stamps: [Int64?]) -> (times: [Int64?], restarts: Int) {
    var clock = PacketClock(second: 1000, step: 40)
    let times = stamps.map { stamp in
      clock.note(decoding: stamp, shown: nil, duration: 40, isKey: true)
      return stamp.map { $0 + clock.shift }
    }
    return (times, clock.restarts)
  }

  @Test func aNewCountGoesOn() {
    let (times, restarts) = moved([5000, 5040, nil, 0, 40, 80])
    #expect(times == [5000, 5040, nil, 5080, 5120, 5160] && restarts == 1)
  }

  @Test func smallStepsBackAndHolesStay() {
    let stamps: [Int64?] = [0, 40, 20, 900, 40_000, 40_040]
    #expect(moved(stamps).times == stamps && moved(stamps).restarts == 0)
  }

  /// One wrong number is no new count: what follows it stays where it was.
  @Test(arguments: [90_000_000, 0, .max, .min] as [Int64])
  func oneWrongStampMovesNothing(wrong: Int64) {
    var clock = PacketClock(second: 1000, step: 40)
    var stamps = (0..<100).map { 5000 + Int64($0) * 40 }
    stamps[50] = wrong
    for (index, stamp) in stamps.enumerated() {
      clock.note(decoding: stamp, shown: stamp, duration: 40, isKey: true)
      if index != 50 { #expect(clock.shift == 0, "\(index)") }
    }
    #expect(clock.restarts == 0)
  }

  @Test func anotherClockIsNoHole() {
    for (stamp, expected) in [(900_000, 80), (-900_000, 80), (120, 120), (2000, 2000)] as [(Int64, Int64)] {
      var clock = PacketClock(second: 1000, step: 40)
      for time in [0, 40] as [Int64] { clock.note(decoding: time, shown: time, duration: 40, isKey: true) }
      clock.expectAnotherClock()
      clock.note(decoding: stamp, shown: stamp, duration: 40, isKey: true)
      #expect(stamp + clock.shift == expected)
    }
  }

  /// The first image to be shown follows the last one, however many frames later than decoded each is shown.
  @Test func imagesFollowWhateverTheirOrder() {
    var clock = PacketClock(second: 1000, step: 40)
    for (decoding, shown) in [(0, 80), (40, 240), (80, 120), (120, 160), (160, 200)] as [(Int64, Int64)] {
      clock.note(decoding: decoding, shown: shown, duration: 40, isKey: true)
    }
    clock.note(decoding: -5000, shown: -5000, duration: 40, isKey: true)
    #expect(clock.shift == 5280)
  }

  @Test func anyNumberMayStandAnywhere() {
    let numbers: [Int64] = [.min, .min + 1, -(1 << 62), -(1 << 60), -1, 0, 1, 1 << 33, 1 << 60, (1 << 60) + 1, .max]
    for (second, step) in [(1000, 40), (1, .max), (.max, 0), (0, -5)] as [(Int64, Int64)] {
      var clock = PacketClock(second: second, step: step)
      var state: UInt32 = 3
      for _ in 0..<5000 {
        func any() -> Int64? {
          state = state &* 1_664_525 &+ 1_013_904_223
          return state >> 28 == 0 ? nil : numbers[Int(state >> 8) % numbers.count]
        }
        let shown = any()
        clock.note(decoding: any(), shown: shown, duration: any() ?? 0, isKey: shown == nil)
        #expect(clock.shift.magnitude < 1 << 62)
      }
    }
  }
}

/// Recordings of several parts, one behind the other.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct SpliceTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  private static let programme = [
    "-mpegts_service_id", "77", "-mpegts_pmt_start_pid", "0x300", "-mpegts_start_pid", "0x400",
  ]

  private func joined(_ paths: [String], _ name: String) throws -> Reading {
    try Reading(try clip.write(paths.reduce(Data()) { try $0 + clip.data($1) }, name))
  }

  private func part(_ name: String, source: String = "testsrc2=s=160x120:r=25:d=3", _ options: [String] = []) throws
    -> String
  {
    try clip.make(name, source: source, Clip.h264 + options)
  }

  /// Where a sender starts anew, or a region has its own programme, the film goes on in a stream of another number.
  @Test(arguments: [
    ["-output_ts_offset", "3"] + programme, ["-output_ts_offset", "3", "-streamid", "0:700"], programme,
    ["-output_ts_offset", "3", "-c:v", "mpeg2video"] + programme,
  ])
  func aBroadcastGoesOnInAnotherStream(options: [String]) throws {
    let second = try part("b.ts", options)
    let reading = try joined([try part("a.ts"), second], "ab.ts")
    // FFmpeg gives the last packets of a stream that has ended behind those of the next one.
    #expect(
      (148...150).contains(reading.frames.count) && reading.gaps.isEmpty && reading.isRising,
      "\(reading.frames.count) \(reading.gaps)")
    #expect(abs((reading.times.last ?? 0) - 5.96) < 0.1)
    // And back, where all have one clock.
    guard options.contains("-output_ts_offset") else { return }
    let back = try joined([try part("a.ts"), second, try part("c.ts", ["-output_ts_offset", "6"])], "aba.ts")
    #expect(
      (220...225).contains(back.frames.count) && back.gaps.isEmpty && back.isRising, "\(back.frames.count) \(back.gaps)"
    )
    #expect(abs((back.times.last ?? 0) - 8.96) < 0.1)
  }

  /// A playlist whose parts come from several senders, each with streams and a clock of its own.
  @Test func aPlaylistGoesOnInAnotherStream() throws {
    let parts = try [
      part("a.ts"), part("b.ts", Self.programme), part("c.ts", ["-output_ts_offset", "50"] + Self.programme),
    ]
    let text = parts.map { "#EXTINF:3.0,\n\(URL(fileURLWithPath: $0).lastPathComponent)\n" }
    let list = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n"
    for count in 2...3 {
      let path = try clip.write(
        Data((list + text[..<count].joined(separator: "#EXT-X-DISCONTINUITY\n") + "#EXT-X-ENDLIST\n").utf8),
        "list\(count).m3u8")
      let reading = try Reading(path)
      #expect(
        (75 * count - 4...75 * count).contains(reading.frames.count) && reading.isRising, "\(reading.frames.count)")
    }
  }

  /// Two films beside each other, of which the first is slow, ends early, or begins late.
  @Test(arguments: [(25, 5, 0), (25, 3, 0), (2, 6, 0), (1, 9, 0), (25, 5, 2)], [25, 10])
  func aStreamBesideTheFilmIsNotItsEnd(film: (rate: Int, seconds: Int, late: Int), other: Int) throws {
    let path = clip.path("two.ts")
    try Tool.ffmpeg(
      ["-itsoffset", "\(film.late)", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=\(film.rate):d=\(film.seconds)"]
        + ["-f", "lavfi", "-i", "testsrc=s=160x120:r=\(other):d=\(film.seconds + 1)", "-map", "0", "-map", "1"]
        + Clip.h264 + ["-g", "10", "file:" + path])
    let reading = try Reading(path)
    #expect(reading.frames.allSatisfy { $0.size == reading.info.size } && reading.counts.sizeChanges == 0)
    #expect(
      reading.frames.count == (reading.info.size.width == 320 ? film.rate * film.seconds : other * (film.seconds + 1)))
    #expect(reading.isRising && reading.counts.damaged == 0)
  }

  /// Each programme has a clock of its own, which may be ahead of the one before.
  @Test func anotherProgrammeHasAnotherClock() throws {
    let ahead = try part("b.ts", ["-output_ts_offset", "4000"] + Self.programme)
    let reading = try joined([try part("a.ts"), ahead], "ab.ts")
    #expect((148...150).contains(reading.frames.count) && reading.gaps.isEmpty, "\(reading.gaps)")
    #expect(abs((reading.times.last ?? 0) - 5.96) < 0.1)
  }

  /// The first packets of Matroska have no decoding stamps; those of AVI have no others.
  @Test(arguments: ["mkv", "avi", "mp4", "ts"], [1, 2, 3, 25])
  func fewImagesASecondWithBFrames(ending: String, rate: Int) throws {
    let path = try clip.make(
      "slow.\(ending)", source: "testsrc2=s=160x120:r=\(rate):d=12", Clip.bframes + ["-pix_fmt", "yuv420p"])
    let reading = try Reading(path)
    #expect(
      reading.frames.count == 12 * rate && reading.gaps.isEmpty, "\(reading.gaps)")
    #expect(abs(reading.times.first ?? 9) < 1e-3 && reading.drift(rate: Double(rate)) < 2e-3)
  }

  /// FFmpeg ends at the second part of joined FLV files, and of Ogg files with sound.
  @Test func whatIsLeftUnreadIsDamage() throws {
    let parts = try ["a.flv", "b.flv"].map {
      try clip.make($0, source: "testsrc2=s=160x120:r=25:d=4", Clip.h264 + ["-pix_fmt", "yuv420p"])
    }
    #expect(try Reading(parts[0]).counts.damaged == 0)
    #expect(try joined(parts, "ab.flv").counts.damaged == 1)
    let films = try ["a.ogv", "b.ogv"].map { name in
      let path = clip.path(name)
      try Tool.ffmpeg(
        ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4", "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libtheora"]
          + ["-c:a", "libvorbis", "file:" + path])
      return path
    }
    #expect(try Reading(films[0]).counts.damaged == 0)
    #expect(try joined(films, "ab.ogv").counts.damaged > 0)
  }

  /// What cannot be decoded after a new count is time that is lost.
  @Test func aDamagedPartWithItsOwnCountIsAGap() throws {
    // The same number, but another codec: FFmpeg takes it for the old one.
    let reading = try joined([try part("a.ts"), try part("m.ts", ["-c:v", "mpeg2video"])], "codec.ts")
    // The decoder makes a few images up.
    let gap = try #require(reading.gaps.first)
    #expect((75..<90).contains(reading.frames.count) && reading.gaps.count == 1 && reading.counts.damaged > 50)
    #expect((2.9...3.6).contains(gap.start) && abs(gap.end - 6) < 0.1, "\(gap)")
  }

  /// Sound that goes on says that images are missing where a broadcast was damaged; elsewhere it may be longer.
  @Test(arguments: [0..<1, 1..<2, 2..<3])
  func imagesThatAreLostWhileSoundGoesOn(lost: Range<Int>) throws {
    let path = clip.path("full.ts")
    try Tool.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=9", "-f", "lavfi", "-i", "sine=d=9"] + Clip.h264
        + ["-g", "50", "-c:a", "mp2", "file:" + path])
    let whole = try Reading(path)
    #expect(whole.gaps.isEmpty && whole.frames.count == 225)
    // Without a third of the packets of the images.
    let bytes = [UInt8](try clip.data(path))
    let packets = stride(from: 0, to: bytes.count, by: 188).map { Array(bytes[$0..<min(bytes.count, $0 + 188)]) }
    let images = packets.indices.filter { packets[$0][1] & 0x1F == 1 && packets[$0][2] == 0 }
    let gone = Set(images[images.count * lost.lowerBound / 3..<images.count * lost.upperBound / 3])
    let reading = try Reading(
      try clip.write(Data(packets.indices.filter { !gone.contains($0) }.flatMap { packets[$0] }), "lost.ts"))
    let (frames, gaps) = (reading.times, reading.gaps)
    let covered = Double(frames.count) * 0.04 + gaps.reduce(0) { $0 + $1.end - $1.start }
    #expect(!gaps.isEmpty && abs(covered - 9) < 0.3, "\(frames.count) \(gaps)")
    let longer = clip.path("sound.ts")
    try Tool.ffmpeg(
      ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=3", "-f", "lavfi", "-i", "sine=d=9"] + Clip.h264
        + ["-c:a", "mp2", "file:" + longer])
    #expect(try Reading(longer).gaps.isEmpty)
  }

  /// Headers in the middle, as in Ogg files that were joined (RFC 3533).
  @Test func joinedOggIsReadToItsEnd() throws {
    let parts = try [("a.ogg", "testsrc2"), ("b.ogg", "testsrc")].map { name, pattern in
      try clip.make(name, source: "\(pattern)=s=160x120:r=25:d=3", ["-c:v", "libtheora"])
    }
    let reading = try joined(parts, "ab.ogg")
    #expect(reading.frames.count == 150 && reading.gaps.isEmpty)
  }
}
