import DferTensor

/// LANMSFF: a small convolutional network for one grey image of a face. arXiv 2403.14318; layers as in the authors'
/// code (AE-1129/LANMSFF), with the fixed channel shuffle of its later version.
///
/// Two plain blocks (1 and 3) and two of two paths with different reach (2 and 4), which MassAtt weighs; the head reads
/// all four, the first three through PWFS.
package struct LANMSFF: Sendable {
  let block1, block3: PlainBlock
  let block2, block4: TwoPathBlock
  let head: Linear
  let rate: Float

  /// - Parameters:
  ///   - dropout: behind each block, while training.
  ///   - isFolded: without batch norms, for weights that hold them already.
  package init(numLabels: Int, dropout: Float = 0.4, isFolded: Bool = false, in store: inout ParameterStore) {
    block1 = PlainBlock(1, 66, at: "block1", isFolded, in: &store)
    block2 = TwoPathBlock(66, 72, at: "block2", isFolded, in: &store)
    block3 = PlainBlock(72, 78, at: "block3", isFolded, in: &store)
    block4 = TwoPathBlock(78, 84, at: "block4", isFolded, in: &store)
    head = Linear(22 + 24 + 26 + 84, numLabels, at: "head", in: &store)
    rate = dropout
  }

  /// Images [batch, 1, height, width], 0...1 -> logits [batch, labels]. Sides are multiples of 32: block 4 halves its
  /// eighth of them twice more and must meet it again.
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> Value {
    head(features(images, &tape), &tape)
  }

  /// What the head reads, [batch, 156].
  func features(_ images: Value, _ tape: inout Tape) -> Value {
    let one = tape.dropout(block1(images, &tape), rate: rate)
    let two = tape.dropout(block2(one, &tape), rate: rate)
    let three = tape.dropout(block3(two, &tape), rate: rate)
    let four = tape.dropout(block4(three, &tape), rate: rate)
    var parts: [Value] = []
    for maps in [one, two, three] { parts.append(tape.meanPool(tape.topTwoOfThreeMean(maps))) }
    return tape.concatColumns(parts + [tape.meanPool(four)])
  }

  /// The network without batch norms, with weights that hold them.
  package static func folded(_ network: LANMSFF, _ store: ParameterStore) -> (LANMSFF, ParameterStore) {
    var bareStore = ParameterStore()
    let bare = LANMSFF(numLabels: store[network.head.weight].shape[0], isFolded: true, in: &bareStore)
    // What has no norm keeps its numbers.
    for parameter in bareStore.parameters {
      let name = bareStore.name(of: parameter)
      if let old = store.parameter(named: name) { bareStore[parameter] = store[old] }
    }
    var folding = NormFolding(store: store, folded: bareStore)
    for (unit, bareUnit) in zip(network.convolutions, bare.convolutions) { folding.fold(unit, into: bareUnit) }
    return (bare, folding.folded)
  }

  private var convolutions: [NormedConvolution] {
    block1.convolutions + block2.convolutions + block3.convolutions + block4.convolutions
  }
}

extension LANMSFF {
  /// Plain, separable, plain; then half the size. The pool comes before the last ReLU.
  struct PlainBlock: Sendable {
    let convolutions: [NormedConvolution]

    init(_ inputs: Int, _ width: Int, at path: String, _ isFolded: Bool, in store: inout ParameterStore) {
      func norm(_ name: String) -> String? { isFolded ? nil : "\(path).\(name)" }
      convolutions = [
        NormedConvolution(inputs, width, at: "\(path).conv1", norm: norm("bn1"), in: &store),
        NormedConvolution(width, width, isSeparable: true, at: "\(path).sep", norm: norm("bn2"), in: &store),
        NormedConvolution(width, width, at: "\(path).conv2", norm: norm("bn3"), in: &store),
      ]
    }

