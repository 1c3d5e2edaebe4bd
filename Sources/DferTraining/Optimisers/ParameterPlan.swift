import DferTensor

/// How each parameter of a model is trained: one entry for each, in the store's order.
package struct ParameterPlan: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    /// Factor on the learning rate.
    package var rate: Double
    /// Share of its own value that a step of learning rate 1 takes away.
    package var weightDecay: Double
    /// A frozen parameter never moves.
    package var isFrozen = false

    package init(rate: Double = 1, weightDecay: Double = 0, isFrozen: Bool = false) {
      (self.rate, self.weightDecay, self.isFrozen) = (rate, weightDecay, isFrozen)
    }
  }

  package private(set) var entries: [Entry]

  /// What a plan is made from.
  package struct Options: Sendable, Hashable {
    package var weightDecay = 0.05
    /// Also biases, norms and everything else of one dimension decay.
    package var decaysVectors = false
    /// Parameters that do not decay, by their whole name.
    package var withoutDecay: Set<String> = []
    /// Each encoder layer learns at this factor of the rate of the next later one; 1: all alike.
    package var layerDecay = 1.0
    /// Factors on the rate, by the start of a name; all that match are multiplied.
    package var rates: [String: Double] = [:]
    /// Starts of names of parameters that do not move.
    package var frozen: [String] = []

    package init() {}
  }

  /// One rate and one decay for every parameter.
  package init(_ store: ParameterStore, weightDecay: Double) {
    entries = store.names.map { _ in Entry(weightDecay: weightDecay) }
  }

  /// The grouping of VideoMAE's fine-tuning (MCG-NJU/VideoMAE, optim_factory): matrices decay, vectors do not, and early
  /// layers of the encoder move less.
  package init(_ store: ParameterStore, _ options: Options) {
    let depth = (store.names.compactMap(Self.block).max() ?? -1) + 1
    entries = zip(store.names, store.tensors).map { name, tensor in
      let isVector = tensor.shape.count <= 1 || name.hasSuffix(".bias")
      var rate = 1.0
      for _ in Self.layer(of: name, depth: depth)..<depth + 1 { rate *= options.layerDecay }
      for (start, factor) in options.rates where name.hasPrefix(start) { rate *= factor }
      return Entry(
        rate: rate,
        weightDecay: (isVector && !options.decaysVectors) || options.withoutDecay.contains(name)
          ? 0 : options.weightDecay,
        isFrozen: options.frozen.contains { name.hasPrefix($0) })
    }
  }

  /// 0 for what comes before the first block, i + 1 for block i, depth + 1 for all that comes behind.
  static func layer(of name: String, depth: Int) -> Int {
    if let block = block(name) { return block + 1 }
    let early = ["stem", "patch_embed", "cls_token", "mask_token", "pos_embed"]
    return early.contains { inEncoder(name).hasPrefix($0) } ? 0 : depth + 1
  }

  /// Number of the encoder block that a parameter belongs to. Decoders have blocks too, which do not count.
  private static func block(_ name: String) -> Int? {
    let parts = inEncoder(name).split(separator: ".")
    return parts.count > 1 && parts[0] == "blocks" ? Int(parts[1]) : nil
  }

  private static func inEncoder(_ name: String) -> Substring {
    name.hasPrefix("encoder.") ? name.dropFirst("encoder.".count) : name[...]
  }
}
