import DferImage
import DferTracking
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite struct FaceDetectorTests {
  /// The network that the golden numbers are of: the first version.
  static let weights = Shared.folder.appendingPathComponent("weights/face-finder.safetensors").path
  static let installed = Shared.root.appendingPathComponent("Pipelines/face-finder.safetensors").path
  static let golden = Shared.golden.appendingPathComponent("face_finder.safetensors").path

  private func image(_ file: SafetensorsFile, height: Int) throws -> Image {
    let bytes = try file.bytes("in/image_u8")
    let width = try #require(file.shape(of: "in/image_u8"))[1]
    return Image(width: width, height: height, pixels: Array(bytes.prefix(width * height * 3)))
  }

  private func expectClose(_ found: [Float], _ expected: [Float], _ limit: Float, _ what: String) {
    #expect(found.count == expected.count, "\(what)")
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= limit, "\(what): off by \(worst)")
  }

  @Test(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
  func everyGoldenNumberMatches() throws {
    let file = try SafetensorsFile(path: Self.golden)
    let detector = try FaceDetector(weights: Self.weights)
    // The 12 black rows are the detector's own padding.
    let image = try image(file, height: 180)
    let names = [
      "mid/stem": "stem", "mid/stage8.3.pw": "stage8.3.pw", "mid/neck8.sum": "neck8.sum", "out/stride8": "head8.out",
      "out/stride16": "head16.out", "out/stride32": "head32.out",
    ]
    for (name, layer) in names {
      expectClose(detector.results(of: [layer], for: image)[0].values, try file.tensor(name).values, 1e-4, name)
    }
    let faces = detector.detect(image)
    func numbers(_ values: (FaceDetection) -> [Double]) -> [Float] { faces.flatMap { values($0).map { Float($0) } } }
    expectClose(
      numbers { [$0.box.x, $0.box.y, $0.box.right, $0.box.bottom] }, try file.tensor("out/boxes").values, 0.01, "boxes")
    expectClose(
      numbers { $0.points.flatMap { [$0.x, $0.y] } }, try file.tensor("out/points").values, 0.01, "points")
    expectClose(numbers { [$0.score] }, try file.tensor("out/scores").values, 1e-5, "scores")
    expectClose(numbers { [$0.maskWorn] }, try file.tensor("out/mask").values, 1e-5, "mask")
  }

  @Test func pathologicalImagesAreHarmless() throws {
    let detector = try FaceDetector(weights: Self.installed)
    #expect(detector.detect(Image(width: 0, height: 0)).isEmpty)
    #expect(detector.detect(Image(width: 1, height: 1)).isEmpty)
    #expect(detector.detect(Image(width: 33, height: 7)).isEmpty)
    let image = try image(try SafetensorsFile(path: Self.golden), height: 180)
    #expect(detector.detect(image, threshold: 0).count > 1)
    #expect(detector.detect(image, threshold: 1).isEmpty)
  }

  @Test func otherFilesAreRefused() {
    let error = #expect(throws: CheckpointError.self) { try FaceDetector(weights: Self.golden) }
    #expect(error?.description.contains("architecture, outputs, strides") == true)
  }

  @Test func overlappingFacesKeepTheBest() {
    func face(_ x: Double, _ score: Double) -> FaceDetection {
      FaceDetection(box: Rect(x: x, y: 0, width: 10, height: 10), score: score, points: [], maskWorn: 0)
    }
    let kept = [face(0, 0.6), face(1, 0.9), face(20, 0.7), face(21, 0.7)].withoutOverlaps(above: 0.4)
    #expect(kept.map(\.box.x) == [1, 20])
  }
}
