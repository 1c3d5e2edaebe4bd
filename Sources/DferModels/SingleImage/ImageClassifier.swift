import DferImage
import DferTensor
import Foundation

/// A small network for single grey images of faces: a `ConvolutionalStem`, the mean over its last maps, one linear
/// layer. Teaches larger networks (`dfer train --teacher`) and gives their stem a start (`--stem`).
///
/// Its weight files name the layers `conv1`, then for each stage `convN` and `resM.a`, `resM.b`, and `head`.
package struct ImageClassifier: Sendable {
  /// Names of the classes, in the order of the logits.
  package let labels: [String]
  /// Height and width of an image.
  package static let imageSize = 48

  private let stem: ConvolutionalStem
  private let head: Linear
  private let weights: ParameterStore
  private let widths: [Int]

  /// - Throws: `CheckpointError` when the file is not such a network.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    var widths: [Int] = []
    while let shape = file.shape(of: "conv\(widths.count + 1).weight"), shape.count == 4 { widths.append(shape[0]) }
    guard let last = widths.last, let classes = file.shape(of: "head.weight")?.first,
      let text = file.metadata["labels"], let labels = try? JSONDecoder().decode([String].self, from: Data(text.utf8)),
      labels.count == classes
    else {
      throw CheckpointError(
        path: path, reason: "not a network for single pictures: it needs conv1.weight, head.weight and labels")
    }
    var store = ParameterStore()
    stem = ConvolutionalStem(widths, channels: 1, at: "stem", in: &store)
    head = Linear(last, classes, at: "head", in: &store)
    try store.load(file, from: { .tensor(Self.name(inFile: $0)) }, ignoring: { $0.hasPrefix("golden/") })
    (self.labels, weights, self.widths) = (labels, store, widths)
  }

  /// Logits [batch, classes] of upright faces; colours count by their luma.
  package func logits(_ images: [Image]) -> Tensor {
    let size = Self.imageSize
    var values = [Float](repeating: 0, count: images.count * size * size)
    for (index, image) in images.enumerated() {
      precondition(image.width == size && image.height == size, "ImageClassifier: a picture that is not 48 x 48")
      for i in 0..<size * size {
        let luma = Luma.of(image.pixels[3 * i], image.pixels[3 * i + 1], image.pixels[3 * i + 2])
        values[index * size * size + i] = (luma / 255 - 0.5) / 0.25
      }
    }
    var tape = Tape(weights)
    let maps = stem(Value(Tensor(values, shape: [images.count, 1, size, size])), &tape)
    return head(tape.meanPool(maps), &tape).tensor
  }

  /// The weights of this network's stem for a stem of the same widths that reads RGB, normalised alike: the planes of the
  /// first layer count by their luma. nil when the widths differ.
  package func stemWeights(widths: [Int]) -> [(name: String, tensor: Tensor)]? {
    guard widths == self.widths else { return nil }
    return zip(weights.names, weights.tensors).filter { $0.0.hasPrefix("stem.") }.map { name, tensor in
      guard name == "stem.conv.weight" else { return (name, tensor) }
      let outputs = tensor.shape[0]
      let planes = (0..<outputs).flatMap { output in
        [Luma.red, Luma.green, Luma.blue].flatMap { share in
          tensor.values[output * 9..<output * 9 + 9].map { $0 * share }
        }
      }
      return (name, Tensor(planes, shape: [outputs, 3, 3, 3]))
    }
  }

  /// `stem.stages.0.a.weight` is `res1.a.weight` there.
  private static func name(inFile name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    guard parts[0] == "stem" else { return name }
    guard parts[1] == "stages", let stage = Int(parts[2]) else { return "conv1.\(parts[2])" }
    return parts[3] == "shrink" ? "conv\(stage + 2).\(parts[4])" : "res\(stage + 1).\(parts[3]).\(parts[4])"
  }
}
