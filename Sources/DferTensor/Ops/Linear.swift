extension Tape {
  /// x weight^T + bias over the last dimension.
  ///
  /// - Parameters:
  ///   - x: [..., inputs].
  ///   - weight: [outputs, inputs]; more dimensions are read as [first, rest], so that a convolution over patches fits.
  ///   - bias: [outputs].
  /// - Returns: [..., outputs].
  package mutating func linear(_ x: Value, _ weight: Parameter, _ bias: Parameter?) -> Value {
    let size = parameters.shape(of: weight)
    let outputs = size[0]
    precondition(
      outputs * x.tensor.columns == size.reduce(1, *),
      "linear: \(parameters.name(of: weight)) of shape \(size) does not fit an input of shape \(x.shape)")
    multiplications += x.tensor.count * outputs
    let y = Kernels.linear(
      x.tensor, self.weight(weight), bias.map { parameters[$0] }, shape: x.shape.dropLast() + [outputs])
    let (precision, store) = (precision, parameters)
    return record(y, .linear(weight: weight, bias: bias), from: x, learning: weight, bias) { dy, adjoints in
      adjoints.add(Kernels.linearInputGradient(dy, store[weight], shape: x.shape, precision), to: x)
      adjoints.add(Kernels.linearWeightGradient(dy, x.tensor, shape: size, precision), to: weight)
      if let bias { adjoints.add(Kernels.sumRows(dy, shape: [outputs]), to: bias) }
    }
  }
  /// GELU of `linear`. Without a recording, GELU is taken while the product is still in the cache.
  package mutating func linearGELU(_ x: Value, _ weight: Parameter, _ bias: Parameter) -> Value {
    // In bf16 the fused GELU is a shorter one, which a pass that is run again for its gradients must not differ by.
    guard !wantsGradients(from: [x], learning: [weight, bias]), precision == readingPrecision else {
      return gelu(linear(x, weight, bias))
    }
    let size = parameters.shape(of: weight)
    precondition(
      size.last == x.tensor.columns,
      "linear: \(parameters.name(of: weight)) of shape \(size) does not fit an input of shape \(x.shape)")
    multiplications += x.tensor.count * size[0]
    return unrecorded(
      Kernels.linear(
        x.tensor, self.weight(weight), parameters[bias], gelu: true, shape: x.shape.dropLast() + [size[0]]),
      .linearGELU(weight: weight, bias: bias), from: x)
  }
}
