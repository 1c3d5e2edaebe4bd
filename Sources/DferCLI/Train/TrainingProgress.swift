import Dfer
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

  /// How a command ends after its training has.
  static func end(isDone: Bool, step: Int, result: String) throws {
    guard isDone else {
      Terminal.write("stopped after step \(step); use --resume to continue\n")
      throw ExitStatus.interrupted
    }
    print(result)
  }

  /// Two digits behind the point.
  static func two(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