    func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
      var y = x
      for unit in convolutions.dropLast() { y = unit(y, relu: true, &tape) }
      y = convolutions[2](y, &tape)
      return tape.relu(tape.maxPool2d(y, kernel: 2, stride: 2))
    }
  }

  /// Two paths, one of them dilated, that both read both results of the step before; then MassAtt and a 1 x 1.
  struct TwoPathBlock: Sendable {
    /// high, low, high, low, high, low, and the 1 x 1 behind them.
    let convolutions: [NormedConvolution]
    let attention: MassAtt

    init(_ inputs: Int, _ width: Int, at path: String, _ isFolded: Bool, in store: inout ParameterStore) {
      var units: [NormedConvolution] = []
      for step in 1...3 {
        for (name, dilation) in [("high", 1), ("low", 2)] {
          let place = "\(path).\(name)\(step)"
          units.append(
            NormedConvolution(
              step == 1 ? inputs / 2 : width, width / 2, dilation: dilation, isSeparable: step == 2, at: place,
              norm: isFolded ? nil : "\(place)_bn", in: &store))
        }
      }
      attention = MassAtt(width, at: "\(path).att", in: &store)
      units.append(
        NormedConvolution(
          width, width, kernel: 1, at: "\(path).conv", norm: isFolded ? nil : "\(path).bn", in: &store))
      convolutions = units
    }

    func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
      let halves = tape.splitChannels(tape.channelShuffle(x, groups: 2), [x.shape[1] / 2, x.shape[1] / 2])
      var y = tape.concatChannels([
        convolutions[0](halves[0], relu: true, &tape), convolutions[1](halves[1], relu: true, &tape),
      ])
      for step in 1...2 {
        y = tape.concatChannels([
          convolutions[2 * step](y, relu: true, &tape), convolutions[2 * step + 1](y, relu: true, &tape),
        ])
      }
      y = convolutions[6](attention(y, &tape), &tape)
      return tape.relu(tape.maxPool2d(y, kernel: 2, stride: 2))
    }
  }

  /// Mass attention: a factor for each channel times a factor for each cell.
  struct MassAtt: Sendable {
    let squeeze, spread: Linear
    let shrink1, shrink2, grow1, grow2: (weight: Parameter, bias: Parameter)

    init(_ width: Int, at path: String, in store: inout ParameterStore) {
      squeeze = Linear(width, width / 4, at: "\(path).fc1", in: &store)
      spread = Linear(width / 4, width, at: "\(path).fc2", in: &store)
      func kernel(_ name: String, _ shape: [Int], outputs: Int) -> (Parameter, Parameter) {
        (store.declare("\(path).\(name).weight", shape: shape), store.declare("\(path).\(name).bias", shape: [outputs]))
      }
      shrink1 = kernel("conv1", [2, 1, 3, 3], outputs: 2)
      shrink2 = kernel("conv2", [4, 2, 3, 3], outputs: 4)
      grow1 = kernel("up1", [4, 4, 3, 3], outputs: 4)
      grow2 = kernel("up2", [4, 1, 3, 3], outputs: 1)
    }

    func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
      tape.multiplyOuter(x, channels(x, &tape), cells(x, &tape))
    }

    /// [batch, channels].
    func channels(_ x: Value, _ tape: inout Tape) -> Value {
      tape.sigmoid(spread(tape.relu(squeeze(tape.meanPool(x), &tape)), &tape))
    }

    /// [batch, 1, height, width].
    func cells(_ x: Value, _ tape: inout Tape) -> Value {
      var y = tape.meanOfChannels(x)
      for part in [shrink1, shrink2] {
        y = tape.conv2d(y, part.weight, part.bias, stride: 2, padding: .same, relu: true)
      }
      y = tape.relu(tape.convTranspose2d(y, grow1.weight, grow1.bias, stride: 2, crop: .same))
      return tape.sigmoid(tape.convTranspose2d(y, grow2.weight, grow2.bias, stride: 2, crop: .same))
    }
  }
}
