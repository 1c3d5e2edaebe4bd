import DferTimeline
import Foundation

/// Reads the sample with this same program and says how fast that was, and what the time went into.
struct SpeedCheck {
  /// Seconds of video in a second of time; and the stages' parts of it, largest first.
  var factor: Double
  var stages: [(name: String, fraction: Double)]

  static func run() throws -> SpeedCheck {
    let sample = try SampleVideo.find()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dfer-doctor-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (rows, errors) = (folder.appendingPathComponent("rows.csv"), folder.appendingPathComponent("errors.txt"))
    let child = try ChildProcess(
      ["watch", "--config", "none", "--quiet", "--output", rows.path, "--", sample], errors: errors)
    let started = ContinuousClock.now
    child.wait()
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    guard child.code == 0 else {
      let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
      throw Failed(code: child.code, said: said.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    let manifest = try RunManifest(contentsOf: RunManifest.path(beside: rows.path))
    let duration = manifest.input["duration_s"].flatMap { Double($0) } ?? 12
    // Whoever waits for the model would count its time twice.
    let stages = manifest.stageSeconds.filter { $0.key != "waiting" }
    let sum = stages.values.reduce(0, +)
    let sorted = stages.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return SpeedCheck(
      factor: duration / max(seconds, 0.001), stages: sorted.map { ($0.key, sum > 0 ? $0.value / sum : 0) })
  }

  /// As a finding, with the likeliest reasons when it is slow.
  func finding(among others: [Finding]) -> Finding {
    let parts = stages.prefix(3).map { "\($0.name) \(Int(($0.fraction * 100).rounded())) %" }.joined(separator: ", ")
    let words = "\(oneDecimal(factor)) times real time with one face of 640x480 video (\(parts))"
    guard factor < 2 else { return .ok("speed", words) }
    var reasons = others.filter { $0.state == .slow }.map { "\($0.what): \($0.words)" }
    if Self.isDebugBuild { reasons.append("this is a debug build: use swift build -c release") }
    if reasons.isEmpty {
      reasons.append("the processor is slow: --pipeline emotic-mae or a longer --hop asks less of it")
    }
    return .slow("speed", words, reasons.joined(separator: "; "))
  }

  private static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  struct Failed: Error, CustomStringConvertible {
    var code: Int
    var said: String
    var description: String { said.isEmpty ? "dfer watch ended with exit code \(code)" : said }
  }
}
