import DferTensor

/// Carries a traced forward pass into ONNX, operation by operation.
///
/// Shapes of the trace are those of one sample. The first dimension of every value grows with the batch, so a shape that is
/// written down begins with -1, which ONNX fills in.
struct GraphExporter {
  private(set) var model: ONNXModel
  private let graph: Graph
  private let weights: ParameterStore
  /// Names of the nodes' results.
  private var names: [String] = []
  private var known: Set<String> = []
  private var batchName: String?

  /// - Parameters:
  ///   - inputs: names of the network's inputs, in the order in which it asked for them, with their sizes.
  ///   - outputs: what it gives.
  static func model(
    named name: String, of graph: Graph, _ weights: ParameterStore, inputs: [ONNXModel.Port],
    outputs: [(port: ONNXModel.Port, value: Value)], metadata: [String: String]
  ) -> ONNXModel {
    var exporter = GraphExporter(
      model: ONNXModel(name: name, metadata: metadata), graph: graph, weights: weights)
    exporter.run(inputs, outputs)
    return exporter.model
  }

  private mutating func run(_ inputs: [ONNXModel.Port], _ outputs: [(port: ONNXModel.Port, value: Value)]) {
    var ports = inputs[...]
    for node in graph.nodes {
      guard let operation = node.operation else {
        guard let port = ports.popFirst() else { preconditionFailure("GraphExporter: an input without a name") }
        names.append(port.name)
        continue
      }
      names.append(write(operation, node))
    }
    model.inputs = inputs
    for (port, value) in outputs {
      guard let node = value.node else { preconditionFailure("GraphExporter: \(port.name) depends on no input") }
      model.nodes.append(ONNXModel.Node(type: "Identity", inputs: [names[node]], outputs: [port.name]))
      model.outputs.append(port)
    }
  }

  // MARK: Operations

  private mutating func write(_ operation: GraphOperation, _ node: Graph.Node) -> String {
    let x = node.inputs.first.map { self.name(of: $0) } ?? ""
    let shape = node.inputs.first.map { self.shape(of: $0) } ?? []
    switch operation {
    case .linear(let weight, let bias): return linear(x, weight, bias)
    case .linearGELU(let weight, let bias): return gelu(linear(x, weight, bias))
    case .attention(let heads):
      return attention(x, name(of: node.inputs[1]), name(of: node.inputs[2]), heads: heads, width: shape[2])
    case .selfAttention(let weight, let queryBias, let valueBias, let heads):
      return selfAttention(x, weight, queryBias, valueBias, heads: heads, width: shape[2])
    case .convolution(let c): return convolution(x, c, type: "Conv")
    case .transposedConvolution(let c): return convolution(x, c, type: "ConvTranspose")
    case .layerNorm(let weight, let bias, let epsilon):
      return add(
        "LayerNormalization", [x, constant(weight), constant(bias)], ["axis": .integer(-1), "epsilon": .float(epsilon)])
    case .batchNorm(let weight, let bias, let mean, let variance, let epsilon):
      return add(
        "BatchNormalization", [x] + [weight, bias, mean, variance].map { constant($0) }, ["epsilon": .float(epsilon)])
    case .gelu: return gelu(x)
    case .relu: return add("Relu", [x])
    case .sigmoid: return add("Sigmoid", [x])
    case .softmax: return add("Softmax", [x], ["axis": .integer(-1)])
    case .logSoftmax: return add("LogSoftmax", [x], ["axis": .integer(-1)])
    case .add: return add("Add", [x, name(of: node.inputs[1])])
    case .multiply: return add("Mul", [x, name(of: node.inputs[1])])
    case .scale(let factor): return add("Mul", [x, scalar(factor)])
    case .addConstant(let table): return add("Add", [x, fresh(table)])
    case .addParameter(let parameter): return add("Add", [x, constant(parameter)])
    case .multiplyOuter:
      let channels = reshape(name(of: node.inputs[1]), [-1, shape[1], 1, 1])
      return add("Mul", [add("Mul", [x, channels]), name(of: node.inputs[2])])
    case .meanTokens(let group): return meanTokens(x, group: group, shape)
    case .meanOfChannels: return add("ReduceMean", [x], ["axes": .integers([1]), "keepdims": .integer(1)])
    case .meanPool: return add("ReduceMean", [x], ["axes": .integers([2, 3]), "keepdims": .integer(0)])
    case .maxPool(let kernel, let stride, let padding):
      return add(
        "MaxPool", [x],
        [
          "kernel_shape": .integers([kernel, kernel]), "strides": .integers([stride, stride]),
          "pads": .integers([Int](repeating: padding, count: 4)),
        ])
    case .topTwoOfThreeMean: return topTwoOfThreeMean(x, channels: shape[1])
    case .reshape(let shape): return reshape(x, [-1] + shape.dropFirst())
    case .slice(let axis, let range):
      return add("Slice", [x, integers([range.lowerBound]), integers([range.upperBound]), integers([axis])])
    case .concat(let axis): return add("Concat", node.inputs.map { name(of: $0) }, ["axis": .integer(axis)])
    case .gatherTokens(let tokens): return add("Gather", [x, integers(tokens)], ["axis": .integer(1)])
    case .broadcast(let parameter, let shape): return broadcast(constant(parameter), shape)
    case .tubelets(let tubelet, let patch): return tubelets(x, tubelet, patch, shape)
    case .images: return reshape(transpose(x, [0, 2, 1, 3, 4]), [-1] + node.shape.dropFirst())
    case .clips(let frames):
      return transpose(reshape(x, [-1, frames] + shape.dropFirst()), [0, 2, 1, 3, 4])
    case .repeatFrame(let count):
      return add("Concat", [String](repeating: x, count: count), ["axis": .integer(2)])
    case .channelShuffle(let groups):
      let cut = reshape(x, [-1, groups, shape[1] / groups] + shape.dropFirst(2))
      let axes = [0, 2, 1] + (3..<shape.count + 1)
      return reshape(transpose(cut, axes), [-1] + shape.dropFirst())
    case .upsampleNearest2x:
      return add(
        "Resize", [x, "", fresh(Tensor([1, 1, 2, 2], shape: [4]))],
        [
          "mode": .text("nearest"), "coordinate_transformation_mode": .text("asymmetric"),
          "nearest_mode": .text("floor"),
        ])
    }
  }

