import DferTestSupport
import Foundation
import Testing

/// What may go wrong with a video, and what must come of it. One entry for each input or happening, numbered by the 41
/// rows of the fault ladder; `everyRowOfTheLadder` checks that none is missing.
struct Fault: Sendable, CustomTestStringConvertible {
  /// Which rows come out.
  enum Rows: Sendable {
    case none
    /// At least one row with a face, and no hole.
    case faces
    /// Rows with a face before a hole.
    case facesThenHole
    /// Only rows without a face.
    case noFace
    /// Whatever can be decoded.
    case some
  }

  let row: Int
  let name: String
  /// Exit codes that are right.
  let exits: Set<Int32>
  let rows: Rows
  /// Decoded frames.
  var frames: ClosedRange<Int>?
  /// Words of the one line that says why.
  var words: [String] = []
  var options: [String] = []
  /// What else must be true of the rows.
  var holds: (@Sendable (Ladder.Outcome) throws -> Bool)?
  /// Makes the input, when the script has not; gets the folder of the script's files.
  var make: (@Sendable (Ladder) throws -> String)?
  /// Does something else than read one input.
  var act: (@Sendable (Ladder) throws -> Void)?

  var testDescription: String { "row \(row): \(name)" }

  /// A file that `make_faults.sh` makes.
  static func file(
    _ row: Int, _ name: String, _ exits: Set<Int32> = [0], _ rows: Rows = .faces, frames: ClosedRange<Int>? = nil,
    says words: String..., options: [String] = [], holds: (@Sendable (Ladder.Outcome) throws -> Bool)? = nil
  ) -> Fault {
    Fault(row: row, name: name, exits: exits, rows: rows, frames: frames, words: words, options: options, holds: holds)
  }

  static func made(
    _ row: Int, _ name: String, _ exits: Set<Int32> = [0], _ rows: Rows = .faces, says words: String...,
    options: [String] = [], holds: (@Sendable (Ladder.Outcome) throws -> Bool)? = nil,
    _ make: @escaping @Sendable (Ladder) throws -> String
  ) -> Fault {
    Fault(row: row, name: name, exits: exits, rows: rows, words: words, options: options, holds: holds, make: make)
  }

  static func act(_ row: Int, _ name: String, _ act: @escaping @Sendable (Ladder) throws -> Void) -> Fault {
    Fault(row: row, name: name, exits: [], rows: .some, act: act)
  }

