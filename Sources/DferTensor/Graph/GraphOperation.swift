/// What an operation of a forward pass does, with everything but its inputs. Weights are named by their parameter.
///
/// A tracing tape notes one for each operation, so that a network, which is written once as a forward pass, can be
/// carried into another format without being written again.
package enum GraphOperation: Sendable {
  // Products
  case linear(weight: Parameter, bias: Parameter?)
  /// GELU of a linear layer.
  case linearGELU(weight: Parameter, bias: Parameter)
  /// Inputs: queries, keys, values.
  case attention(heads: Int)
  case selfAttention(weight: Parameter, queryBias: Parameter, valueBias: Parameter, heads: Int)
  case convolution(GraphConvolution)
  case transposedConvolution(GraphConvolution)

  // Norms
  case layerNorm(weight: Parameter, bias: Parameter, epsilon: Float)
  case batchNorm(weight: Parameter, bias: Parameter, mean: Parameter, variance: Parameter, epsilon: Float)

  // Number by number
  case gelu, relu, sigmoid, softmax, logSoftmax
  case add, multiply
  case scale(Float)
  case addConstant(Tensor)
  case addParameter(Parameter)
  /// A factor for each channel and one for each cell: inputs are maps, channels, cells.
  case multiplyOuter

  // Means and maxima
  case meanTokens(group: Int)
  case meanOfChannels
  case meanPool
  case maxPool(kernel: Int, stride: Int, padding: Int)
  case topTwoOfThreeMean

  // Places
  /// The first dimension of the shape grows with the batch.
  case reshape([Int])
  case slice(axis: Int, Range<Int>)
  case concat(axis: Int)
  /// The same tokens of each sample.
  case gatherTokens([Int])
  /// The first dimension of the shape grows with the batch.
  case broadcast(Parameter, shape: [Int])
  case tubelets(tubelet: Int, patch: Int)
  case images
  case clips(frames: Int)
  case repeatFrame(Int)
  case channelShuffle(groups: Int)
  case upsampleNearest2x
}

/// A forward pass as a list of operations, in the order in which they were carried out with one sample.
package struct Graph: Sendable {
  /// What an operation reads.
  package enum Input: Sendable {
    /// The result of the operation of this number.
    case node(Int)
    /// Fixed numbers. Of a sum, their first dimension may be 1.
    case constant(Tensor)
  }

  package struct Node: Sendable {
    /// nil: an input of the network.
    package let operation: GraphOperation?
    package let inputs: [Input]
    /// With one sample.
    package let shape: [Int]
  }

  package private(set) var nodes: [Node] = []

  mutating func add(_ operation: GraphOperation?, _ inputs: [Value], shape: [Int]) -> Int {
    let inputs = inputs.map { value in value.node.map(Input.node) ?? .constant(value.tensor) }
    nodes.append(Node(operation: operation, inputs: inputs, shape: shape))
    return nodes.count - 1
  }
}
