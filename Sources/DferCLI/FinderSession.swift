import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

/// `dfer train --pipeline face-finder` and `dfer evaluate --pipeline face-finder`: pictures with all their faces instead
/// of single faces with an expression.
struct FinderSession {
  static let name = "face-finder"

  /// Weight file to start with or to measure; nil: the installed one.
  var weights: String?

  private func finder() throws -> FaceFinder {
    try FaceFinder(weights: weights ?? Installation.pipeline("mtcae-dfer").finderWeights.path)
  }

  private func scenes(_ path: String, every: Int) throws -> [FinderScene] {
    let all = try FinderScene.read(path)
    let scenes = all.enumerated().filter { $0.offset.isMultiple(of: every) }.map(\.element)
    Terminal.write("\(scenes.count) pictures of \(path)\n")
    return scenes
  }

  /// Figures by size of the faces, on the terminal and as JSON.
  func evaluate(_ data: String, every: Int, json: String?) throws {
    let (finder, scenes) = (try finder(), try scenes(data, every: every))
    var terminal = Terminal()
    let interrupt = Interrupt()
    let result = FinderEvaluation(finder, on: scenes) { done in
      terminal.redraw { ["\(done) of \(scenes.count) pictures"] }
      return !interrupt.isRaised
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    for line in result.lines { print(line) }
    guard let json else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    do { try encoder.encode(result).write(to: URL(fileURLWithPath: json), options: .atomic) } catch {
      throw CheckpointError(path: json, reason: "it cannot be written: \(error.localizedDescription)")
    }
  }

  /// Trains into a folder as `TrainingRun` does: `last.safetensors`, `weights.safetensors` and `log.csv`.
  func train(
    _ data: [String], pasting faces: [String], valid: String?, every: Int, validEvery: Int, output: String,
    resumes: Bool, settings: FinderTrainer.Settings
  ) throws {
    let folder = URL(fileURLWithPath: output)
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw CheckpointError(path: output, reason: "this folder cannot be made: \(error.localizedDescription)")
    }
    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let finder = try finder()
    let known = try data.flatMap { try scenes($0, every: every) }
    let single = try faces.flatMap { try scenes($0, every: every) }
    let validation = try valid.map { try scenes($0, every: validEvery) }
    var settings = settings
    settings.data = "\(known.count) pictures of \((data + faces).map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"
    var trainer = FinderTrainer(finder, settings)
    if resumes {
      try trainer.resume(from: file("last.safetensors"))
    } else if FileManager.default.fileExists(atPath: file("last.safetensors")) {
      throw CheckpointError(path: file("last.safetensors"), reason: "a training is there already; --resume goes on with it")
    }
    let interrupt = Interrupt()
    var terminal = Terminal()
    func check() throws {
      guard let validation else { return try trainer.write(to: file("weights.safetensors"), nil) }
      let result = FinderEvaluation(trainer.finder, on: validation)
      let isBest = trainer.best.map { result.averagePrecision > $0 } ?? true
      if isBest {
        trainer.best = result.averagePrecision
        try trainer.write(to: file("weights.safetensors"), result)
      }
      terminal.say("step \(trainer.state.step): \(result.lines[0])" + (isBest ? ", kept" : ""))
      for line in result.lines.dropFirst() { terminal.say(line) }
    }
    if trainer.state.step == 0 { try check() }
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: known, pasting: single)
      let line =
        "step \(report.step) of \(settings.steps), loss \(report.loss): score \(report.score), sides \(report.sides), "
        + "points \(report.points), \(report.cells) cells"
      terminal.redraw { [line] }
      if !terminal.isInteractive, report.step.isMultiple(of: 50) { terminal.say(line) }
      let isChecked = report.step.isMultiple(of: settings.checkEvery) || report.step == settings.steps
      if isChecked { try check() }
      if isChecked || interrupt.isRaised { try trainer.save(to: file("last.safetensors")) }
      if interrupt.isRaised {
        terminal.say("stopped after step \(report.step); --resume goes on")
        throw ExitStatus.interrupted
      }
    }
    print(file("weights.safetensors"))
  }
}
