import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check rows against their video.",
    discussion: """
        dfer verify talk.csv talk.mp4

      Of a run with --split-every, one of its files stands for all of them.

      Checks the rows against the run manifest (hash, counts), for consistency (times, probabilities) and against the \
      video, which is decoded again. Exit codes: 0 all agrees, 3 unreadable, 4 disagreement.
      """)

  @Argument(help: "CSV file that dfer wrote, with its run manifest next to it.", completion: .csv)
  var rows: String

  @Argument(help: "The video.", completion: .file())
  var video: String

  @Flag(help: "Do not decode the video; compare its size only.")
  var fast = false

  @Flag(name: .shortAndLong, help: "Print disagreements only.")
  var quiet = false

  func run() throws {
    if let format = OutputFormat(path: rows), format != .csv {
      throw VerifyError(path: rows, reason: "dfer verify reads CSV files, and this is .\(format.rawValue)")
    }
    let run = SplitRun(part: rows)
    let path = run?.manifest ?? RunManifest.path(beside: rows)
    let manifest: RunManifest
    do { manifest = try RunManifest(contentsOf: path) } catch {
      let reason =
        switch ManifestFile.trace(of: path) {
        case .goesOn: "not there yet: its run still goes on"
        case .wasKilled: "missing: the run was killed"
        case nil: "missing, or no manifest of a run"
        }
      throw VerifyError(path: path, reason: reason)
    }
    let timeline = try self.timeline(run)
    var check = TimelineCheck()
    check.check(
      timeline.rows, rowsSha256: try SHA256.hex(ofFiles: run?.parts ?? [rows]), against: manifest)
    check.checkTimes(timeline.rows, skipped: manifest.skippedSeconds)
    check.check(FileStamp(path: video), against: manifest)
    if !fast { check.check(timeline.rows, try decode(manifest), against: manifest) }
    check.check(weights: installedWeights(manifest.pipeline), against: manifest)
    for finding in check.findings where !quiet || finding.grade == .bad {
      print(finding.grade.rawValue.padded(to: 5) + finding.text)
    }
    if !check.isGood { throw ExitStatus.finishedWithDamage }
  }

  /// Of a run that was split, all rows: only together they account for the video.
  private func timeline(_ run: SplitRun?) throws -> CSVTimeline {
    guard let run else { return try UnreadableTimeline.naming(rows) { try CSVTimeline(path: rows) } }
    if let lost = run.missing.first {
      throw VerifyError(path: lost, reason: "missing, one of the \(run.parts.count) files of this run")
    }
    return try UnreadableTimeline.naming(run.stem) { try CSVTimeline(parts: run.parts) }
  }

  private func decode(_ manifest: RunManifest) throws -> TimelineCheck.Decoded {
    let options = VideoOptions(of: manifest)
    let whole = try openVideo(video, options: options)
    let (start, end) = (manifest.options["start"].flatMap(Double.init), manifest.options["end"].flatMap(Double.init))
    let source: any VideoEvents =
      start == nil && end == nil ? whole : ExcerptSource(whole, from: max(0, start ?? 0), to: end)
    var decoded = TimelineCheck.Decoded()
    var hasBegun = false
    func begin(at time: Double) {
      if !hasBegun { decoded.start = time }
      hasBegun = true
    }
    while let event = try source.next() {
      switch event {
      case .frame(let frame):
        let time = frame.time.seconds
        begin(at: time)
        decoded.frames += 1
        // A frame is shown until the next one comes, however long it says that it lasts: only the last one's duration counts.
        decoded.end = time + (frame.duration ?? 0)
      case .gap(let gap):
        begin(at: gap.start)
        decoded.end = gap.end
      case .lost: break
      }
    }
    return decoded
  }

  private func installedWeights(_ name: String) -> [String: String] {
    guard let pipeline = try? Installation.pipeline(name) else { return [:] }
    let detector = pipeline.detectorWeights
    return Dictionary(
      [
        (pipeline.weightsFile, (try? pipeline.weightsSha256()) ?? ""),
        (detector.lastPathComponent, (try? SHA256.hex(ofFile: detector.path)) ?? ""),
      ], uniquingKeysWith: { first, _ in first })
  }
}

/// Something that `dfer verify` needs and cannot read.
struct VerifyError: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "\(path): \(reason)" }
}
