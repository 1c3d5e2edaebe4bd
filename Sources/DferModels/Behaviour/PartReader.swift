import DferTensor

/// Reads eyes and movements off close-ups of the frames themselves: the network's tokens have lost where an iris lies within
/// an eye.
///
/// Both eyes are read by one small convolutional network, the eye on the right of the picture as in a mirror, so that a
/// mirrored picture gives mirrored eyes. Movements are read off eyes and mouth together with what the decoder knows.
struct PartReader: Sendable {
  private let config: BehaviourConfig
  private let eye, mouth: Tower
  private let context, eyeHidden, eyeOutput, strengthHidden, strengthOutput: Linear

  /// Widths of context and hidden layers.
  private static let (contextWidth, hiddenWidth) = (64, 128)

  /// Three convolutions that halve the part, and one vector out of what is left.
  private struct Tower: Sendable {
    let convolutions: [(weight: Parameter, bias: Parameter, padding: Int)]
    let output: Linear
    static let widths = [32, 48, 96]
    static var width: Int { widths[widths.count - 1] }

    init(_ channels: Int, at path: String, in store: inout ParameterStore) {
      var inputs = channels
      var convolutions: [(Parameter, Parameter, Int)] = []
      for (number, outputs) in Self.widths.enumerated() {
        let kernel = number == 0 ? 5 : 3
        convolutions.append(
          (
            store.declare("\(path).conv\(number).weight", shape: [outputs, inputs, kernel, kernel]),
            store.declare("\(path).conv\(number).bias", shape: [outputs]), kernel / 2
          ))
        inputs = outputs
      }
      self.convolutions = convolutions
      let side = FaceCloseUps.size >> Self.widths.count
      output = Linear(inputs * side * side, Self.width, at: "\(path).fc", in: &store)
    }

    func callAsFunction(_ parts: Value, _ tape: inout Tape) -> Value {
      var x = parts
      for layer in convolutions {
        x = tape.conv2d(x, layer.weight, layer.bias, stride: 2, padding: .all(layer.padding), relu: true)
      }
      let count = x.shape[0]
      return output.withGELU(tape.reshape(x, [count, x.tensor.count / count]), &tape)
    }
  }

  init(_ config: BehaviourConfig, in store: inout ParameterStore) {
    self.config = config
    let (frames, width) = (config.tubeletSize, Tower.width)
    eye = Tower(config.channels, at: "parts.eye", in: &store)
    mouth = Tower(config.channels, at: "parts.mouth", in: &store)
    context = Linear(config.decoderHiddenSize, Self.contextWidth * frames, at: "parts.context", in: &store)
    eyeHidden = Linear(2 * width + 6, Self.hiddenWidth, at: "heads.eyes.fc1", in: &store)
    eyeOutput = Linear(Self.hiddenWidth, 3, at: "heads.eyes.fc", in: &store)
    strengthHidden = Linear(
      2 * width + Self.contextWidth + 6, Self.hiddenWidth, at: "heads.strengths.fc1", in: &store)
    strengthOutput = Linear(Self.hiddenWidth, config.numStrengths, at: "heads.strengths.fc", in: &store)
  }

  /// - Parameters:
  ///   - images: frames, [rows * frames, channels, side, side], or one for each row.
  ///   - points: of each row's frames, [rows, frames * 136]; where to look, without a gradient.
  ///   - rotation: [rows, frames * 6]; without a gradient too.
  ///   - known: what the decoder knows, [rows, width].
  /// - Returns: eyes [rows, frames * 6] and strengths [rows, frames * strengths], as `BehaviourOutput` has them.
  func callAsFunction(
    _ images: Tensor, points: Tensor, rotation: Tensor, known: Value, _ tape: inout Tape
  ) -> (eyes: Value, strengths: Value) {
    let (rows, frames) = (points.shape[0], config.tubeletSize)
    let count = rows * frames
    let closeUps = places(images, points: points, &tape)
    let seen = eye(taken(images, closeUps.map { $0.eyes[0] } + closeUps.map { $0.eyes[1] }, &tape), &tape)
    let (left, right) = (part(seen, 0..<count, &tape), part(seen, count..<2 * count, &tape))
    let turn = rotation.reshaped([count, 6])
    let mirrored = tape.mask(Value(turn), repeated([1, -1, -1, -1, 1, 1], count))
    let left3 = eyes([left, right, Value(turn)], &tape)
    let right3 = tape.mask(eyes([right, left, mirrored], &tape), repeated([-1, 1, 1], count))
    let lips = mouth(taken(images, closeUps.map(\.mouth), &tape), &tape)
    let context = tape.reshape(context.withGELU(known, &tape), [count, Self.contextWidth])
    let all = tape.concatColumns([tape.add(left, right), lips, context, Value(turn)])
    let strengths = strengthOutput(hidden(all, strengthHidden, &tape), &tape)
    return (
      tape.reshape(tape.concatColumns([left3, right3]), [rows, frames * 6]),
      tape.reshape(strengths, [rows, frames * config.numStrengths])
    )
  }

  private func eyes(_ parts: [Value], _ tape: inout Tape) -> Value {
    eyeOutput(hidden(tape.concatColumns(parts), eyeHidden, &tape), &tape)
  }

  private func hidden(_ x: Value, _ layer: Linear, _ tape: inout Tape) -> Value {
    tape.dropout(layer.withGELU(tape.dropout(x, rate: Self.dropout), &tape), rate: Self.dropout)
  }

  /// Some rows of [rows, width].
  private func part(_ x: Value, _ range: Range<Int>, _ tape: inout Tape) -> Value {
    let whole = tape.reshape(x, [1] + x.shape)
    return tape.reshape(tape.slice(whole, range), [range.count, x.shape[1]])
  }

  private func repeated(_ signs: [Float], _ count: Int) -> Tensor {
    Tensor([[Float]](repeating: signs, count: count).flatMap { $0 }, shape: [count, signs.count])
  }

  /// Where to look in each frame. Points are learned at the same time and better known of faces that are learned from: while
  /// training, eyes and mouth are looked for a little beside them.
  private func places(_ images: Tensor, points: Tensor, _ tape: inout Tape) -> [FaceCloseUps] {
    let (rows, frames, side) = (points.shape[0], config.tubeletSize, Float(images.shape[3]))
    let size = 2 * BehaviourDecoder.pointCount
    let isEach = images.shape[0] == rows * frames
    return (0..<rows * frames).map { index in
      FaceCloseUps(
        points: Array(points.values[index * size..<(index + 1) * size]), image: isEach ? index : index / frames,
        side: side, jitter: tape.isTraining ? FaceCloseUps.Jitter(random: &tape.random) : .none)
    }
  }

  /// Close-ups; while training each a little brighter or darker, and of more or less contrast.
  private func taken(_ images: Tensor, _ parts: [CloseUp], _ tape: inout Tape) -> Value {
    let taken = tape.closeUps(images, parts, size: FaceCloseUps.size)
    guard tape.isTraining else { return taken }
    var lit = taken.tensor
    let size = lit.count / parts.count
    for number in parts.indices {
      let (gain, shift) = (1 + 0.15 * tape.random.normal(), 0.15 * tape.random.normal())
      for index in number * size..<(number + 1) * size { lit.values[index] = gain * lit.values[index] + shift }
    }
    return Value(lit)
  }

  /// Of hidden layers while training.
  private static let dropout: Float = 0.2
}
