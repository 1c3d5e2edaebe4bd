extension Tape {
  /// The numbers of x under another shape of equal size.
  package mutating func reshape(_ x: Value, _ shape: [Int]) -> Value {
    record(x.tensor.reshaped(shape), .reshape(shape), from: x) { dy, adjoints in
      adjoints.add(dy.reshaped(x.shape), to: x)
    }
  }

  /// A slice of the last dimension, such as the queries of a fused projection.
  package mutating func columns(_ x: Value, _ range: Range<Int>) -> Value {
    split(
      x, axis: x.shape.count - 1, outer: x.tensor.rows, inner: 1, range, shape: x.shape.dropLast() + [range.count])
  }

  /// A slice of dimension 1, such as one branch's channels of [batch, channels, height, width] or leading tokens of
  /// [batch, tokens, width].
  package mutating func slice(_ x: Value, _ range: Range<Int>) -> Value {
    let inner = x.shape.dropFirst(2).reduce(1, *)
    return split(
      x, axis: 1, outer: x.shape[0], inner: inner, range, shape: [x.shape[0], range.count] + x.shape.dropFirst(2))
  }

  /// Consecutive slices of dimension 1 of the given sizes, which add up to all of it.
  package mutating func splitChannels(_ x: Value, _ sizes: [Int]) -> [Value] {
    precondition(sizes.reduce(0, +) == x.shape[1], "splitChannels: \(sizes) do not add up to \(x.shape)")
    var start = 0
    var parts: [Value] = []
    for size in sizes {
      parts.append(slice(x, start..<start + size))
      start += size
    }
    return parts
  }

  /// [batch, a, width] and [batch, b, width] -> [batch, a + b, width].
  package mutating func concatTokens(_ a: Value, _ b: Value) -> Value {
    concatChannels([a, b])
  }

  /// Joins along dimension 1.
  package mutating func concatChannels(_ parts: [Value]) -> Value {
    guard let first = parts.first else { preconditionFailure("concatChannels: nothing to join") }
    return join(parts, axis: 1, outer: first.shape[0])
  }

  /// Joins along the last dimension.
  package mutating func concatColumns(_ parts: [Value]) -> Value {
    guard let first = parts.first else { preconditionFailure("concatColumns: nothing to join") }
    return join(parts, axis: first.shape.count - 1, outer: first.tensor.rows)
  }

  /// The tokens of each sample that `indices` names, in that order: [batch, tokens, width] -> [batch, kept, width].
  package mutating func gatherTokens(_ x: Value, _ indices: [[Int]]) -> Value {
    let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
    let kept = indices.first?.count ?? 0
    precondition(
      indices.count == batch && indices.allSatisfy { $0.count == kept && $0.allSatisfy { 0..<tokens ~= $0 } },
      "gatherTokens: the indices do not fit \(x.shape)")
    let rows = indices.enumerated().flatMap { sample, list in list.map { sample * tokens + $0 } }
    let y = Kernels.gatherRows(x.tensor, rows, width: width, shape: [batch, kept, width])
    if graph != nil {
      precondition(Set(indices).count == 1, "gatherTokens: a traced network takes the same of each sample")
    }
    return record(y, .gatherTokens(indices.first ?? []), from: x) { dy, adjoints in
      adjoints.add(Kernels.scatterRows(dy, rows, width: width, shape: x.shape), to: x)
    }
  }

  /// A parameter repeated to fill `shape`, whose last dimensions are the parameter's: class tokens, mask tokens,
  /// learned queries.
  package mutating func broadcast(_ parameter: Parameter, _ shape: [Int]) -> Value {
    let table = parameters[parameter]
    let y = Kernels.addRepeated(Tensor(zeros: shape), table)
    return record(y, .broadcast(parameter, shape: shape), learning: parameter) { dy, adjoints in
      adjoints.add(Kernels.sumRows(dy, shape: table.shape), to: parameter)
    }
  }

  /// x plus a learned table whose numbers repeat over x, such as a position table [1, tokens, width].
  package mutating func addParameter(_ x: Value, _ parameter: Parameter) -> Value {
    let table = parameters[parameter]
    return record(Kernels.addRepeated(x.tensor, table), .addParameter(parameter), from: x, learning: parameter) {
      dy, adjoints in
      adjoints.add(dy, to: x)
      adjoints.add(Kernels.sumRows(dy, shape: table.shape), to: parameter)
    }
  }

  /// Means of `group` consecutive tokens: [batch, tokens, width] -> [batch, tokens / group, width].
  package mutating func meanTokens(_ x: Value, groupsOf group: Int) -> Value {
    let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
    precondition(group > 0 && tokens % group == 0, "meanTokens: \(tokens) tokens are not groups of \(group)")
    let y = Kernels.meanRows(x.tensor, group: group, width: width, shape: [batch, tokens / group, width])
    return record(y, .meanTokens(group: group), from: x) { dy, adjoints in
      let rows = (0..<batch * tokens).map { $0 / group }
      let spread = Kernels.gatherRows(dy, rows, width: width, shape: x.shape)
      adjoints.add(Kernels.scale(spread, by: 1 / Float(group)), to: x)
    }
  }

  /// `tubelets(of:tubelet:patch:)` for a clip whose own gradient may be wanted.
  package mutating func tubelets(_ clip: Value, tubelet: Int, patch: Int) -> Value {
    let rows = DferTensor.tubelets(of: clip.tensor, tubelet: tubelet, patch: patch)
    return record(rows, .tubelets(tubelet: tubelet, patch: patch), from: clip) { dy, adjoints in
      adjoints.add(Kernels.untubelets(dy, tubelet: tubelet, patch: patch, shape: clip.shape), to: clip)
    }
  }

  // MARK: Parts

  private mutating func split(
    _ x: Value, axis: Int, outer: Int, inner: Int, _ range: Range<Int>, shape: [Int]
  ) -> Value {
    let size = x.tensor.count / max(1, outer)
    let part = range.lowerBound * inner..<range.upperBound * inner
    precondition(range.lowerBound >= 0 && part.upperBound <= size, "slice \(range) lies outside of \(x.shape)")
    let y = Kernels.gatherPart(x.tensor, outer: outer, part, shape: shape)
    return record(y, .slice(axis: axis, range), from: x) { dy, adjoints in
      adjoints.add(Kernels.scatterPart(dy, outer: outer, part, shape: x.shape), to: x)
    }
  }

  private mutating func join(_ parts: [Value], axis: Int, outer: Int) -> Value {
    var shape = parts[0].shape
    for part in parts.dropFirst() {
      precondition(
        part.shape.count == shape.count
          && part.shape.indices.allSatisfy { $0 == axis || part.shape[$0] == shape[$0] },
        "concat: shapes \(parts.map(\.shape)) do not join along dimension \(axis)")
      shape[axis] += part.shape[axis]
    }
    let y = Kernels.concat(parts.map(\.tensor), outer: outer, shape: shape)
    if graph != nil { return note(y, .concat(axis: axis), parts, isLearned: false) }
    guard parts.contains(where: { $0.node != nil }) else { return Value(y) }
    return record(y) { dy, adjoints in
      var start = 0
      for part in parts {
        let size = part.tensor.count / max(1, outer)
        adjoints.add(Kernels.gatherPart(dy, outer: outer, start..<start + size, shape: part.shape), to: part)
        start += size
      }
    }
  }
}
