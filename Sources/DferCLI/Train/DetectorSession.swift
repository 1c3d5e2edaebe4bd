import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import Foundation

/// `dfer train detector` and `dfer evaluate --pipeline face-finder`: images with all their faces instead of single faces
/// with an expression.
struct DetectorSession {
  static let name = "face-finder"

  /// Weight file to start with or to measure; nil: the installed one.
  var weights: String?

  private func detector() throws -> FaceDetector {
    try FaceDetector(weights: weights ?? Installation.pipeline("mtcae-dfer").detectorWeights.path)
  }

  private func scenes(_ path: String, every: Int) throws -> [DetectorScene] {
    let all = try DetectorScene.read(path)
    let scenes = all.enumerated().filter { $0.offset.isMultiple(of: every) }.map(\.element)
    Terminal.write("\(scenes.count) images of \(path)\n")
    return scenes
  }

  /// Metrics by size of the faces, on the terminal and as JSON.
  func evaluate(_ data: String, every: Int, json: String?) throws {
    let file = try json.map { try OutputFile($0, overwrite: true, kind: .whole) }
    let (detector, scenes) = (try detector(), try scenes(data, every: every))
    var terminal = Terminal()
    let interrupt = Interrupt()
    let result = DetectorEvaluation(detector, on: scenes) { done in
      terminal.redraw { ["\(done) of \(scenes.count) images"] }
      return !interrupt.isRaised
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    for line in result.lines { print(line) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try file?.writeWhole(try encoder.encode(result))
  }

  func train(
    _ data: [String], pasting faces: [String], valid: String?, every: Int, validEvery: Int, output: String,
    resumes: Bool, settings: DetectorTrainer.Settings
  ) throws {
    let detector = try detector()
    let known = try data.flatMap { try scenes($0, every: every) }
    let single = try faces.flatMap { try scenes($0, every: every) }
    let validation = try valid.map { try scenes($0, every: validEvery) }
    var settings = settings
    settings.data = "\(known.count) pictures of \((data + faces).map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"
    var run = try DetectorTrainingRun(
      DetectorTrainer(detector, settings), on: known, pasting: single, validation: validation,
      folder: URL(fileURLWithPath: output), resumes: resumes)
    let interrupt = Interrupt()
    var progress = TrainingProgress(steps: settings.steps, from: run.trainer.state.step)
    let isDone = try run.run { event in
      switch event {
      case .step(let report):
        let values = [
          "loss": Double(report.loss), "score": Double(report.score), "sides": Double(report.sides),
          "points": Double(report.points),
        ]
        progress.step(report.step, values) { mean in
          "loss \(TrainingProgress.two(mean("loss"))): score \(TrainingProgress.two(mean("score"))), "
            + "sides \(TrainingProgress.two(mean("sides"))), points \(TrainingProgress.two(mean("points")))"
        }
      case .validated(let step, let result, let isBest):
        progress.validated(step, result.lines[0], isBest: isBest)
        for line in result.lines.dropFirst() { progress.say(line) }
      }
      return !interrupt.isRaised
    }
    try TrainingProgress.end(isDone: isDone, step: run.trainer.state.step, result: run.weights)
  }
}
