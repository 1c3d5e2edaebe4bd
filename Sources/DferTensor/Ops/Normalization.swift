extension Tape {
  /// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last dimension, with the biased variance.
  ///
  /// - Parameters:
  ///   - x: [..., width]; `weight` and `bias` are [width].
  package mutating func layerNorm(_ x: Value, _ weight: Parameter, _ bias: Parameter, epsilon: Float) -> Value {
    let w = parameters[weight]
    let y = Kernels.layerNorm(x.tensor, w, parameters[bias], epsilon: epsilon)
    let operation = GraphOperation.layerNorm(weight: weight, bias: bias, epsilon: epsilon)
    return record(y, operation, from: x, learning: weight, bias) { dy, adjoints in
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
  package mutating func batchNorm(
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
    let operation = GraphOperation.batchNorm(
      weight: weight, bias: bias, mean: mean, variance: variance, epsilon: epsilon)
    return record(y, operation, from: x, learning: weight, bias) { dy, adjoints in
      let sums = Kernels.centredSums(x.tensor, dy, mean: moments.mean)
      let dbias = Tensor(sums.map { Float($0.sum) }, shape: w.shape)
      let dweight = Kernels.multiply(Tensor(sums.map { Float($0.product) }, shape: w.shape), inverse)
      if training {
        // The batch's own moments move too, with n = (x - mean) * inverse: dx = slope (dy - mean(dy) - n mean(dy n)).
        let share = 1 / Float(dy.count / w.count)
        let q = w.values.indices.map { -slope.values[$0] * inverse.values[$0] * dweight.values[$0] * share }
        let offset = w.values.indices.map {
          -slope.values[$0] * dbias.values[$0] * share - q[$0] * moments.mean.values[$0]
        }
        adjoints.add(Kernels.blend(dy, slope.values, x.tensor, q, offset: offset), to: x)
      } else {
        adjoints.add(Kernels.perChannel(dy, factor: slope), to: x)
      }
      adjoints.add(dweight, to: weight)
      adjoints.add(dbias, to: bias)
    }
  }
}
