import DferModels

/// What every training is told: how long, how fast, how often to look, and on what.
package protocol TrainingOptions: Sendable, Hashable, Codable {
  var steps: Int { get }
  /// Highest learning rate.
  var rate: Double { get }
  var warmupSteps: Int { get }
  /// Longer gradients are shortened to this length.
  var maxGradientNorm: Double { get }
  /// Steps between two looks at the validation data, and between two checkpoints.
  var evaluationInterval: Int { get }
}

extension TrainingOptions {
  /// The same options always give the same text. It is written into checkpoints: a run goes on only under the same.
  var json: String { CanonicalJSON.text(self) }

  /// A rise over the warm-up, then half a cosine down to a hundredth.
  var schedule: WarmupCosine {
    WarmupCosine(
      base: rate, start: rate / Double(max(1, warmupSteps)), minimum: rate / 100,
      warmupSteps: min(warmupSteps, steps), steps: steps)
  }

  /// Whether the files are written and the validation data looked at after this step.
  func isChecked(_ step: Int) -> Bool { step.isMultiple(of: evaluationInterval) || step == steps }
}
