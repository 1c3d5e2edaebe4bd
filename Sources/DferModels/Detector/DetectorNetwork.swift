import DferTensor
import Foundation

/// A convolutional network that is described, layer by layer, in its own weight file.
struct DetectorNetwork: Sendable {
  /// One entry of the file's `architecture`.
  struct Layer: Sendable, Decodable {
    enum Kind: String, Sendable, Decodable {
      /// 3x3 convolution, then ReLU.
      case conv
      /// 3x3 convolution of each channel alone, then ReLU.
      case dw
      /// 1x1 convolution, then ReLU.
      case pw
      /// 1x1 convolution.
      case lateral
      /// 1x1 convolution.
      case out
      /// `a` plus `b` at twice its size.
      case sum
    }

    var name: String
    var kind: Kind
    var input: String?
    var cin, cout, stride: Int?
    var a, b: String?
  }

  /// A layer with its parameters; inputs are numbers of earlier results, 0 being the image.
  private enum Step: Sendable {
    case convolution(Int, weight: Parameter, bias: Parameter, stride: Int, padding: Int, groups: Int, relu: Bool)
    case sum(Int, upsampled: Int)
  }

  private var steps: [Step] = []
  private var results = ["image": 0]
  private var channels = [3]

  /// Declares the layers' parameters as `<name>.weight` and `<name>.bias`.
  /// - Parameter limit: numbers that the weight file holds; more are never asked for.
  /// - Throws: what does not fit, in words.
  init(_ layers: [Layer], limit: Int, in store: inout ParameterStore) throws(DetectorFault) {
    var numbers = 0
    for layer in layers {
      guard results[layer.name] == nil else { throw DetectorFault("layer \(layer.name) appears twice") }
      switch layer.kind {
      case .sum:
        let (a, b) = (try result(layer.a, layer), try result(layer.b, layer))
        guard channels[a] == channels[b] else {
          throw DetectorFault("layer \(layer.name) adds different channel counts")
        }
        steps.append(.sum(a, upsampled: b))
        channels.append(channels[a])
      default:
        numbers += try convolution(layer, limit: limit - numbers, &store)
      }
      results[layer.name] = channels.count - 1
    }
  }

  /// Adds a layer and returns how many numbers it has.
  private mutating func convolution(
    _ layer: Layer, limit: Int, _ store: inout ParameterStore
  ) throws(DetectorFault) -> Int {
    let input = try result(layer.input, layer)
    guard let inputs = layer.cin, let outputs = layer.cout, inputs == channels[input], (1...4096).contains(outputs)
    else {
      throw DetectorFault("layer \(layer.name): cin or cout does not fit its input of \(channels[input]) channels")
    }
    let stride = layer.stride ?? 1
    guard stride == 1 || stride == 2 else { throw DetectorFault("layer \(layer.name): stride \(stride) is not 1 or 2") }
    let depthwise = layer.kind == .dw
    guard !depthwise || inputs == outputs else {
      throw DetectorFault("layer \(layer.name): dw changes the channel count")
    }
    let side = depthwise || layer.kind == .conv ? 3 : 1
    let groups = depthwise ? inputs : 1
    let numbers = outputs * (inputs / groups * side * side + 1)
    guard numbers <= limit else { throw DetectorFault("layer \(layer.name): more numbers than the file holds") }
    steps.append(
      .convolution(
        input, weight: store.declare("\(layer.name).weight", shape: [outputs, inputs / groups, side, side]),
        bias: store.declare("\(layer.name).bias", shape: [outputs]), stride: stride, padding: side / 2, groups: groups,
        relu: layer.kind != .lateral && layer.kind != .out))
    channels.append(outputs)
    return numbers
  }

  private func result(_ name: String?, _ layer: Layer) throws(DetectorFault) -> Int {
    guard let name, let result = results[name] else {
      throw DetectorFault("layer \(layer.name) reads \(name ?? "nothing"), which no layer before it makes")
    }
    return result
  }

  /// Channels that the layer of that name makes; nil when there is none.
  func channels(of name: String) -> Int? { results[name].map { channels[$0] } }

  /// Runs all layers on images [batch, 3, height, width]; height and width are multiples of 32.
  /// - Returns: the results of the named layers, each [batch, channels, height / stride, width / stride].
  func callAsFunction(_ images: Tensor, read names: [String], _ tape: inout Tape) -> [Value] {
    var values = [tape.networkInput(images)]
    for step in steps {
      switch step {
      case .convolution(let input, let weight, let bias, let stride, let padding, let groups, let relu):
        values.append(
          tape.conv2d(values[input], weight, bias, stride: stride, padding: .all(padding), groups: groups, relu: relu))
      case .sum(let a, let b):
        values.append(tape.add(values[a], tape.upsampleNearest2x(values[b])))
      }
    }
    return names.map { name in
      guard let result = results[name] else { preconditionFailure("DetectorNetwork: no layer \(name)") }
      return values[result]
    }
  }
}

/// Why a face detector's layer list was refused.
struct DetectorFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