  static let table: [Fault] =
    [
      .file(1, "zero-byte.mp4", [3], .none, says: "empty file"),
      .file(2, "cut-50-no-moov.mp4", [3], .none, says: "moov"),
      .file(3, "faststart-cut-80.mp4", [4], .facesThenHole, frames: 50...75, holds: { endsAt(3, $0) }),
      .file(3, "fragmented-cut-70.mp4", [4], .facesThenHole, frames: 50...70),
      .file(4, "last-1k-missing-faststart.mp4", [0, 4], .some, frames: 85...90),
      .file(4, "last-1k-missing.mp4", [3], .none, says: "last-1k-missing.mp4"),
      .file(5, "flipped-1pct.mp4", [0, 4], .some, frames: 40...90),
      .file(6, "no-duration.mkv", frames: 90...90),
      .file(6, "raw.h264", frames: 90...90),
      .file(7, "one-frame.mp4", frames: 1...1, holds: isOnePartialClip),
      .file(8, "five-frames.mp4", frames: 5...5, holds: isOnePartialClip),
      .file(9, "audio-only.m4a", [3], .none, says: "no video stream"),
      .file(10, "cover-art-only.m4a", [3], .none, says: "no video stream", "cover"),
      .file(11, "two-video-streams.mkv", frames: 60...60),
      .file(11, "two-video-streams.mkv", [0], .noFace, frames: 50...50, options: ["--stream", "1"]),
      .file(11, "two-video-streams.mkv", [3], .none, says: "stream", options: ["--stream", "7"]),
      // The first clip ends at 1.6 s: 15 slow frames and 6 quick ones.
      .file(12, "vfr-10-then-60.mp4", frames: 105...105) {
        endsAt(3, $0) && (20...22).contains($0.number("end_frame", 0) ?? 0)
      },
      .file(13, "bframes-edit-list.mp4", frames: 69...69) { $0.number("start_s", 0) == 0 && endsAt(2.3, $0) },
      .file(14, "starts-mid-gop.ts", [0, 4], .some, frames: 30...90),
      .file(14, "gap-1h.mkv", [0, 4], .facesThenHole, frames: 90...90) { endsAt(3603, $0) },
      .file(15, "starts-at-10h.ts", frames: 90...90) { ($0.number("start_s", 0) ?? 9) < 0.1 && endsAt(3, $0) },
      .file(15, "pts-wrap.ts", frames: 90...90) { ($0.number("start_s", 0) ?? 9) < 0.1 && endsAt(3, $0) },
      .file(16, "vp9-alt-ref.webm", frames: 90...90),
      .file(17, "rotated-90.mp4", frames: 90...90, holds: showsTheFaceWhereItIs),
      .file(17, "rotated-180.mp4", frames: 90...90, holds: showsTheFaceWhereItIs),
      .file(17, "rotated-270.mp4", frames: 90...90, holds: showsTheFaceWhereItIs),
      .file(18, "odd-641x359.webm", frames: 90...90),
      .file(18, "non-square-pixels.mp4", frames: 90...90, holds: showsTheFaceWhereItIs),
      .file(18, "16x16.mp4", [0], .noFace, frames: 1...1),
      .made(18, "one pixel", [0], .noFace) { try $0.resized("1:1") },
      .made(18, "two pixels high", [0], .noFace) { try $0.resized("40:2") },
      .file(19, "8k-one-frame.mp4", frames: 1...1),
      .file(20, "yuv422p10.mp4", frames: 30...30),
      .file(20, "yuv444p.mp4", frames: 30...30),
      .file(20, "full-range.mp4", frames: 30...30),
      .file(20, "hevc-10bit-pq.mp4", frames: 30...30),
      .file(21, "gray.mp4", frames: 30...30),
      .file(21, "alpha-prores4444.mov", frames: 30...30),
      .file(21, "alpha-qtrle.mov", frames: 30...30),
      .file(21, "mjpeg.avi", frames: 30...30),
      .file(21, "av1.mp4", frames: 30...30),
      .file(21, "clip.gif", frames: 10...10),
      .file(22, "interlaced.mpg", frames: 70...80),
      .file(23, "size-change.ts", [0, 4], .faces, frames: 85...90),
      .file(24, "text-as.mp4", [3], .none, says: "text-as.mp4"),
      .file(24, "garbage.mkv", [3], .none, says: "garbage.mkv"),
    ]
    + [
      "a name with  spaces.mp4", "-leading-dash.mp4", "лицо 顔 é.mp4", "percent-%03d.mp4", "colon:name.mp4",
      "quote's \"and\" $dollar.mp4",
    ].map { .file(25, $0, frames: 90...90) }
    + [
      .made(25, "a folder without pictures", [3], .none, says: "directory") { $0.scratch.url.path },
      .file(25, "image-sequence"),
      .made(25, "an address of a file", [0]) { ladder in
        try FileManager.default.copyItem(at: ladder.input("base.mp4"), to: ladder.scratch.file("my talk 100%.mp4"))
        return "file://" + ladder.scratch.url.path + "/my%20talk%20100%25.mp4"
      },
      .made(25, "a filter graph without its option", [3], .none, says: "--input-format lavfi") { _ in
        "lavfi:testsrc2=d=1"
      },
      .made(25, "a playlist of itself named .mp4", [3], .none, says: "playlist") { ladder in
        try ladder.write(Data("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.mp4\n".utf8), "self.mp4")
      },
      .made(25, "a playlist of another folder", [3], .none, says: "playlist") { ladder in
        try ladder.write(
          Data("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n".utf8), "a.m3u8")
      },
      .made(25, "missing numbers", [4], .facesThenHole) { try $0.missingNumbers() },
      .made(25, "nothing there", [3], .none, says: "no such file") { $0.file("nothing.mp4") },
      .made(25, "symbolic link to itself", [3], .none) { ladder in
        try FileManager.default.createSymbolicLink(atPath: ladder.file("loop.mp4"), withDestinationPath: "loop.mp4")
        return ladder.file("loop.mp4")
      },
      .made(26, "a recording that is still written", [0, 4]) { ladder in
        let whole = try Data(contentsOf: ladder.input("starts-at-10h.ts"))
        return try ladder.write(whole.prefix(whole.count * 8 / 10), "growing.ts")
      },
      .act(27, "standard input ends early") { try $0.pipeEndsEarly() },
      .act(27, "an index at the end through a pipe") { try $0.indexBehindAPipe() },
      .act(27, "a pipe without a writer, and Ctrl-C") { try $0.pipeWithoutAWriter() },
      .act(27, "standard input never begins") { try $0.pipeNeverBegins() },
      .made(28, "a camera that is not there", [3], .none, says: "no such camera") { _ in "v4l2:97" },
      .made(31, "a missing segment of HLS", [0, 4], .facesThenHole) { try $0.missingSegment() },
      .act(33, "a slow reader of standard output") { try $0.slowReader() },
      .act(34, "a reader that goes away") { try $0.readerGoesAway() },
      .act(35, "a full disk") { try $0.fullDisk() },
      .act(36, "outputs that exist, cannot be written, or are the input") { try $0.outputsInTheWay() },
      .act(37, "a closed terminal") { try $0.hangUp() },
      .act(37, "SIGINT and SIGTERM") { try $0.signals() },
      .act(38, "SIGKILL") { try $0.killed() },
      .act(39, "weights that are none") { try $0.wrongWeights() },
      .act(40, "one core, no home, a decimal comma, nothing but the output") { try $0.poorSurroundings() },
      .act(41, "a poster, and a person") { try $0.poster() },
      .file(41, "no-face.mp4", [0], .noFace, frames: 50...50),
      .file(41, "black.mp4", [0], .noFace, frames: 50...50),
      .made(41, "a face at the end only", holds: startsWithoutAFace) { try $0.lateFace() },
      .act(41, "thirty faces") { try $0.thirtyFaces() },
    ]
  /// What needs cameras, servers and patience has tests of its own: file and name.
  static let live: [(row: Int, suite: String, test: String)] = [
    (29, "CameraTests", "unpluggedIsNoticedAtOnceAndTheCameraComesBack"),
    (30, "LiveTests", "lostStreamComesBackWithAHoleAndANewFace"),
    (30, "StreamTests", "rtspServerStallsAndIsKilledAndComesBack"),
    (30, "StreamTests", "udpThatLosesPacketsIsExplained"),
    (31, "StreamTests", "liveHLSWithAMissingSegmentAndAStall"),
    (32, "LiveTests", "simulatedLiveKeepsPaceAndCountsDrops"),
    (33, "StreamTests", "aReaderThatStopsReadingIsSpokenOf"),
  ]
}

// MARK: What else must be true

extension Fault {
  private static func endsAt(_ seconds: Double, _ outcome: Ladder.Outcome) -> Bool {
    let end = outcome.rows.compactMap { Double($0["end_s"] ?? "") }.max() ?? 0
    return abs(end - seconds) < 0.1
  }

  private static let isOnePartialClip: @Sendable (Ladder.Outcome) -> Bool = {
    $0.rows.count == 1 && $0.rows[0]["clip"] == "0" && $0.rows[0]["status"] == "partial_clip"
  }

  private static let startsWithoutAFace: @Sendable (Ladder.Outcome) -> Bool = {
    $0.rows.first?["status"] == "no_face" && $0.rows.last?["status"] != "no_face"
  }

  /// Whether the first box is where the sound base has it: in the upright image with square pixels.
  private static let showsTheFaceWhereItIs: @Sendable (Ladder.Outcome) throws -> Bool = { outcome in
    let sound = try Ladder.sound.get()
    return ["box_x", "box_y", "box_w", "box_h"].allSatisfy { name in
      guard let found = outcome.number(name, 0), let expected = sound.number(name, 0) else { return false }
      return abs(found - expected) < 20
    }
  }
}
