import DferTensor
import Foundation

/// The folder of a training: `last.safetensors` to go on from, `log.csv` with a line for each step, and `curves.svg` drawn
/// from it. All trainings keep their files alike.
package struct TrainingFolder {
  /// The result of most tasks.
  static let weights = "weights.safetensors"
  /// Files that a training may write, beside images of pre-training, which have numbers.
  private static let names = [weights, "encoder.safetensors", "log.csv", "curves.svg"]

  let url: URL
  private let log: FileHandle

  var last: String { file("last.safetensors") }
  private var logPath: String { file("log.csv") }

  /// Makes the folder when it is not there, and puts `state` where the folder's checkpoint stands when the training goes
  /// on. Nothing of an earlier training is replaced unasked.
  ///
  /// - Parameters:
  ///   - columns: header of the log.
  ///   - settings: what the training is told to do; a training goes on only under the same.
  init(
    _ url: URL, columns: String, resumes: Bool, _ state: inout TrainingState, settings: some TrainingOptions
  ) throws {
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw CheckpointError(writing: url.path, error)
    }
    func file(_ name: String) -> String { url.appendingPathComponent(name).path }
    let (last, logPath) = (file("last.safetensors"), file("log.csv"))
    if resumes {
      state = try TrainingState(resuming: last, from: state, settings: settings.json)
      try Self.cut(logPath, after: state.step)
    } else if FileManager.default.fileExists(atPath: last) {
      throw CheckpointError(path: last, reason: "a training is there already; use --resume to continue it")
    } else if let there = Self.names.first(where: { FileManager.default.fileExists(atPath: file($0)) }) {
      throw CheckpointError(path: file(there), reason: "already exists, and would be replaced; give another folder")
    }
    let isNew = !resumes || !FileManager.default.fileExists(atPath: logPath)
    if isNew { _ = FileManager.default.createFile(atPath: logPath, contents: nil) }
    guard let log = FileHandle(forWritingAtPath: logPath) else {
      throw CheckpointError(path: logPath, reasons: ["it cannot be opened for writing"], isOutput: true)
    }
    (self.url, self.log) = (url, log)
    _ = try? log.seekToEnd()
    if isNew { try append([columns]) }
  }

  /// Leaves out the steps behind the checkpoint, which a run that was killed has logged and its continuation takes again.
  private static func cut(_ log: String, after step: Int) throws {
    guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return }
    // The header has no number.
    let lines = text.split(separator: "\n").filter { line in Int(line.prefix { $0 != "," }).map { $0 <= step } ?? true }
    do {
      try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: log), options: .atomic)
    } catch { throw CheckpointError(writing: log, error) }
  }

  func file(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Adds a line to the log.
  func append(_ cells: [String]) throws {
    do { try log.write(contentsOf: Data((cells.joined(separator: ",") + "\n").utf8)) } catch {
      throw CheckpointError(writing: logPath, error)
    }
  }

  /// Writes the checkpoint, and draws the course so far.
  func save(_ state: TrainingState, settings: some TrainingOptions) throws {
    try state.save(to: last, settings: settings.json)
    try LossCurves.draw(logPath, to: file("curves.svg"))
  }
}

extension Optional {
  /// A cell of a log: empty for nil.
  var cell: String { map { "\($0)" } ?? "" }
}
