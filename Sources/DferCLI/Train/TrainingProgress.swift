import Dfer
import DferTraining
import Foundation

/// The course of a training for people: a line that moves with each step, and lines that stay.
struct TrainingProgress {
  private let steps, first: Int
  private let start = ContinuousClock.now
  private var terminal = Terminal()
  private var means: [String: Double] = [:]

  /// - Parameters:
  ///   - steps: all of the training.
  ///   - first: steps that were taken before now.
  init(steps: Int, from first: Int) { (self.steps, self.first) = (steps, first) }

  /// Draws the line of a step. In a log it comes every 50 steps.
  ///
  /// - Parameters:
  ///   - values: what is shown as a mean over about fifty steps, by name.
  ///   - line: makes the words of the line from those means.
  mutating func step(_ step: Int, _ values: [String: Double], _ line: ((String) -> Double) -> String) {
    for (name, value) in values {
      let old = means[name] ?? value
      means[name] = old + 0.02 * (value - old)
    }
    let seconds = (ContinuousClock.now - start).inSeconds
    let left = Int(seconds / Double(max(1, step - first)) * Double(steps - step))
    let text = "step \(step) of \(steps), " + line { means[$0] ?? 0 } + ", \(left / 60) min \(left % 60) s left"
    terminal.redraw { [text] }
    if !terminal.isInteractive, step.isMultiple(of: 50) || step == steps { terminal.say(text) }
  }

  mutating func say(_ line: String) { terminal.say(line) }

  /// The first metrics on the validation data.
  mutating func validated(_ step: Int, _ metrics: String, isBest: Bool) {
    terminal.say("step \(step): \(metrics)" + (isBest ? ", kept" : ""))
  }

  /// Runs a training to its end, or until it is interrupted, and prints the path of its result.
  ///
  /// - Parameters:
  ///   - values, line: as in `step`.
  ///   - validated: lines about a validation.
  ///   - exported: a line about files that were written without one; nil for none.
  static func run<Task>(
    _ loop: inout TrainingLoop<Task>, result: String, values: (StepReport<Task.Details>) -> [String: Double],
    line: @escaping ((String) -> Double) -> String, validated: (Task.Validation) -> [String],
    exported: ([String]) -> String? = { _ in nil }
  ) throws {
    let interrupt = Interrupt()
    var progress = TrainingProgress(steps: loop.task.settings.steps, from: loop.state.step)
    let isDone = try loop.run { event in
      switch event {
      case .step(let report): progress.step(report.step, values(report), line)
      case .validated(let step, let result, let isBest):
        let lines = validated(result)
        progress.validated(step, lines.first ?? "", isBest: isBest)
        for line in lines.dropFirst() { progress.say(line) }
      case .exported(_, let files): if let line = exported(files) { progress.say(line) }
      }
      return !interrupt.isRaised
    }
    try end(isDone: isDone, step: loop.state.step, result: result)
  }

  /// How a command ends after its training has.
  private static func end(isDone: Bool, step: Int, result: String) throws {
    guard isDone else {
      Terminal.write("stopped after step \(step); use --resume to continue\n")
      throw ExitStatus.interrupted
    }
    print(result)
  }

  /// Two digits behind the point.
  static func two(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

extension Evaluation {
  /// What a training says of a validation: the whole table of a suite, else the first line.
  var headlines: [String] {
    if let suite { return suite.lines }
    return lines.first { !$0.hasPrefix(" ") }.map { [$0] } ?? []
  }
}
