import DferTestSupport
import Foundation
import Testing

@testable import DferVideo

/// Time stamps are what a file says, and files say anything.
struct HostileTimesTests {
  private static let numbers: [Int64] = [
    .min, .min + 1, -(1 << 62), -(1 << 61) - 1, -(1 << 61), -90_000, -1, 0, 1, 40, 90_000, 1 << 31, 1 << 33, 1 << 60,
    1 << 61,
    (1 << 61) + 1, 1 << 62, .max - 1, .max,
  ]

  /// Every number in every place: times rise, and stay within what is believed.
  @Test(arguments: [(1, 1000), (3600, 90_000), (1, 1), (Int64.max, Int64.max), (0, 0)] as [(Int64, Int64)])
  func anyNumberMayStandAnywhere(step: Int64, second: Int64) {
    for start in Self.numbers.map(Optional.init) + [nil] {
      var state: UInt32 = 11
      var repair = TimeRepair(step: step, second: second, start: start, limit: 1_000_000_000_000)
      var last: Int64?
      for index in 0..<400 {
        state = state &* 1_664_525 &+ 1_013_904_223
        let stamp =
          state >> 28 == 0
          ? nil : state >> 28 < 8 ? Int64(index) * 40 : Self.numbers[Int(state >> 8) % Self.numbers.count]
        _ = repair.isJump(stamp)
        _ = repair.isOutlier(stamp, before: Self.numbers[Int(state >> 9) % Self.numbers.count])
        let time = repair.next(stamp)
        if let last { #expect(time > last) }
        last = time
        #expect(time - repair.origin >= 0 && time - repair.origin < 1 << 62)
      }
    }
  }

  @Test func oneWrongStampMovesNothing() {
    var repair = TimeRepair(step: 40, second: 1000)
    #expect([0, 40].map { repair.next($0) } == [0, 40])
    #expect(repair.isJump(5_000_000) && !repair.isJump(1000))
    #expect(repair.isOutlier(5_000_000, before: 120) && !repair.isOutlier(5_000_000, before: 5_000_040))
    #expect(!repair.isOutlier(5_000_000, before: nil))
  }

  @Test func numbersAreBelievedWithinReason() {
    #expect(
      MediaLimits.duration(.nan) == nil && MediaLimits.duration(3.6e303) == nil && MediaLimits.duration(-1) == nil)
    #expect(MediaLimits.duration(86_400) == 86_400)
  }
}

