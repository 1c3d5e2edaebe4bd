import ArgumentParser
import Dfer
import DferImage
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import Foundation

/// `dfer evaluate` with several pipelines: one table of how well each reads the same faces and what it costs.
struct SideBySide {
  private let command: Evaluate

  init(_ command: Evaluate) { self.command = command }

  private struct Row: Encodable {
    let pipeline: String
    let samples: Int
    let uar, war, macroF1, calibrationError: Double
    let cost: Cost.Metrics
    let look: String
  }

  func run() throws {
    // Everything that can be wrong with a name or a file is found before anything is read.
    let pipelines = try command.pipeline.map {
      try LoadedPipeline(Installation.pipeline($0), keptTubes: 1, compute: command.runtime.choice)
    }
    let file = try command.files.open(command.files.json)
    var rows: [Row] = []
    for (path, loaded) in zip(command.pipeline, pipelines) {
      let name = loaded.pipeline.name
      let set = try command.labelledSet(for: loaded.reader)
      let reading = try command.reading(of: loaded.reader, on: set, named: name)
      let result = command.evaluation(reading, of: loaded.reader, on: set)
      guard let classes = result.selected ?? result.all else { throw TrainingError.noClips(command.faces) }
      rows.append(
        Row(
          pipeline: name, samples: classes.samples, uar: classes.uar, war: classes.war, macroF1: classes.macroF1,
          calibrationError: classes.calibration.error, cost: try Cost.measured(path), look: reading.inputMode))
    }
    print(
      "\(command.faces): \(rows[0].samples) faces, without \(command.selection.excludeLabel.joined(separator: ", "))")
    for line in Self.table(rows) { print(line) }
    try file?.writeWhole(Self.json(rows))
  }

  private static func table(_ rows: [Row]) -> [String] {
    let header = [
      "pipeline", "UAR %", "WAR %", "F1 %", "ECE", "params M", "GMACs/clip", "ms/clip", "core ms", "RSS MiB", "sees",
    ]
    func number(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }
    let cells = rows.map { row in
      [
        row.pipeline, number(100 * row.uar, 1), number(100 * row.war, 1), number(100 * row.macroF1, 1),
        number(row.calibrationError, 3), number(Double(row.cost.parameters) / 1e6, 2),
        number(Double(row.cost.multiplications) / 1e9, 2), number(row.cost.milliseconds, 1),
        number(row.cost.coreMilliseconds, 1),
        number(row.cost.residentMiB, 0), row.look,
      ]
    }
    let all = [header] + cells
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      zip(row.indices, zip(row, widths)).map { column, cell in
        let room = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 || column == row.count - 1 ? cell.0 + room : room + cell.0
      }.joined(separator: "  ")
    }
  }

  private static func json(_ rows: [Row]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // Finite numbers and names always have a JSON form.
    return (try? encoder.encode(rows)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
  }
}

/// What one pipeline costs, as JSON. A process of its own, so that its memory is its own.
struct Cost: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cost", abstract: "What reading one clip costs, as JSON.", shouldDisplay: false)

  @Argument(help: "Name of an installed pipeline, or the path of a pipeline file.")
  var pipeline: String

  @Option(help: "Threads for the arithmetic.")
  var threads: Int?

  @Option(help: "Numbers in matrix products.")
  var precision = PrecisionChoice.fp32

  struct Metrics: Codable {
    let parameters, multiplications: Int
    /// Medians of one clip's forward passes: on the clock, and of all cores together, which other work on the machine
    /// hardly disturbs.
    let milliseconds, coreMilliseconds: Double
    /// The most memory of the process.
    let residentMiB: Double
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    Compute.precision = precision.precision
    let reader = try LoadedPipeline(Installation.pipeline(pipeline)).reader
    let (side, frames) = (reader.modelInfo.imageSize, reader.modelInfo.clip.frames)
    // Different images: equal ones would be read once.
    var random = RandomSource(seed: 1)
    let clip = (0..<frames).map { _ in
      Image(
        width: side, height: side, pixels: (0..<3 * side * side).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    var (times, coreTimes): ([Double], [Double]) = ([], [])
    for round in 0..<9 {
      let (start, coreStart) = (ContinuousClock.now, clock())
      _ = try reader.read([clip])
      guard round >= 2 else { continue }
      times.append((ContinuousClock.now - start).inSeconds * 1e3)
      coreTimes.append(Double(clock() - coreStart) / Double(CLOCKS_PER_SEC) * 1e3)
    }
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = peak.flatMap { Double($0.dropFirst(6).filter(\.isNumber)) } ?? 0
    let metrics = Metrics(
      parameters: reader.modelInfo.parameters, multiplications: reader.multiplications,
      milliseconds: times.sorted()[times.count / 2], coreMilliseconds: coreTimes.sorted()[coreTimes.count / 2],
      residentMiB: kibibytes / 1024)
    print(String(decoding: try JSONEncoder().encode(metrics), as: UTF8.self))
  }

  /// Measured in another process.
  static func measured(_ pipeline: String) throws -> Metrics {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("dfer-cost-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: output) }
    let options = ["--threads", "\(Compute.threads)", "--precision", Compute.precision.rawValue]
    let child = try ChildProcess(["cost", pipeline] + options, output: output)
    child.wait()
    guard child.code == 0, let data = try? Data(contentsOf: output),
      let metrics = try? JSONDecoder().decode(Metrics.self, from: data)
    else {
      throw CheckpointError(
        path: pipeline, reason: "its cost could not be measured: the process ended with \(child.code)")
    }
    return metrics
  }
}
