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
    let normal = Kernels.perChannel(x.tensor) { ($1 - moments.mean.values[$0]) * inverse.values[$0] }
    let y = Kernels.perChannel(normal) { $1 * w.values[$0] + b.values[$0] }
    let training = isTraining
    return record(y) { dy, adjoints in
      let dweight = Kernels.channelSums(Kernels.multiply(dy, normal))
      let dbias = Kernels.channelSums(dy)
      if training {
        // dx = weight / deviation * (dy - mean(dy) - normal * mean(dy * normal))
        let count = Float(dy.count / w.count)
        let shifted = Kernels.perChannel(normal) { -($1 * dweight.values[$0] + dbias.values[$0]) / count }
        let centred = Kernels.add(dy, shifted)
        adjoints.add(Kernels.perChannel(centred) { $1 * w.values[$0] * inverse.values[$0] }, to: x)
      } else {
        adjoints.add(Kernels.perChannel(dy) { $1 * w.values[$0] * inverse.values[$0] }, to: x)
      }
      adjoints.add(dweight, to: weight)
      adjoints.add(dbias, to: bias)
    }
  }
}
