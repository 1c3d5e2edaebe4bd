/// Operations on [batch, channels, height, width] that are not convolutions.
extension Tape {
  /// The largest number under each window; padding counts as minus infinity, an incomplete last window is dropped.
  package mutating func maxPool2d(_ x: Value, kernel: Int, stride: Int, padding: Int = 0) -> Value {
    let s = x.shape
    precondition(padding < kernel, "maxPool2d: padding \(padding) leaves windows of \(kernel) empty")
    let (y, places) = Kernels.maxPool(
      x.tensor, kernel: kernel, stride: stride, padding: padding, places: isRecording)
    let operation = GraphOperation.maxPool(kernel: kernel, stride: stride, padding: padding)
    return record(y, operation, from: x) { dy, adjoints in
      adjoints.add(Kernels.scatterRows(dy, places, width: 1, shape: s), to: x)
    }
  }

  /// The mean of each plane: [batch, channels, height, width] -> [batch, channels].
  package mutating func meanPool(_ x: Value) -> Value {
    let s = x.shape
    let cells = s[2] * s[3]
    let y = Kernels.meanRows(x.tensor, cells: cells, shape: [s[0], s[1]])
    return record(y, .meanPool, from: x) { dy, adjoints in
      let spread = dy.values.flatMap { [Float](repeating: $0 / Float(cells), count: cells) }
      adjoints.add(Tensor(spread, shape: s), to: x)
    }
  }

  /// Every cell becomes 2 x 2 equal ones.
  package mutating func upsampleNearest2x(_ x: Value) -> Value {
    let s = x.shape
    let y = Kernels.doubled(x.tensor)
    return record(y, .upsampleNearest2x, from: x) { dy, adjoints in
      adjoints.add(Kernels.halved(dy, shape: s), to: x)
    }
  }

  /// The frames of clips, one after the other: [batch, channels, frames, height, width] ->
  /// [batch * frames, channels, height, width].
  package mutating func images(_ clips: Value) -> Value {
    let s = clips.shape
    return turnPlanes(clips, .images, batch: s[0], s[1], s[2], shape: [s[0] * s[2], s[1], s[3], s[4]])
  }

  /// And back: [batch * frames, channels, height, width] -> [batch, channels, frames, height, width].
  package mutating func clips(_ images: Value, frames: Int) -> Value {
    let s = images.shape
    precondition(s[0] % frames == 0, "clips: \(s[0]) pictures are not clips of \(frames)")
    let batch = s[0] / frames
    return turnPlanes(
      images, .clips(frames: frames), batch: batch, frames, s[1], shape: [batch, s[1], frames, s[2], s[3]])
  }

  /// Clips of one frame shown `count` times: [batch, channels, 1, height, width] -> [batch, channels, count, ...].
  package mutating func repeatFrame(_ clips: Value, _ count: Int) -> Value {
    let s = clips.shape
    precondition(s[2] == 1, "repeatFrame: a clip of \(s[2]) frames")
    let planes = (0..<s[0] * s[1] * count).map { $0 / count }
    return gatherPlanes(
      clips, .repeatFrame(count), planes, cells: s[3] * s[4], shape: [s[0], s[1], count, s[3], s[4]])
  }

  /// For each sample the planes of an a x b table in the order of its transpose.
  private mutating func turnPlanes(
    _ x: Value, _ operation: GraphOperation, batch: Int, _ a: Int, _ b: Int, shape: [Int]
  ) -> Value {
    let planes = (0..<batch * a * b).map { place in
      let (sample, inside) = place.quotientAndRemainder(dividingBy: a * b)
      return sample * a * b + inside % a * b + inside / a
    }
    return gatherPlanes(x, operation, planes, cells: shape.suffix(2).reduce(1, *), shape: shape)
  }

  private mutating func gatherPlanes(
    _ x: Value, _ operation: GraphOperation, _ planes: [Int], cells: Int, shape: [Int]
  ) -> Value {
    let s = x.shape
    return record(Kernels.gatherRows(x.tensor, planes, width: cells, shape: shape), operation, from: x) {
      dy, adjoints in
      adjoints.add(Kernels.scatterRows(dy, planes, width: cells, shape: s), to: x)
    }
  }

  /// Channel j of group g goes to place j * groups + g, so that neighbours come from different groups.
  package mutating func channelShuffle(_ x: Value, groups: Int) -> Value {
    let s = x.shape
    precondition(s[1] % groups == 0, "channelShuffle: \(s[1]) channels are not \(groups) equal groups")
    let size = s[1] / groups
    let planes = (0..<s[0] * s[1]).map { place in
      let (sample, channel) = place.quotientAndRemainder(dividingBy: s[1])
      return sample * s[1] + channel % groups * size + channel / groups
    }
    return gatherPlanes(
      x, .channelShuffle(groups: groups), planes, cells: s.dropFirst(2).reduce(1, *), shape: s)
  }

  /// The pointwise feature selection of LANMSFF: of three consecutive channel groups, the mean of the two larger
  /// numbers.
  package mutating func topTwoOfThreeMean(_ x: Value) -> Value {
    var shape = x.shape
    precondition(shape[1] % 3 == 0, "topTwoOfThreeMean: \(shape[1]) channels are not three groups")
    shape[1] /= 3
    let size = shape.dropFirst().reduce(1, *)
    guard isRecording else {
      return note(
        Kernels.topTwoOfThreeMean(x.tensor, size: size, shape: shape), .topTwoOfThreeMean, [x], isLearned: false)
    }
    let values = x.tensor.values
    var y = Tensor(zeros: shape)
    var smallest = [Int](repeating: 0, count: y.count)
    for i in y.values.indices {
      let first = i / max(size, 1) * 3 * size + i % max(size, 1)
      let (a, b, c) = (values[first], values[first + size], values[first + 2 * size])
      // Of equal numbers the last one counts as the smallest.
      let loser = c <= a && c <= b ? 2 : b <= a ? 1 : 0
      smallest[i] = first + loser * size
      y.values[i] = (loser == 2 ? a + b : loser == 1 ? a + c : b + c) / 2
    }
    let losers = smallest
    return record(y, .topTwoOfThreeMean, from: x) { dy, adjoints in
      var dx = Tensor(zeros: x.shape)
      for (i, loser) in losers.enumerated() {
        let first = i / size * 3 * size + i % size
        for place in [first, first + size, first + 2 * size] where place != loser {
          dx.values[place] = dy.values[i] / 2
        }
      }
      adjoints.add(dx, to: x)
    }
  }
}
