import Foundation

/// A learning rate that rises in a straight line to its base and then falls along half a cosine.
package struct WarmupCosine: Sendable, Hashable, Codable {
  package var base: Double
  /// Rate of the first step, when there is a warm-up.
  package var start = 0.0
  /// Where the cosine ends, one step after the last.
  package var minimum = 0.0
  package var warmupSteps: Int
  package var steps: Int

  package init(base: Double, start: Double = 0, minimum: Double = 0, warmupSteps: Int, steps: Int) {
    precondition(steps > 0 && warmupSteps >= 0, "WarmupCosine: \(warmupSteps) of \(steps) steps")
    (self.base, self.start, self.minimum) = (base, start, minimum)
    (self.warmupSteps, self.steps) = (warmupSteps, steps)
  }

  /// Rate of a step, counted from 0. The last warm-up step and the first one after it both use the base rate.
  package func rate(_ step: Int) -> Double {
    if step < warmupSteps {
      guard warmupSteps > 1 else { return base }
      return start + (base - start) * Double(step) / Double(warmupSteps - 1)
    }
    let progress = Double(step - warmupSteps) / Double(max(1, steps - warmupSteps))
    return minimum + (base - minimum) * (1 + cos(.pi * min(1, progress))) / 2
  }
}

/// A learning rate that shrinks when a watched loss stops falling (as Keras's ReduceLROnPlateau).
package struct Plateau: Sendable, Hashable, Codable {
  package private(set) var rate: Double
  package var factor = 0.1
  package var patience = 10
  /// The least that a loss must fall by to count as better.
  package var least = 1e-4
  package var minimum = 0.0
  private var best = Double.infinity
  private var waited = 0

  package init(rate: Double, factor: Double = 0.1, patience: Int = 10, least: Double = 1e-4, minimum: Double = 0) {
    precondition(0..<1 ~= factor && patience > 0, "Plateau: factor \(factor), patience \(patience)")
    (self.rate, self.factor, self.patience, self.least, self.minimum) = (rate, factor, patience, least, minimum)
  }

  /// Takes the loss of an epoch and gives the rate for the next one.
  package mutating func next(loss: Double) -> Double {
    if loss < best - least {
      (best, waited) = (loss, 0)
      return rate
    }
    waited += 1
    if waited >= patience { (rate, waited) = (max(minimum, rate * factor), 0) }
    return rate
  }
}
