import DferTestSupport
import Foundation
import Testing

@Suite(.enabled(if: Ladder.script != nil && Tool.hasFFmpeg, "needs make_faults.sh in ../shared/data/faults and ffmpeg"))
struct FaultTableTests {
  @Test func everyRowOfTheLadder() throws {
    #expect(Set(Fault.table.map(\.row)).union(Fault.live.map(\.row)) == Set(1...41))
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    for (_, suite, test) in Fault.live {
      let text = try String(contentsOf: folder.appendingPathComponent(suite + ".swift"), encoding: .utf8)
      #expect(text.contains("func \(test)("), "\(suite) has no \(test)")
    }
  }

  @Test(arguments: Fault.table) func fault(_ fault: Fault) throws {
    let ladder = try Ladder()
    if let act = fault.act { return try act(ladder) }
    let input = try fault.make?(ladder) ?? ladder.input(fault.name).path
    try ladder.expect(fault, of: ladder.watch(input, fault.options))
  }
}

/// A place to try one fault: the script's files, made once, and a folder of its own.
struct Ladder: Sendable {
  struct Outcome {
    let result: Tool.Result
    let rows: [[String: String]]
    let counts: [String: Int]

    func number(_ column: String, _ row: Int) -> Double? {
      row < rows.count ? rows[row][column].flatMap(Double.init) : nil
    }
  }

  /// The outcome of the sound base, to compare others with.
  static let sound = Result {
    let ladder = try Ladder()
    return try ladder.watch(ladder.input("base.mp4").path)
  }

  static let script: URL? = {
    let file = Shared.folder.appendingPathComponent("data/faults/make_faults.sh")
    return FileManager.default.fileExists(atPath: file.path) ? file : nil
  }()

  private static let faults: ScratchFolder? = {
    guard let script, let bash = Tool.find("bash"), let folder = try? ScratchFolder() else { return nil }
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    _ = try? Tool.run(bash, [script.path, sample, folder.url.path])
    return folder
  }()

  let scratch: ScratchFolder
  private let faults: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    faults = try #require(Self.faults)
  }

  func input(_ name: String) -> URL { faults.file(name) }
  func file(_ name: String) -> String { scratch.file(name).path }

  func write(_ data: Data, _ name: String) throws -> String {
    try data.write(to: scratch.file(name))
    return file(name)
  }

  func watch(
    _ input: String, _ options: [String] = [], after: ((Process) -> Void)? = nil
  ) throws -> Outcome {
    let csv = file("out-\(UUID().uuidString).csv")
    // Fewer tubes: the network's answers do not matter here, its time does.
    let result = try Tool.run(
      Tool.dfer, ["watch", "--quiet", "--keep-tubes", "0.1", "-o", csv] + options + ["--", input], folder: scratch.url,
      after: after)
    let facts =
      try? JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: csv.dropLast(4) + ".run.json"))) as? [String: Any]
    let counts = (facts?["counts"] as? [String: Any] ?? [:]).compactMapValues { $0 as? Int }
    return Outcome(result: result, rows: rows(csv), counts: counts)
  }

  func rows(_ csv: String) -> [[String: String]] {
    var lines = ((try? String(contentsOfFile: csv, encoding: .utf8)) ?? "").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard !lines.isEmpty else { return [] }
    let header = lines.removeFirst()
    return lines.map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
  }

  func expect(_ fault: Fault, of outcome: Outcome) throws {
    let errors = outcome.result.errors
    #expect(fault.exits.contains(outcome.result.status), "exit \(outcome.result.status): \(errors)")
    for word in fault.words { #expect(errors.contains(word), "\(errors)") }
    let rows = outcome.rows
    let hasFace = rows.contains { $0["face_id"]?.isEmpty == false && $0["label"]?.isEmpty == false }
    let hasHole = rows.contains { $0["status"] == "decode_gap" }
    switch fault.rows {
    case .none:
      #expect(rows.isEmpty && errors.split(separator: "\n").count == 1, "\(errors)")
      return
    case .faces: #expect(hasFace && !hasHole)
    case .facesThenHole: #expect(hasFace && hasHole)
    case .noFace: #expect(!rows.isEmpty && rows.allSatisfy { $0["status"] == "no_face" })
    case .some: #expect(!rows.isEmpty)
    }
    expectAccountedFor(outcome)
    if let holds = fault.holds { #expect(try holds(outcome), "\(rows)") }
    if let frames = fault.frames {
      #expect(frames.contains(outcome.counts["decoded_frames"] ?? -1), "\(outcome.counts)")
    }
  }

  /// Times rise, clips leave no hole, probabilities sum to 1, and the manifest's counts add up.
  func expectAccountedFor(_ outcome: Outcome) {
    // What lies before the first frame that can be decoded, as in a stream that is cut between key frames, has no row.
    var end = outcome.rows.first.flatMap { Double($0["start_s"] ?? "") } ?? 0
    var last = 0.0
    for row in outcome.rows {
      let (from, to) = (Double(row["start_s"] ?? "") ?? -1, Double(row["end_s"] ?? "") ?? -1)
      #expect(from >= last && to > from && from <= end + 0.2, "\(row)")
      (last, end) = (from, max(end, to))
      let values = row.filter { $0.key.hasPrefix("p_") }.compactMap { Double($0.value) }
      #expect(values.isEmpty || abs(values.reduce(0, +) - 1) < 1e-4)
    }
    let counts = outcome.counts
    #expect(counts["rows"] == outcome.rows.count)
    #expect(counts["decoded_frames"] == (counts["used_frames"] ?? 0) + (counts["skipped_frames"] ?? 0))
  }
}