  /// Weights keep the name and the shape that they have in weight files.
  private mutating func linear(_ x: String, _ weight: Parameter, _ bias: Parameter?) -> String {
    let tensor = weights[weight]
    let name = constant(weight, as: [tensor.shape[0], tensor.count / tensor.shape[0]])
    let y = add("MatMul", [x, transpose(name, [1, 0])])
    guard let bias else { return y }
    return add("Add", [y, constant(bias)])
  }

  private mutating func selfAttention(
    _ x: String, _ weight: Parameter, _ queryBias: Parameter, _ valueBias: Parameter, heads: Int, width: Int
  ) -> String {
    let product = linear(x, weight, nil)
    let parts = addParts("Split", [product, integers([width, width, width])], count: 3, ["axis": .integer(-1)])
    let query = add("Add", [parts[0], constant(queryBias)])
    let value = add("Add", [parts[2], constant(valueBias)])
    return attention(query, parts[1], value, heads: heads, width: width)
  }

  private mutating func attention(_ q: String, _ k: String, _ v: String, heads: Int, width: Int) -> String {
    let columns = width / heads
    // 0 keeps the size of that dimension.
    func split(_ x: String, _ axes: [Int], _ exporter: inout GraphExporter) -> String {
      exporter.transpose(exporter.reshape(x, [0, 0, heads, columns]), axes)
    }
    let query = split(q, [0, 2, 1, 3], &self)
    let key = split(k, [0, 2, 3, 1], &self)
    let value = split(v, [0, 2, 1, 3], &self)
    let scores = add("Mul", [add("MatMul", [query, key]), scalar(1 / Float(columns).squareRoot())])
    let answer = add("MatMul", [add("Softmax", [scores], ["axis": .integer(-1)]), value])
    return reshape(transpose(answer, [0, 2, 1, 3]), [0, 0, width])
  }

  private mutating func convolution(_ x: String, _ c: GraphConvolution, type: String) -> String {
    let kernel = weights[c.weight].shape
    let inputs = [x, constant(c.weight)] + (c.bias.map { [constant($0)] } ?? [])
    let y = add(
      type, inputs,
      [
        "kernel_shape": .integers([kernel[2], kernel[3]]), "strides": .integers([c.stride, c.stride]),
        "pads": .integers([c.top, c.left, c.bottom, c.right]), "dilations": .integers([c.dilation, c.dilation]),
        "group": .integer(c.groups),
      ])
    return c.relu ? add("Relu", [y]) : y
  }

  /// The exact form, which has an operator of its own only from opset 20 on.
  private mutating func gelu(_ x: String) -> String {
    let erf = add("Erf", [add("Mul", [x, scalar(Float(0.5).squareRoot())])])
    return add("Mul", [add("Mul", [x, add("Add", [erf, scalar(1)])]), scalar(0.5)])
  }

  private mutating func meanTokens(_ x: String, group: Int, _ shape: [Int]) -> String {
    if group == shape[1] { return add("ReduceMean", [x], ["axes": .integers([1]), "keepdims": .integer(1)]) }
    let cut = reshape(x, [-1, shape[1] / group, group, shape[2]])
    return add("ReduceMean", [cut], ["axes": .integers([2]), "keepdims": .integer(0)])
  }

