import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// The network behind `dfer group`.
@Suite struct FaceEmbedderTests {
  private static let weights = Shared.root.appendingPathComponent("Pipelines/face-embedding.safetensors").path

  /// A drawn face; `angle` turns it about its middle, `size` is its eye distance.
  private func face(_ seed: UInt64, angle: Double = 0, size: Double = 40, light: Double = 1) -> FaceEmbedder.Face {
    var (image, side) = (Image(width: 192, height: 192), 192.0)
    func turned(_ x: Double, _ y: Double) -> Point {
      Point(
        x: side / 2 + size * (x * cos(angle) - y * sin(angle)), y: side / 2 + size * (x * sin(angle) + y * cos(angle)))
    }
    var random = RandomSource(seed: seed)
    let waves = (0..<6).map { _ in (0..<4).map { _ in Double(random.uniform()) } }
    for y in 0..<192 {
      for x in 0..<192 {
        // The same face in its own units, wherever it is drawn.
        let (dx, dy) = ((Double(x) + 0.5 - side / 2) / size, (Double(y) + 0.5 - side / 2) / size)
        let (u, v) = (dx * cos(angle) + dy * sin(angle), dy * cos(angle) - dx * sin(angle))
        for colour in 0..<3 {
          let grey = waves.reduce(0.5) {
            $0 + 0.12 * sin(5 * ($1[0] * u + $1[1] * v) + 6 * $1[2] + Double(colour) * $1[3])
          }
          image.pixels[3 * (192 * y + x) + colour] = UInt8(max(0, min(255, 255 * light * grey)))
        }
      }
    }
    let points = [(-0.5, -0.5), (0.5, -0.5), (0, 0.1), (-0.38, 0.5), (0.38, 0.5)].map { turned($0.0, $0.1) }
    return FaceEmbedder.Face(image, points: points)
  }

  private func product(_ one: [Float], _ other: [Float]) -> Float { zip(one, other).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test func anEmbeddingHasLengthOneAndKnowsNoMirror() throws {
    let embedder = try FaceEmbedder(weights: Self.weights)
    let face = face(1)
    let embedding = embedder.embed(face)
    #expect(embedding.count == embedder.config.outputs && abs(product(embedding, embedding) - 1) < 1e-4)
    var mirrored = face.image
    for y in 0..<192 {
      for x in 0..<192 {
        for colour in 0..<3 {
          mirrored.pixels[3 * (192 * y + x) + colour] = face.image.pixels[3 * (192 * y + 191 - x) + colour]
        }
      }
    }
    let points = [1, 0, 2, 4, 3].map { Point(x: 192 - face.points[$0].x, y: face.points[$0].y) }
    #expect(product(embedder.embed(FaceEmbedder.Face(mirrored, points: points)), embedding) > 0.999)
  }

  /// Where a face is in the image, how large it is and how far it is tilted does not count.
  @Test func aFaceIsLookedAtUprightAndOfOneSize() throws {
    let embedder = try FaceEmbedder(weights: Self.weights)
    let plain = embedder.embed(face(2))
    #expect(product(embedder.embed(face(2, angle: 0.5)), plain) > 0.98)
    #expect(product(embedder.embed(face(2, size: 32)), plain) > 0.97)
    #expect(product(embedder.embed(face(3)), plain) < 0.95)
  }

  @Test func otherFilesAreRefused() throws {
    let finder = Shared.root.appendingPathComponent("Pipelines/face-finder.safetensors").path
    #expect {
      try FaceEmbedder(weights: finder)
    } throws: { "\($0)".contains("not weights of a face embedding") }
    let folder = try ScratchFolder()
    let file = try SafetensorsFile(path: Self.weights)
    for (key, value, reason) in [
      ("dfer_format", "9", "its format is 9"), ("similarity", "nan", "similarity"), ("config", "{}", "config"),
      ("config", #"{"layers":[[8,3]],"pixels":64,"outputs":128,"side":2.6,"below":0.1}"#, "config: layers"),
    ] {
      let path = folder.file("wrong.safetensors").path
      var metadata = file.metadata
      metadata[key] = value
      try SafetensorsFile.write(
        tensors: file.names.map { (name: $0, tensor: try file.tensor($0)) }, metadata: metadata, to: path)
      #expect { try FaceEmbedder(weights: path) } throws: { "\($0)".contains(reason) }
    }
  }
}
