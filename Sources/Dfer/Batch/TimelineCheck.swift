import DferTimeline

/// Checks that a CSV timeline, its manifest and its video belong together and account for each other.
package struct TimelineCheck: Sendable {
  package struct Finding: Sendable, Hashable {
    package enum Grade: String, Sendable { case good, note, bad }
    package let grade: Grade
    package let text: String
  }

  /// What decoding the video again gave.
  package struct Decoded: Sendable, Hashable {
    package var frames = 0
    /// Seconds from the container's start: first frame, and end of the last.
    package var start = 0.0
    package var end = 0.0

    package init() {}
  }

  package private(set) var findings: [Finding] = []

  package init() {}

  package var isGood: Bool { !findings.contains { $0.grade == .bad } }

  /// The rows against themselves: times rise and leave no hole, probabilities sum to 1.
  ///
  /// - Parameter skipped: seconds between clips that have no rows, because they were asked for so rarely.
  package mutating func checkTimes(_ rows: [ClipResult], skipped: Double = 0) {
    var end = rows.first?.startSeconds ?? 0
    var (hole, backwards, sums) = (0, 0, 0)
    for (row, previous) in zip(rows, [rows.first].compactMap { $0 } + rows) {
      if row.startSeconds < previous.startSeconds || row.endSeconds <= row.startSeconds { backwards += 1 }
      // A frame's length of slack: stretches begin and end with frames.
      if row.startSeconds > end + skipped + 0.1 { hole += 1 }
      end = max(end, row.endSeconds)
      if !row.probabilities.isEmpty, abs(row.probabilities.reduce(0, +) - 1) > 1e-3 { sums += 1 }
    }
    judge(backwards == 0, "times rise", "\(backwards) rows start before the row above, or end before they start")
    judge(hole == 0, "no gap between rows", "\(hole) rows start after a time without any row")
    judge(sums == 0, "probabilities sum to 1", "the probabilities of \(sums) rows do not sum to 1")
  }

  /// The rows against the manifest's counts and hash.
  package mutating func check(_ rows: [ClipResult], rowsSha256: String, against manifest: RunManifest) {
    if let recorded = manifest.rowsSha256 {
      judge(
        recorded == rowsSha256, "rows are as they were written",
        "the rows have changed since they were written (SHA-256)")
    } else {
      add(.note, "the manifest holds no hash of the rows")
    }
    if let schema = manifest.schema, schema > RowLayout.contract {
      add(.bad, "the manifest is of a newer dfer (schema \(schema); this one knows \(RowLayout.contract))")
    }
    let counts = manifest.counts
    var byStatus: [String: Int] = [:]
    for row in rows { byStatus[row.status.rawValue, default: 0] += 1 }
    judge(rows.count == counts.rows, "\(rows.count) rows", "\(rows.count) rows, but the manifest counts \(counts.rows)")
    judge(
      byStatus == counts.rowsByStatus, "rows by status agree",
      "rows by status are \(Self.list(byStatus)), but the manifest counts \(Self.list(counts.rowsByStatus))"
    )
    judge(
      counts.reconcile, "frame counts add up",
      "\(counts.decodedFrames) frames decoded, but \(counts.usedFrames) used and \(counts.skippedFrames) not needed")
    switch manifest.outcome {
    case .complete: break
    case .damaged:
      add(
        .note,
        "the video was damaged: \(counts.damageText)")
    case .interrupted, .outputFailed, .failed: add(.bad, "the run ended early (\(manifest.outcome.rawValue))")
    }
  }

  /// The video file against the one that was read. A copy has a new time, so only the size is proof.
  package mutating func check(_ stamp: FileStamp?, against manifest: RunManifest) {
    guard let stamp, let size = manifest.input["byte_size"].flatMap({ Int64($0) }) else {
      add(.note, "the size of the video is not known")
      return
    }
    judge(
      size == stamp.byteSize, "the video has \(size) bytes",
      "the video has \(stamp.byteSize) bytes; the one that was read had \(size)")
    if let recorded = FileStamp(manifest.input), size == stamp.byteSize, !recorded.matches(stamp) {
      add(.note, "the video has the same size but another modification time: a copy, or changed in place")
    }
  }

  /// The rows against the video decoded again.
  package mutating func check(_ rows: [ClipResult], _ decoded: Decoded, against manifest: RunManifest) {
    let count = manifest.counts.decodedFrames
    // A rehearsal of a live source leaves frames out where it is too slow.
    let dropped = manifest.counts.droppedFrames
    judge(
      decoded.frames == count + dropped, "\(count) frames" + (dropped > 0 ? " and \(dropped) that were dropped" : ""),
      "the video has \(decoded.frames) frames; \(count) were read"
        + (dropped > 0 ? " and \(dropped) dropped" : ""))
    let start = rows.map(\.startSeconds).min() ?? 0
    let end = rows.map(\.endSeconds).max() ?? 0
    // Half a frame of slack, so that a missing frame shows.
    let frame = (decoded.end - decoded.start) / Double(max(1, decoded.frames))
    let skipped = manifest.skippedSeconds
    if skipped > 0 {
      add(
        .note,
        "clips of \(manifest.clipSeconds) s every \(manifest.hopSeconds) s: the time between them has no rows, as asked for"
      )
    }
    judge(
      start <= decoded.start + frame / 2 && end >= decoded.end - frame / 2 - skipped,
      skipped > 0
        ? "rows cover the video but for the time between clips"
        : manifest.options["start"] ?? manifest.options["end"] == nil
          ? "rows cover the whole video" : "rows cover the part of the video that was asked for",
      "rows cover \(start) to \(end) s of a video from \(decoded.start) to \(decoded.end) s")
  }

  /// The weights that are installed against those that were used: `installed` maps file names to SHA-256.
  package mutating func check(weights installed: [String: String], against manifest: RunManifest) {
    for weights in [manifest.weights, manifest.detector] {
      switch installed[weights.file] {
      case weights.sha256: add(.good, "\(weights.file) is installed as it was used")
      case nil: add(.note, "\(weights.file) is not installed here; \(weights.sha256.prefix(12)) was used")
      default:
        add(.note, "\(weights.file) is installed in another version than was used (\(weights.sha256.prefix(12)))")
      }
    }
  }

  private static func list(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  private mutating func judge(_ ok: Bool, _ good: String, _ bad: String) { ok ? add(.good, good) : add(.bad, bad) }

  private mutating func add(_ grade: Finding.Grade, _ text: String) {
    findings.append(Finding(grade: grade, text: text))
  }
}
