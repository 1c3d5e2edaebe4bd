import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

/// `dfer train` for the systems that read single images.
struct ImageTrainSession {
  private let command: Train
  private let system: ImageSystem

  /// nil when the command is about another kind of system.
  init?(_ command: Train) {
    guard let system = ImageSystem(rawValue: command.pipeline) else { return nil }
    (self.command, self.system) = (command, system)
  }

  func run() throws {
    let start = try ImageInitialization(
      system: system, isNew: command.new != nil, set: command.set, size: command.size, stem: command.stem,
      weights: command.weights, seed: command.seed
    ).model()
    let model = try command.encoder.map { try start.starting(fromEncoder: $0) } ?? start
    let card = model.card
    func read(_ path: String, every: Int) throws -> LabelledSet {
      let set = try LabelledSet(
        path, labels: card.labels, frames: card.clip.frames, imageSize: card.imageSize, every: every,
        contours: command.drawMasks > 0
      ) {
        try FaceDetector(weights: Installation.pipeline(system.rawValue).detectorWeights.path)
      }
      for line in set.skipped { Terminal.write("dfer: \(line)\n") }
      Terminal.write("\(set.clips.count) faces of \(path)\n")
      return set
    }
    let teachers = try command.teacher.map(Teacher.init)
    var set = LabelledSet(labels: card.labels, clips: [])
    for path in command.data { set.clips += try read(path, every: command.every).clips }
    try set.hear(teachers, share: command.teacherShare)
    // After the teachers, who would name the expression of a face without votes, masked or not.
    for path in command.masks {
      set.clips += try LabelledSet.masks(path, labels: card.labels, every: command.every).clips
    }
    var validation = try command.valid.map { try read($0, every: command.validEvery) }
    if let path = command.validMasks {
      validation?.clips += try LabelledSet.masks(path, labels: card.labels).clips
    }
    set.warnOfPeople(alsoIn: validation)
    var run = try ImageTrainingRun(
      ImageTrainer(model, settings(set)), on: set, validation: validation,
      folder: URL(fileURLWithPath: command.output), resumes: command.resume)
    let interrupt = Interrupt()
    var progress = TrainingProgress(steps: command.steps, from: run.trainer.state.step)
    let isDone = try run.run { event in
      switch event {
      case .step(let report):
        progress.step(report.step, ["loss": Double(report.loss), "right": report.agreement ?? 0]) { mean in
          "loss \(TrainingProgress.two(mean("loss"))), right \(Int(100 * mean("right"))) %"
        }
      case .validated(let step, let result, let isBest):
        progress.validated(step, result.lines.first ?? "", isBest: isBest)
      }
      return !interrupt.isRaised
    }
    try TrainingProgress.end(isDone: isDone, step: run.trainer.state.step, result: run.weights)
  }

  private func settings(_ set: LabelledSet) -> ImageSettings {
    var settings = ImageSettings()
    (settings.steps, settings.batch, settings.rate) = (command.steps, command.batch, command.rate)
    (settings.warmupSteps, settings.augmentationStrength, settings.smoothing) = (command.warmup, command.strength, command.smoothing)
    (settings.seed, settings.evaluationInterval) = (command.seed, command.check)
    (settings.drawnMasks, settings.stemRate, settings.mixup) = (command.drawMasks, command.stemRate, command.mixup)
    if let weights = command.lossWeights { (settings.expressionWeight, settings.maskWeight) = (weights[0], weights[1]) }
    if command.balance { settings.classWeights = set.balancingWeights() }
    settings.data = set.description(
      of: command.data + command.masks, teachers: command.teacher, share: command.teacherShare)
    return settings
  }
}
