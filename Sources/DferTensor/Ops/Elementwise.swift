extension Tape {
  /// x * (1 + erf(x / sqrt 2)) / 2, the exact form.
  package mutating func gelu(_ x: Value) -> Value {
    record(Kernels.gelu(x.tensor), .gelu, from: x) { dy, adjoints in
      adjoints.add(Kernels.geluBackward(x.tensor, dy), to: x)
    }
  }

  /// The larger of x and 0.
  package mutating func relu(_ x: Value) -> Value {
    let y = Kernels.relu(x.tensor)
    return record(y, .relu, from: x) { dy, adjoints in
      adjoints.add(Kernels.reluBackward(y, dy), to: x)
    }
  }

  /// 1 / (1 + exp(-x)).
  package mutating func sigmoid(_ x: Value) -> Value {
    let y = Kernels.sigmoid(x.tensor)
    return record(y, .sigmoid, from: x) { dy, adjoints in
      let slope = Tensor(y.values.map { $0 * (1 - $0) }, shape: y.shape)
      adjoints.add(Kernels.multiply(dy, slope), to: x)
    }
  }

  /// Softmax over the last dimension.
  package mutating func softmax(_ x: Value) -> Value {
    let y = Kernels.softmax(x.tensor)
    return record(y, .softmax, from: x) { dy, adjoints in
      adjoints.add(Kernels.softmaxBackward(y, dy), to: x)
    }
  }

  /// The logarithm of softmax over the last dimension, exact where softmax itself would be too small to tell.
  package mutating func logSoftmax(_ x: Value) -> Value {
    let p = Kernels.softmax(x.tensor)
    let y = Kernels.logSoftmax(x.tensor)
    return record(y, .logSoftmax, from: x) { dy, adjoints in
      var dx = dy
      let columns = p.columns
      for start in stride(from: 0, to: dy.count, by: max(1, columns)) {
        let total = dy.values[start..<start + columns].reduce(0, +)
        for i in start..<start + columns { dx.values[i] -= p.values[i] * total }
      }
      adjoints.add(dx, to: x)
    }
  }

  /// The sum of two values of one shape.
  package mutating func add(_ a: Value, _ b: Value) -> Value {
    precondition(a.shape == b.shape, "add: shapes \(a.shape) and \(b.shape) differ")
    return record(Kernels.add(a.tensor, b.tensor), .add, from: a, b) { dy, adjoints in
      adjoints.add(dy, to: a)
      adjoints.add(dy, to: b)
    }
  }

  /// The product, number by number, of two values of one shape.
  package mutating func multiply(_ a: Value, _ b: Value) -> Value {
    precondition(a.shape == b.shape, "multiply: shapes \(a.shape) and \(b.shape) differ")
    return record(Kernels.multiply(a.tensor, b.tensor), .multiply, from: a, b) { dy, adjoints in
      adjoints.add(Kernels.multiply(dy, b.tensor), to: a)
      adjoints.add(Kernels.multiply(dy, a.tensor), to: b)
    }
  }

  /// x times one number.
  package mutating func scale(_ x: Value, by factor: Float) -> Value {
    record(Kernels.scale(x.tensor, by: factor), .scale(factor), from: x) { dy, adjoints in
      adjoints.add(Kernels.scale(dy, by: factor), to: x)
    }
  }

  /// x plus a fixed table whose shape is the end of x's, such as positions [tokens, width] onto [batch, tokens, width].
  package mutating func addConstant(_ x: Value, _ table: Tensor) -> Value {
    precondition(
      x.shape.suffix(table.shape.count).elementsEqual(table.shape),
      "addConstant: a table of shape \(table.shape) does not end the shape \(x.shape)")
    return record(Kernels.addRepeated(x.tensor, table), .addConstant(table), from: x) { dy, adjoints in
      adjoints.add(dy, to: x)
    }
  }

  /// The sum of values times factors, as of a loss with several parts. All have one shape.
  package mutating func weightedSum(_ terms: [(Float, Value)]) -> Value {
    guard let (factor, first) = terms.first else { preconditionFailure("weightedSum: nothing to add") }
    var sum = scale(first, by: factor)
    for (factor, term) in terms.dropFirst() { sum = add(sum, scale(term, by: factor)) }
    return sum
  }

  /// The product of x with a mask, or any other fixed numbers, of its shape.
  package mutating func mask(_ x: Value, _ mask: Tensor) -> Value {
    multiply(x, Value(mask))
  }

  /// While training, zeroes numbers with probability `rate` and scales the others so that the mean stays.
  package mutating func dropout(_ x: Value, rate: Float) -> Value {
    guard isTraining, rate > 0 else { return x }
    let kept = 1 / (1 - rate)
    let factors = (0..<x.tensor.count).map { _ in random.uniform() < rate ? 0 : kept }
    return mask(x, Tensor(factors, shape: x.shape))
  }

  /// While training, zeroes whole samples (first dimension) with probability `rate`: stochastic depth.
  package mutating func dropPath(_ x: Value, rate: Float) -> Value {
    guard isTraining, rate > 0, let samples = x.shape.first, samples > 0 else { return x }
    let kept = 1 / (1 - rate)
    let size = x.tensor.count / samples
    let factors = (0..<samples).flatMap { _ in
      [Float](repeating: random.uniform() < rate ? 0 : kept, count: size)
    }
    return mask(x, Tensor(factors, shape: x.shape))
  }
}
