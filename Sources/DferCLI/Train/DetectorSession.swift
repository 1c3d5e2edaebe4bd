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
  func evaluate(_ data: String, every: Int, json: OutputFile?) throws {
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
    try json?.writeWhole(try encoder.encode(result))
  }

  func train(
    _ data: [String], pasting faces: [String], valid: String?, every: Int, validEvery: Int, output: String,
    resumes: Bool, settings: DetectorTraining.Settings
  ) throws {
    let detector = try detector()
    let known = try data.flatMap { try scenes($0, every: every) }
    let single = try faces.flatMap { try scenes($0, every: every) }
    let validation = try valid.map { try scenes($0, every: validEvery) }
    var settings = settings
    settings.data =
      "\(known.count) pictures of \((data + faces).map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"
    let task = try DetectorTraining(detector, settings, on: known, pasting: single, validation: validation)
    var loop = try TrainingLoop(task, folder: URL(fileURLWithPath: output), resumes: resumes)
    try TrainingProgress.run(
      &loop, result: loop.weights,
      values: {
        ["loss": Double($0.loss), "score": Double($0.score), "sides": Double($0.sides), "points": Double($0.points)]
      },
      line: { mean in
        "loss \(TrainingProgress.two(mean("loss"))): score \(TrainingProgress.two(mean("score"))), "
          + "sides \(TrainingProgress.two(mean("sides"))), points \(TrainingProgress.two(mean("points")))"
      }, validated: \.lines)
  }
}
