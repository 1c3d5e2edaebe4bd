import DferImage
import DferTensor
import DferTracking
import Foundation

/// Finds all faces of an image. Free to copy and to use from many threads.
package struct FaceDetector: FaceDetecting {
  /// Scores at or below this are no faces, unless `find` is given another threshold.
  package let threshold: Float
  private let overlapLimit: Double
  private let network: DetectorNetwork
  package var weights: ParameterStore
  /// What the weight file says of itself: layers, outputs, threshold, and how it was made.
  package var metadata: [String: String]
  /// Of the weights.
  package var version: String { metadata["version"] ?? "" }
  /// What the weight file calls itself.
  package var name: String { metadata["model"] ?? "" }
  /// Licence of the weights, or what they learned from when the file states none.
  package var licence: String { metadata["licence"] ?? metadata["data"] ?? "" }
  /// Names of the layers that answer, and how many pixels one of their cells covers.
  package let outputs: [(name: String, stride: Int)]

  /// Numbers for one cell: score, four sides, five points, mask.
  private static let predictions = 16
  /// The image's sides are padded to multiples of this.
  private static let multiple = 32

  /// Opens a weight file that describes its own layers.
  /// - Throws: `CheckpointError` with what is missing or does not fit.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    let keys = ["architecture", "outputs", "strides", "score_threshold", "nms_iou"]
    let missing = keys.filter { file.metadata[$0] == nil }
    guard missing.isEmpty else {
      throw CheckpointError(
        path: path, reason: "not a face finder's weight file: its metadata lacks \(missing.joined(separator: ", "))")
    }
    func json<T: Decodable>(_ key: String, _ type: T.Type = T.self) throws -> T {
      do {
        return try JSONDecoder().decode(type, from: Data((file.metadata[key] ?? "").utf8))
      } catch {
        throw CheckpointError(path: path, reason: "metadata \(key): \(ModelCard.explain(error))")
      }
    }
    let (names, strides): ([String], [Int]) = (try json("outputs"), try json("strides"))
    guard names.count == strides.count, strides.allSatisfy({ [4, 8, 16, 32].contains($0) }) else {
      throw CheckpointError(path: path, reason: "metadata outputs and strides do not fit together")
    }
    (threshold, overlapLimit) = (try json("score_threshold"), try json("nms_iou"))
    var store = ParameterStore()
    do {
      network = try DetectorNetwork(json("architecture"), limit: file.count, in: &store)
    } catch let fault as DetectorFault {
      throw CheckpointError(path: path, reason: "metadata architecture: \(fault.reason)")
    }
    for name in names where network.channels(of: name) != Self.predictions {
      throw CheckpointError(
        path: path, reason: "metadata outputs: \(name) is not a layer of \(Self.predictions) channels")
    }
    try store.load(file)
    store.keepPrepared()
    (weights, metadata) = (store, file.metadata)
    outputs = Array(zip(names, strides))
  }

  /// The faces of `image`, best first, in its pixels.
  ///
  /// Scale the image first: at a long side of 320 pixels, faces from about 20 pixels up are found.
  /// - Parameter threshold: overrides the file's own, 0...1.
  package func detect(_ image: Image, threshold: Float? = nil) -> [FaceDetection] {
    guard image.width > 0, image.height > 0 else { return [] }
    let threshold = threshold ?? self.threshold
    var found: [FaceDetection] = []
    for (cells, output) in zip(predictions(for: image), outputs) {
      found += Self.faces(cells, stride: output.stride, threshold: threshold)
    }
    return found.withoutOverlaps(above: overlapLimit)
  }

  /// What the network says of each cell, for each output: [1, 16, rows, columns].
  func predictions(for image: Image) -> [Tensor] {
    var tape = Tape(weights)
    return predictions(for: Self.canvas(image), &tape).map(\.tensor)
  }

  /// The same for canvases [batch, 3, height, width], with gradients when the tape records.
  package func predictions(for canvases: Tensor, _ tape: inout Tape) -> [Value] {
    network(canvases, read: outputs.map(\.name), &tape)
  }

  /// Results of any layers, for tests.
  func results(of layers: [String], for image: Image) -> [Tensor] {
    var tape = Tape(weights)
    return network(Self.canvas(image), read: layers, &tape).map(\.tensor)
  }

  /// The image in the top left corner of a black canvas of whole multiples of 32, as [1, 3, height, width] around 0.
  package static func canvas(_ image: Image) -> Tensor {
    func padded(_ side: Int) -> Int { (side + multiple - 1) / multiple * multiple }
    func number(_ byte: Int) -> Float { (Float(byte) - 127.5) / 128 }
    let (width, height) = (padded(image.width), padded(image.height))
    let numbers = (0..<256).map(number)
    var values = [Float](repeating: number(0), count: 3 * width * height)
    for y in 0..<image.height {
      for x in 0..<image.width {
        let pixel = 3 * (y * image.width + x)
        for colour in 0..<3 {
          values[(colour * height + y) * width + x] = numbers[Int(image.pixels[pixel + colour])]
        }
      }
    }
    return Tensor(values, shape: [1, 3, height, width])
  }

  /// Faces of one output, row by row, before overlaps are removed.
  static func faces(_ cells: Tensor, stride: Int, threshold: Float) -> [FaceDetection] {
    let (rows, columns) = (cells.shape[2], cells.shape[3])
    // Comparing logits leaves the exponential to the few cells that pass.
    let least = Double(log(threshold / (1 - threshold)))
    let size = Double(stride)
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    var faces: [FaceDetection] = []
    for row in 0..<rows {
      for column in 0..<columns where Double(cells.values[row * columns + column]) > least {
        func prediction(_ k: Int) -> Double { Double(cells.values[(k * rows + row) * columns + column]) }
        func side(_ k: Int) -> Double { exp(min(max(prediction(k), -10), 6)) * size }
        let (x, y) = ((Double(column) + 0.5) * size, (Double(row) + 0.5) * size)
        faces.append(
          FaceDetection(
            box: Rect(left: x - side(1), top: y - side(2), right: x + side(3), bottom: y + side(4)),
            score: sigmoid(prediction(0)),
            points: (0..<5).map { Point(x: x + prediction(5 + 2 * $0) * size, y: y + prediction(6 + 2 * $0) * size) },
            maskWorn: sigmoid(prediction(15))))
      }
    }
    return faces
  }
}