/// Files whose times are lies.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct HostileFilesTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  private func check(_ reading: Reading, _ name: String) {
    #expect(reading.isRising, "\(name)")
    for frame in reading.frames {
      #expect((0...2e9).contains(frame.time.seconds), "\(name)")
      #expect((frame.duration ?? 0) > 0 && (frame.duration ?? 99) <= 10, "\(name)")
    }
    for gap in reading.gaps { #expect(gap.start >= 0 && gap.end > gap.start && gap.end < 2e9, "\(name)") }
  }

  /// Cluster times of a Matroska file, replaced by eight bytes each.
  private func clusters(_ data: Data, _ value: (_ number: Int, _ old: Int64) -> Int64) -> Data {
    var (bytes, out) = ([UInt8](data), [UInt8]())
    var (index, number) = (0, 0)
    while index < bytes.count {
      if bytes[index...].starts(with: [0x1F, 0x43, 0xB6, 0x75]), index + 20 < bytes.count {
        let width = bytes[index + 4].leadingZeroBitCount + 1
        let body = index + 4 + width
        var skipped = body
        if bytes[skipped] == 0xBF { skipped += 6 }
        if bytes[skipped] == 0xE7 {
          let length = Int(bytes[skipped + 1] & 0x7F)
          let old: Int64 = bytes[(skipped + 2)..<(skipped + 2 + length)].reduce(0) { ($0 << 8) | Int64($1) }
          let written: Int = bytes[(index + 4)..<body].reduce(0) { ($0 << 8) | Int($1) }
          let size = written & ((1 << (7 * width)) - 1)
          let new = UInt64(bitPattern: value(number, old))
          let rest = bytes[(skipped + 2 + length)..<min(bytes.count, body + size)]
          var own: [UInt8] = [0xE7, 0x88]
          for shift in stride(from: 56, through: 0, by: -8) {
            own.append(UInt8(truncatingIfNeeded: new >> UInt64(shift)))
          }
          own.append(contentsOf: rest)
          out.append(contentsOf: bytes[index..<(index + 4)])
          out.append(1)
          for shift in stride(from: 48, through: 0, by: -8) {
            out.append(UInt8(truncatingIfNeeded: own.count >> shift))
          }
          out.append(contentsOf: own)
          index = body + size
          number += 1
          continue
        }
      }
      out.append(bytes[index])
      index += 1
    }
    bytes = out
    // The segment's own size is not known any more.
    if let segment = (0..<100).first(where: { bytes[$0...].starts(with: [0x18, 0x53, 0x80, 0x67]) }) {
      bytes.replaceSubrange((segment + 4)..<(segment + 12), with: [1] + [UInt8](repeating: 0xFF, count: 7))
    }
    return Data(bytes)
  }

  @Test func clusterTimes() throws {
    let sound = try clip.data(
      try clip.make(
        "sound.mkv", source: "testsrc2=s=64x48:r=25:d=3", ["-c:v", "mjpeg", "-cluster_time_limit", "400"]))
    let (largest, half) = (Int64.max, Int64(1) << 62)
    typealias Plan = (_ number: Int, _ old: Int64) -> Int64
    let plans: [String: Plan] = [
      "max": { number, old in number < 1 ? old : largest - 1000 &+ old },
      "half": { number, old in [old, half, old, half + 5][number % 4] },
      "negative": { number, old in [old, -half, old, half + 5][number % 4] },
      "first": { _, old in largest - 5000 &+ old },
      "far": { _, old in half / 4 &+ old },
      "back": { number, _ in [0, largest - 100, 5, largest - 50][number % 4] },
      "e12": { number, old in number > 0 ? old &+ 1_000_000_000_000 : old },
      "e9": { number, old in number > 0 ? old &+ 1_000_000_000 : old },
      "down": { _, old in 10_000_000 &- old },
    ]
    for (name, plan) in plans {
      let reading = try Reading(try clip.write(clusters(sound, plan), name + ".mkv"))
      #expect(reading.frames.count == 75, "\(name)")
      check(reading, name)
    }
  }

  @Test(
    arguments: [(0, 0), (1, UInt32.max), (UInt32.max, 1), (1, 10_000), (1_000_000, 1), (12, 1), (4_000_000_000, 1)]
      as [(UInt32, UInt32)])
  func frameRatesOfAVI(scale: UInt32, rate: UInt32) throws {
    var data = try clip.data(try clip.make("sound.avi", source: "testsrc2=s=64x48:r=25:d=1", ["-c:v", "mjpeg"]))
    let header = try #require(data.range(of: Data("strh".utf8))).lowerBound
    var fields: [UInt8] = []
    for value in [scale, rate] {
      for shift in [0, 8, 16, 24] as [UInt32] { fields.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    data.replaceSubrange((header + 28)..<(header + 36), with: fields)
    guard let reading = try? Reading(try clip.write(data, "rate.avi")) else { return }
    check(reading, "\(scale)/\(rate)")
    // A frame that lasts a million seconds is a frame, and then nothing.
    if scale == 1_000_000 { #expect(reading.gaps.count > 20 && reading.frames.allSatisfy { $0.duration == 1 }) }
  }

  @Test(arguments: ["F1:2147483647", "F2147483647:1", "F0:0", "F1:1000000", "F1:11"])
  func frameRatesOfY4M(rate: String) throws {
    let frame = "FRAME\n" + String(repeating: "\u{40}", count: 64 * 64 * 3 / 2)
    let path = try clip.write(
      Data(("YUV4MPEG2 W64 H64 \(rate) A1:1 C420\n" + String(repeating: frame, count: 12)).utf8), "r.y4m")
    guard let reading = try? Reading(path) else { return }
    check(reading, rate)
  }

  @Test func whatIsLostAtTheBeginningIsAGap() throws {
    var data = try clip.data(try clip.base())
    let start = try #require(data.range(of: Data("mdat".utf8))).upperBound
    let end = try #require(data.range(of: Data("moov".utf8))).lowerBound
    let half = start + (end - start) / 2
    data.replaceSubrange(start..<half, with: Data(count: half - start))
    let reading = try Reading(try clip.write(data, "zero.mp4"))
    let gap = try #require(reading.gaps.first)
    #expect(gap.start == 0 && gap.end == reading.times.first && gap.end > 0.5)
    check(reading, "zero")
  }

  /// A picture that begins later than the sound is late, not lost.
  @Test func aLateBeginningIsNoGap() throws {
    let path = try clip.remake(
      try clip.base(), "late.mkv", before: ["-f", "lavfi", "-i", "sine=d=4", "-itsoffset", "1.5"],
      ["-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac"])
    let reading = try Reading(path)
    #expect(reading.gaps.isEmpty && abs((reading.times.first ?? 0) - 1.5) < 0.05)
  }

  @Test func aHoleWhereTheSizeChangesIsAGap() throws {
    let parts = try [("a.ts", "160x120", 0.0), ("b.ts", "96x72", 3.0)].map { name, size, offset in
      try clip.data(
        try clip.make(
          name, source: "testsrc2=s=\(size):r=25:d=2",
          Clip.h264 + ["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", "\(offset)"]))
    }
    let reading = try Reading(try clip.write(parts[0] + parts[1], "size.ts"))
    let gap = try #require(reading.gaps.first)
    #expect(reading.counts.sizeChanges == 1 && abs(gap.start - 2) < 0.1 && abs(gap.end - 3) < 0.1)
  }

  /// A header that says more than a whole file holds is no cut.
  @Test func aWholeFileIsNotCutByItsHeader() throws {
    var data = try clip.data(try clip.base())
    for tag in ["mdhd", "mvhd", "tkhd"] {
      let box = try #require(data.range(of: Data(tag.utf8))).upperBound
      let field = box + (tag == "tkhd" ? 20 : 16)
      data.replaceSubrange(field..<(field + 4), with: [0x7F, 0xFF, 0xFF, 0xFF])
    }
    let reading = try Reading(try clip.write(data, "long.mp4"))
    #expect(reading.frames.count == 90 && reading.gaps.isEmpty, "\(reading.gaps)")
  }

  /// A recording that goes on after 26.5 hours, when the clock of MPEG-TS begins anew, and one that was joined from two.
  @Test(arguments: [[95442.0], [3600, 0]]) func clocksThatBeginAnewLoseNoTime(offsets: [Double]) throws {
    let parts = try offsets.enumerated().map { number, offset in
      try clip.data(
        try clip.make(
          "\(number).ts", source: "testsrc2=s=64x48:r=25:d=\(offsets.count == 1 ? 6 : 3)",
          Clip.h264 + ["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", "\(offset)"]))
    }
    let reading = try Reading(try clip.write(parts.reduce(Data(), +), "clock.ts"))
    #expect(reading.gaps.isEmpty && reading.frames.count == 150 && reading.isRising)
    #expect(reading.drift(rate: 25) < 0.05)
  }
}
