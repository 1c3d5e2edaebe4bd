import DferTensor

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), in both usual forms.
///
/// All its state is here: the count of steps and two moments for each parameter, so a checkpoint needs nothing else.
package struct AdamW: Sendable, Equatable {
  package enum Form: String, Sendable, Codable {
    /// epsilon is added to the bias-corrected root.
    case torch
    /// epsilon is added to the root as it is; the correction is part of the rate. Differs where gradients are tiny.
    case keras
  }

  package struct Options: Sendable, Hashable, Codable {
    package var form = Form.torch
    package var beta1 = 0.9
    package var beta2 = 0.999
    package var epsilon = 1e-8

    package init() {}

    /// Keras's form with its epsilon.
    package static var keras: Options {
      var options = Options()
      options.form = .keras
      options.epsilon = 1e-7
      return options
    }
  }

  package let options: Options
  package let plan: ParameterPlan
  /// Steps taken so far.
  package internal(set) var step = 0
  /// Running means of the gradients and of their squares, in the store's order.
  package internal(set) var first, second: [Tensor]

  package init(_ store: ParameterStore, _ plan: ParameterPlan, _ options: Options = Options()) {
    precondition(plan.entries.count == store.names.count, "AdamW: the plan is of another model")
    self.options = options
    self.plan = plan
    first = store.tensors.map { Tensor(zeros: $0.shape) }
    second = first
  }

  /// Moves every parameter that has a gradient. One without is left as it is, and so is its state.
  ///
  /// - Parameters:
  ///   - gradients: one for each parameter, in the store's order.
  ///   - rate: the learning rate of this step, before the plan's factors.
  package mutating func update(_ store: inout ParameterStore, _ gradients: [Tensor?], rate: Double) {
    step += 1
    var (power1, power2) = (1.0, 1.0)
    for _ in 0..<step { (power1, power2) = (power1 * options.beta1, power2 * options.beta2) }
    let (correction1, correction2) = (1 - power1, (1 - power2).squareRoot())
    for (index, parameter) in store.parameters.enumerated() {
      let entry = plan.entries[index]
      guard !entry.isFrozen, let gradient = gradients[index] else { continue }
      let rate = rate * entry.rate
      // Both forms are p -= size * m / (root(v) * scale + epsilon).
      let (size, scale) =
        switch options.form {
        case .torch: (rate / correction1, 1 / correction2)
        case .keras: (rate * correction2 / correction1, 1)
        }
      let step = AdamWStep(
        beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon, size: size, scale: scale,
        kept: 1 - rate * entry.weightDecay)
      store.update(parameter) { step.take(&$0, gradient, first: &first[index], second: &second[index]) }
    }
  }
}
