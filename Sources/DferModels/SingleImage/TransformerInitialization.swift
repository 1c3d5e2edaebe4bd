import DferTensor

/// Random numbers that transformers for single images start with.
enum TransformerInitialization {
  /// Matrices by Glorot and Bengio's uniform rule, the last one of each branch at a third of it; tokens and positions
  /// normal with deviation 0.02; a stem's kernels by He's rule; norms as the identity, heads and biases zero.
  static func fill(_ store: inout ParameterStore, random: inout RandomSource) {
    for parameter in store.parameters {
      let name = store.name(of: parameter)
      var tensor = store[parameter]
      let isNorm = name.contains("norm") || name.hasSuffix(".0.weight") && tensor.shape.count == 1
      if name.contains("token") || name.contains("pos_embed") {
        for i in tensor.values.indices { tensor.values[i] = 0.02 * random.normal() }
      } else if tensor.shape.count == 1 {
        if isNorm && name.hasSuffix("weight") { for i in tensor.values.indices { tensor.values[i] = 1 } }
      } else if !name.hasPrefix("head") {
        let inputs = tensor.count / tensor.shape[0]
        let isLast = name.hasSuffix("attn.proj.weight") || name.hasSuffix("fc2.weight")
        // Behind a ReLU half of the inputs are silent.
        let isKernel = name.contains("stem.")
        let limit = (6 / Float(isKernel ? inputs : inputs + tensor.shape[0])).squareRoot() / (isLast ? 3 : 1)
        for i in tensor.values.indices { tensor.values[i] = (2 * random.uniform() - 1) * limit }
      }
      store[parameter] = tensor
    }
  }
}
