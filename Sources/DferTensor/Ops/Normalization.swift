extension Tape {
  /// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last dimension, with the biased variance.
  ///
  /// - Parameters:
  ///   - x: [..., width]; `weight` and `bias` are [width].
  public mutating func layerNorm(_ x: Value, _ weight: Parameter, _ bias: Parameter, epsilon: Float) -> Value {
    let w = parameters[weight]
    let y = Kernels.layerNorm(x.tensor, w, parameters[bias], epsilon: epsilon)
    return record(y) { dy, adjoints in
      let d = Kernels.layerNormBackward(x.tensor, w, dy, epsilon: epsilon)
      adjoints.add(d.dx, to: x)
      adjoints.add(d.weight, to: weight)
      adjoints.add(d.bias, to: bias)
    }
  }

  /// Batch norm over everything but the channel, dimension 1 of [batch, channels] or [batch, channels, height, width].
  ///
  /// A training tape normalises by its batch (biased variance) and leaves new running statistics in `statistics`:
  /// `momentum` * new + (1 - `momentum`) * old, the variance biased as in Keras 3. Otherwise the running ones are used.
  public mutating func batchNorm(
    _ x: Value, _ weight: Parameter, _ bias: Parameter, mean: Parameter, variance: Parameter, epsilon: Float,
    momentum: Float = 0.1
  ) -> Value {
    let (w, b) = (parameters[weight], parameters[bias])
    let moments: (mean: Tensor, variance: Tensor)
    if isTraining {
      moments = Kernels.channelMoments(x.tensor)
      for (slot, fresh) in [(mean, moments.mean), (variance, moments.variance)] {
        let kept = Kernels.scale(parameters[slot], by: 1 - momentum)
        statistics.append((slot, Kernels.add(kept, Kernels.scale(fresh, by: momentum))))
      }
    } else {
      moments = (parameters[mean], parameters[variance])
    }
    let inverse = Tensor(moments.variance.values.map { 1 / ($0 + epsilon).squareRoot() }, shape: w.shape)
    let slope = Kernels.multiply(w, inverse)
    let y = Kernels.perChannel(x.tensor, shift: moments.mean, factor: slope, offset: b)
    let training = isTraining
    return record(y) { dy, adjoints in
      let normal = Kernels.perChannel(x.tensor, shift: moments.mean, factor: inverse)
      let dweight = Kernels.channelSums(Kernels.multiply(dy, normal))
      let dbias = Kernels.channelSums(dy)
      if training {
        // The batch's own moments move too: dx = slope * (dy - mean(dy) - normal * mean(dy * normal)).
        let share = -1 / Float(dy.count / w.count)
        let moved = Kernels.perChannel(
          normal, factor: Kernels.scale(dweight, by: share), offset: Kernels.scale(dbias, by: share))
        adjoints.add(Kernels.perChannel(Kernels.add(dy, moved), factor: slope), to: x)
      } else {
        adjoints.add(Kernels.perChannel(dy, factor: slope), to: x)
      }
      adjoints.add(dweight, to: weight)
      adjoints.add(dbias, to: bias)
    }
  }
}