  /// The largest number plus the middle one, halved.
  private mutating func topTwoOfThreeMean(_ x: String, channels: Int) -> String {
    let third = channels / 3
    let parts = addParts("Split", [x, integers([third, third, third])], count: 3, ["axis": .integer(1)])
    let higher = add("Max", [parts[0], parts[1]])
    let lower = add("Min", [parts[0], parts[1]])
    let middle = add("Max", [lower, add("Min", [higher, parts[2]])])
    return add("Mul", [add("Add", [add("Max", [higher, parts[2]]), middle]), scalar(0.5)])
  }

  private mutating func tubelets(_ x: String, _ tubelet: Int, _ patch: Int, _ shape: [Int]) -> String {
    let (times, rows, columns) = (shape[2] / tubelet, shape[3] / patch, shape[4] / patch)
    let cut = reshape(x, [-1, shape[1], times, tubelet, rows, patch, columns, patch])
    let turned = transpose(cut, [0, 2, 4, 6, 1, 3, 5, 7])
    return reshape(turned, [-1, times * rows * columns, shape[1] * tubelet * patch * patch])
  }

  private mutating func broadcast(_ x: String, _ shape: [Int]) -> String {
    let batch = batchSize()
    let first = shape[0] == 1 ? batch : add("Mul", [batch, integers([shape[0]])])
    let sizes = add("Concat", [first, integers(Array(shape.dropFirst()))], ["axis": .integer(0)])
    return add("Expand", [x, sizes])
  }

  /// How many samples there are, as a list of one number.
  private mutating func batchSize() -> String {
    if let batchName { return batchName }
    guard let input = graph.nodes.firstIndex(where: { $0.operation == nil }) else {
      preconditionFailure("GraphExporter: a network without an input")
    }
    let name = add("Shape", [names[input]], ["start": .integer(0), "end": .integer(1)])
    batchName = name
    return name
  }

  // MARK: Parts

  private mutating func reshape(_ x: String, _ shape: [Int]) -> String { add("Reshape", [x, integers(shape)]) }

  private mutating func transpose(_ x: String, _ axes: [Int]) -> String {
    add("Transpose", [x], ["perm": .integers(axes)])
  }

  private mutating func add(
    _ type: String, _ inputs: [String], _ attributes: [String: ONNXModel.Attribute] = [:]
  ) -> String {
    addParts(type, inputs, count: 1, attributes)[0]
  }

  private mutating func addParts(
    _ type: String, _ inputs: [String], count: Int, _ attributes: [String: ONNXModel.Attribute]
  ) -> [String] {
    let outputs = (0..<count).map { "v\(model.nodes.count)" + (count > 1 ? ".\($0)" : "") }
    model.nodes.append(
      ONNXModel.Node(
        type: type, inputs: inputs, outputs: outputs,
        attributes: attributes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    return outputs
  }

  private mutating func name(of input: Graph.Input) -> String {
    switch input {
    case .node(let index): names[index]
    case .constant(let tensor): fresh(tensor)
    }
  }

  private func shape(of input: Graph.Input) -> [Int] {
    switch input {
    case .node(let index): graph.nodes[index].shape
    case .constant(let tensor): tensor.shape
    }
  }

  // MARK: Fixed numbers

  private mutating func constant(_ parameter: Parameter, as shape: [Int]? = nil) -> String {
    let name = weights.name(of: parameter)
    if known.insert(name).inserted {
      model.constants.append((name, .tensor(weights[parameter].reshaped(shape ?? weights[parameter].shape))))
    }
    return name
  }

  private mutating func fresh(_ tensor: Tensor) -> String {
    let name = "constant.\(model.constants.count)"
    model.constants.append((name, .tensor(tensor)))
    return name
  }

  private mutating func scalar(_ number: Float) -> String {
    let name = "number.\(number)"
    if known.insert(name).inserted { model.constants.append((name, .tensor(Tensor([number], shape: [])))) }
    return name
  }

  private mutating func integers(_ numbers: [Int]) -> String {
    let name =
      "sizes.\(numbers.count > 16 ? "\(model.constants.count)" : numbers.map(String.init).joined(separator: "."))"
    if known.insert(name).inserted { model.constants.append((name, .integers(numbers))) }
    return name
  }
}

extension ONNXModel {
  /// Carries a forward pass into ONNX.
  ///
  /// - Parameters:
  ///   - name: of the network, such as its system.
  ///   - inputs: names and sizes of what the network reads; the first size of each is the batch.
  ///   - metadata: what the file says of itself.
  ///   - forward: runs the network with one sample on a tracing tape, and names its outputs.
  package init(
    named name: String, _ weights: ParameterStore, inputs: [Port], metadata: [String: String],
    tracing forward: (inout Tape) -> [(port: Port, value: Value)]
  ) {
    var tape = Tape(tracing: weights)
    let outputs = forward(&tape)
    guard let graph = tape.graph else { preconditionFailure("ONNXModel: a tape that traces nothing") }
    self = GraphExporter.model(
      named: name, of: graph, weights, inputs: inputs, outputs: outputs, metadata: metadata)
  }
}
