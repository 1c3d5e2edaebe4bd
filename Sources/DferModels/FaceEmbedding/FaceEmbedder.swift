import DferImage
import DferTensor
import Foundation

/// Makes an embedding of a face: numbers that are nearly the same for two images of one person, and others for another
/// person's. For telling whether two faces of one video are one; not for finding out who somebody is.
///
/// A small convolutional network on an aligned face. Its targets were the descriptors of dlib's face recognition network
/// (D. E. King, "Dlib-ml", JMLR 2009; weights in the public domain).
package struct FaceEmbedder: Sendable {
  /// Version of the weight file's format that this program reads.
  package static let format = 1
  /// What weight files call this kind of network.
  package static let kind = "face-embedding"

  /// The shape of the network, and what part of a face it looks at.
  package struct Config: Sendable, Hashable, Codable {
    /// Width and stride of each convolution.
    package var layers: [[Int]]
    /// Of the aligned face along one side.
    package var pixels: Int
    /// Numbers of an embedding.
    package var outputs: Int
    /// Side of the aligned face, and how far below the middle of eyes and mouth it lies, in eye distances.
    package var side, below: Float

    /// Why this cannot be a network; nil when it can.
    var fault: String? {
      guard (1...16).contains(layers.count), layers.allSatisfy({ $0.count == 2 && 1...1024 ~= $0[0] && 1...2 ~= $0[1] })
      else { return "layers must be 1 to 16 pairs of a width and a stride of 1 or 2" }
      guard (16...256).contains(pixels), (2...1024).contains(outputs) else { return "pixels or outputs out of range" }
      guard pixels % layers.reduce(1, { $0 * $1[1] }) == 0 else { return "pixels must be a multiple of all strides" }
      guard side.isFinite, below.isFinite, 0.5...10 ~= side, -2...2 ~= below else {
        return "side or below out of range"
      }
      return nil
    }
  }

  package let config: Config
  /// Of the weights.
  package let version, licence: String
  /// Faces that are at least as alike (-1...1) are one person, unless the caller says otherwise.
  package let similarity: Double
  private let network: CloseUpTower
  private let weights: ParameterStore

  /// Opens a weight file.
  /// - Throws: `CheckpointError` with what is wrong with it.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    func fault(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: reason) }
    let metadata = file.metadata
    guard metadata["model"] == Self.kind else { throw fault("not weights of a face embedding") }
    guard metadata["dfer_format"] == String(Self.format) else {
      throw fault("its format is \(metadata["dfer_format"] ?? "not given"), this version of dfer reads \(Self.format)")
    }
    do {
      config = try JSONDecoder().decode(Config.self, from: Data((metadata["config"] ?? "").utf8))
    } catch { throw fault("metadata config: \(ModelCard.explain(error))") }
    if let reason = config.fault { throw fault("config: \(reason)") }
    guard let similarity = metadata["similarity"].flatMap(Double.init), -1...1 ~= similarity else {
      throw fault("metadata similarity: not a number from -1 to 1")
    }
    self.similarity = similarity
    (version, licence) = (metadata["version"] ?? "", metadata["licence"] ?? "")
    var store = ParameterStore()
    network = CloseUpTower(
      3, layers: config.layers.map { ($0[0], $0[1]) }, pixels: config.pixels, outputs: config.outputs, at: "embedding",
      in: &store)
    try store.load(file)
    store.keepPrepared()
    weights = store
  }

  /// A face in an image: the image's part around it, and the five points of the detector in pixels of that part.
  package struct Face: Sendable {
    let image: Image
    let points: [Point]

    /// - Precondition: there are five points.
    package init(_ image: Image, points: [Point]) {
      precondition(points.count == 5, "FaceEmbedder.Face: \(points.count) points")
      (self.image, self.points) = (image, points)
    }
  }

  /// The embedding of a face, of length 1: the mean of the face and its mirror image.
  package func embed(_ face: Face) -> [Float] {
    let seen = [0, 1, 3, 4].map { (x: Float(face.points[$0].x), y: Float(face.points[$0].y)) }
    let place = FaceCloseUps.Alignment(eyesAndMouth: seen)
    let step = config.side / Float(config.pixels)
    let parts = [false, true].map {
      CloseUp(
        image: 0, x: place.x - place.b * config.below, y: place.y + place.a * config.below, right: place.a * step,
        down: place.b * step, isMirrored: $0)
    }
    var tape = Tape(weights)
    let faces = tape.closeUps(Self.tensor(face.image), parts, size: config.pixels)
    let both = network.linear(faces, &tape).tensor.values
    return Self.unit((0..<config.outputs).map { both[$0] + both[config.outputs + $0] })
  }

  /// [1, 3, height, width], -1...1.
  private static func tensor(_ image: Image) -> Tensor {
    let plane = image.width * image.height
    var values = [Float](repeating: 0, count: 3 * plane)
    for pixel in 0..<plane {
      for colour in 0..<3 { values[colour * plane + pixel] = Float(image.pixels[3 * pixel + colour]) / 127.5 - 1 }
    }
    return Tensor(values, shape: [1, 3, image.height, image.width])
  }

  /// The same direction with length 1.
  package static func unit(_ values: [Float]) -> [Float] {
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 1e-12 ? values.map { $0 / length } : values
  }
}
