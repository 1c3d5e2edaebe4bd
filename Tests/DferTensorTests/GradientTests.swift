import DferTensor
import DferTestSupport
import Testing

/// Every operation on odd sizes, its gradients against differences of its output.
struct GradientTests {
  static let cases: [OpCase] = [
    OpCase("linear", inputs: [[2, 3, 5]], parameters: [[7, 5], [7]]) { tape, x, p in tape.linear(x[0], p[0], p[1]) },
    OpCase("linear, patch weight", inputs: [[3, 12]], parameters: [[5, 3, 1, 2, 2]]) { tape, x, p in
      tape.linear(x[0], p[0], nil)
    },
    OpCase("attention", inputs: [[2, 5, 6], [2, 7, 6], [2, 7, 6]]) { tape, x, _ in
      tape.attention(x[0], x[1], x[2], heads: 3)
    },
    OpCase("self-attention", inputs: [[1, 5, 6]]) { tape, x, _ in tape.attention(x[0], x[0], x[0], heads: 2) },
    OpCase("attentionWeights", inputs: [[2, 5, 6], [2, 3, 6]]) { tape, x, _ in
      tape.attentionWeights(x[0], x[1], heads: 2)
    },
    OpCase("layerNorm", inputs: [[3, 19]], parameters: [[19], [19]]) { tape, x, p in
      tape.layerNorm(x[0], p[0], p[1], epsilon: 1e-5)
    },
    OpCase("batchNorm, training", inputs: [[3, 2, 3, 5]], parameters: [[2], [2], [2], [2]], training: true) {
      tape, x, p in
      tape.batchNorm(x[0], p[0], p[1], mean: p[2], variance: p[3], epsilon: 1e-3)
    },
    OpCase("gelu", inputs: [[41]]) { tape, x, _ in tape.gelu(x[0]) },
    OpCase("relu", inputs: [[41]], kinks: true) { tape, x, _ in tape.relu(x[0]) },
    OpCase("sigmoid", inputs: [[41]]) { tape, x, _ in tape.sigmoid(x[0]) },
    OpCase("cellVotes", inputs: [[2, 4, 6]]) { tape, x, _ in
      tape.cellVotes(
        x[0], centres: Tensor([0.25, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75], shape: [4, 2]),
        reach: 0.5)
    },
    OpCase("softmax", inputs: [[3, 19]]) { tape, x, _ in tape.softmax(x[0]) },
    OpCase("logSoftmax", inputs: [[3, 7]]) { tape, x, _ in tape.logSoftmax(x[0]) },
    OpCase("add, a value twice", inputs: [[3, 5]]) { tape, x, _ in tape.add(x[0], tape.add(x[0], x[0])) },
    OpCase("multiply", inputs: [[3, 5], [3, 5]]) { tape, x, _ in tape.multiply(x[0], x[1]) },
    OpCase("multiply, square", inputs: [[3, 5]]) { tape, x, _ in tape.multiply(x[0], x[0]) },
    OpCase("scale", inputs: [[3, 5]]) { tape, x, _ in tape.scale(x[0], by: -1.5) },
    OpCase("addConstant", inputs: [[2, 3, 5]]) { tape, x, _ in
      tape.addConstant(x[0], sineTable(positions: 3, width: 5))
    },
    OpCase("addParameter", inputs: [[2, 3, 5]], parameters: [[1, 3, 5]]) { tape, x, p in tape.addParameter(x[0], p[0])
    },
    OpCase("broadcast", inputs: [], parameters: [[1, 1, 5]]) { tape, _, p in tape.broadcast(p[0], [2, 3, 5]) },
    OpCase("weightedSum", inputs: [[3], [3], [3]]) { tape, x, _ in
      tape.weightedSum([(0.5, x[0]), (2, x[1]), (-1, x[2])])
    },
    OpCase("dropout", inputs: [[5, 7]], training: true) { tape, x, _ in tape.dropout(x[0], rate: 0.4) },
    OpCase("dropPath", inputs: [[5, 3, 2]], training: true) { tape, x, _ in tape.dropPath(x[0], rate: 0.4) },
    OpCase("pictures", inputs: [[2, 3, 2, 1, 2]]) { tape, x, _ in tape.images(x[0]) },
    OpCase("clips", inputs: [[6, 2, 1, 2]]) { tape, x, _ in tape.clips(x[0], frames: 3) },
    OpCase("repeatFrame", inputs: [[2, 3, 1, 2, 2]]) { tape, x, _ in tape.repeatFrame(x[0], 3) },
    OpCase("columns", inputs: [[2, 3, 7]]) { tape, x, _ in tape.columns(x[0], 2..<5) },
    OpCase("slice", inputs: [[2, 5, 3]]) { tape, x, _ in tape.slice(x[0], 1..<4) },
    OpCase("splitChannels", inputs: [[2, 5, 3, 1]]) { tape, x, _ in
      let parts = tape.splitChannels(x[0], [2, 3])
      return tape.concatChannels([parts[1], parts[0], parts[1]])
    },
    OpCase("gatherTokens, one twice", inputs: [[2, 5, 3]]) { tape, x, _ in
      tape.gatherTokens(x[0], [[4, 0, 0], [1, 2, 4]])
    },
    OpCase("concatTokens", inputs: [[2, 3, 5], [2, 1, 5]]) { tape, x, _ in tape.concatTokens(x[0], x[1]) },
    OpCase("concatColumns", inputs: [[2, 3, 5], [2, 3, 2]]) { tape, x, _ in tape.concatColumns([x[0], x[1]]) },
    OpCase("meanTokens", inputs: [[2, 6, 5]]) { tape, x, _ in tape.meanTokens(x[0], groupsOf: 3) },
    OpCase("reshape", inputs: [[2, 6]]) { tape, x, _ in tape.reshape(x[0], [3, 4]) },
    OpCase("tubelets", inputs: [[2, 3, 4, 6, 3]]) { tape, x, _ in tape.tubelets(x[0], tubelet: 2, patch: 3) },
    OpCase("conv2d", inputs: [[2, 3, 7, 5]], parameters: [[5, 3, 3, 3], [5]]) { tape, x, p in
      tape.conv2d(x[0], p[0], p[1], stride: 2, padding: .same)
    },
    OpCase("conv2d, groups and dilation", inputs: [[2, 4, 7, 5]], parameters: [[6, 2, 3, 3], [6]]) { tape, x, p in
      tape.conv2d(x[0], p[0], p[1], padding: .all(2), dilation: 2, groups: 2)
    },
    OpCase("conv2d, depthwise", inputs: [[2, 3, 7, 5]], parameters: [[3, 1, 3, 3], [3]]) { tape, x, p in
      tape.conv2d(x[0], p[0], p[1], stride: 2, padding: .all(1), groups: 3)
    },
    OpCase("convTranspose2d", inputs: [[2, 3, 4, 3]], parameters: [[3, 2, 3, 3], [2]]) { tape, x, p in
      tape.convTranspose2d(x[0], p[0], p[1], stride: 2, crop: .same)
    },
    OpCase("maxPool2d", inputs: [[1, 2, 7, 5]], kinks: true) { tape, x, _ in
      tape.maxPool2d(x[0], kernel: 3, stride: 2, padding: 1)
    },
    OpCase("meanPool", inputs: [[2, 3, 5, 3]]) { tape, x, _ in tape.meanPool(x[0]) },
    OpCase("meanOfChannels", inputs: [[2, 3, 5, 3]]) { tape, x, _ in tape.meanOfChannels(x[0]) },
    OpCase("multiplyOuter", inputs: [[2, 3, 4, 5], [2, 3], [2, 1, 4, 5]]) { tape, x, _ in
      tape.multiplyOuter(x[0], x[1], x[2])
    },
    OpCase("upsampleNearest2x", inputs: [[2, 3, 3, 5]]) { tape, x, _ in tape.upsampleNearest2x(x[0]) },
    OpCase("channelShuffle", inputs: [[2, 6, 3, 1]]) { tape, x, _ in tape.channelShuffle(x[0], groups: 3) },
    OpCase("topTwoOfThreeMean", inputs: [[2, 9, 3, 1]], kinks: true) { tape, x, _ in tape.topTwoOfThreeMean(x[0]) },
    OpCase("crossEntropy", inputs: [[4, 5]]) { tape, x, _ in
      tape.crossEntropy(x[0], labels: [0, 4, -1, 2], smoothing: 0.2, classWeights: [1, 2, 0.5, 1, 3])
    },
    OpCase("binaryCrossEntropy", inputs: [[3, 4]]) { tape, x, _ in
      let targets = Tensor([0, 1, 1, 0, 0.3, 1, 0, 0, 1, 1, 0, 0], shape: [3, 4])
      return tape.binaryCrossEntropy(x[0], targets: targets)
    },
    OpCase("meanSquared", inputs: [[3, 5], [3, 5]]) { tape, x, _ in tape.meanSquared(x[0], x[1]) },
    OpCase("smoothL1", inputs: [[3, 5], [3, 5]]) { tape, x, _ in tape.smoothL1(x[0], x[1], beta: 0.7) },
    OpCase("block", inputs: [[1, 5, 6]], parameters: [[6], [6], [18, 6], [18], [6, 6], [6]]) { tape, x, p in
      let qkv = tape.linear(tape.layerNorm(x[0], p[0], p[1], epsilon: 1e-6), p[2], p[3])
      let mixed = tape.attention(
        tape.columns(qkv, 0..<6), tape.columns(qkv, 6..<12), tape.columns(qkv, 12..<18), heads: 2)
      return tape.add(x[0], tape.gelu(tape.linear(mixed, p[4], p[5])))
    },
  ]

  @Test(arguments: cases)
  func matchesDifferences(of op: OpCase) {
    let error = op.worstError()
    #expect(error < 1e-2, "\(op.name): relative error \(error)")
  }

  @Test func nothingFlowsIntoFixedValues() {
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [2, 3])
    var tape = Tape(store, recording: true)
    let fixed = Value(Tensor([1, 2, 3], shape: [1, 3]))
    #expect(tape.gelu(fixed).node == nil)
    let y = tape.linear(fixed, weight, nil)
    let loss = tape.meanSquared(y, Value(Tensor([1, 1], shape: [1, 2])))
    let gradients = tape.gradients(of: loss, inputs: [fixed])
    #expect(gradients.inputs == [nil])
    #expect(gradients.parameters[0]?.values == [-1, -2, -3, -1, -2, -3])
  }

  @Test func withoutRecordingNothingIsKept() {
    var tape = Tape(ParameterStore())
    #expect(tape.input(Tensor(zeros: [1])).node == nil)
  }
}
