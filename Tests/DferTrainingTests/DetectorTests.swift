import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

@Suite struct DetectorTests {
  private static let weights = Shared.root.appendingPathComponent("Pipelines/face-finder.safetensors").path

  /// A bright square on dark ground, called a face.
  private static func scene() -> DetectorScene {
    var image = Image(width: 120, height: 90)
    for y in 30..<60 {
      for x in 50..<80 {
        for colour in 0..<3 { image.pixels[3 * (y * 120 + x) + colour] = 250 }
      }
    }
    let points = [(57, 40), (73, 40), (65, 46), (59, 53), (71, 53)].map { Point(x: Double($0.0), y: Double($0.1)) }
    return DetectorScene(
      name: "square", image: image,
      faces: [
        .init(box: Rect(x: 50, y: 30, width: 30, height: 30), points: points, wearsMask: false, isIgnored: false)
      ])
  }

  @Test func facesMoveWithTheImage() throws {
    var random = RandomSource(seed: 4)
    let composer = DetectorComposer(side: 128)
    var seen = 0
    for _ in 0..<40 {
      let made = composer.compose(Self.scene(), pasting: [], random: &random)
      #expect(made.image.width == 128 && made.image.height == 128)
      guard let face = made.faces.first, !face.isIgnored, face.box.width > 12 else { continue }
      let middle = face.box.centre
      guard 4..<124 ~= middle.x, 4..<124 ~= middle.y else { continue }
      seen += 1
      let inside = made.image.pixels[3 * (Int(middle.y) * 128 + Int(middle.x))]
      let left = Int(face.box.x - 4)
      if left >= 0 { #expect(inside > made.image.pixels[3 * (Int(middle.y) * 128 + left)] &+ 40) }
      // Left stays left, mirrored or not, and the mouth stays below.
      #expect(face.points[0].x < face.points[1].x && face.points[3].x < face.points[4].x)
      #expect(face.points[2].y < face.points[3].y)
    }
    #expect(seen > 10)
  }

  @Test func pastedFacesDoNotLieOnOthers() {
    var random = RandomSource(seed: 2)
    let empty = DetectorScene(name: "empty", image: Image(width: 200, height: 200), faces: [])
    for _ in 0..<20 {
      let made = DetectorComposer(side: 160).compose(
        empty, pasting: [Self.scene(), Self.scene(), Self.scene()], random: &random)
      for (index, face) in made.faces.enumerated() {
        for other in made.faces[..<index] { #expect(face.box.intersection(other.box).area == 0) }
      }
    }
  }

  @Test func averagePrecisionIsTheAreaUnderTheCurve() {
    #expect(DetectorEvaluation.averagePrecision([], faces: 3) == 0)
    #expect(DetectorEvaluation.averagePrecision([(0.9, true), (0.8, true)], faces: 2) == 1)
    // Right, wrong, right of four faces: (1 + 2 / 3) / 4.
    let value = DetectorEvaluation.averagePrecision([(0.9, true), (0.8, false), (0.7, true)], faces: 4)
    #expect(abs(value - (1 + 2.0 / 3) / 4) < 1e-12)
  }

  @Test func aDetectorLearnsWhatItIsToldIsAFace() throws {
    var settings = DetectorTraining.Settings()
    (settings.steps, settings.batch, settings.side, settings.rate, settings.warmupSteps) = (24, 4, 96, 2e-3, 2)
    let task = try DetectorTraining(FaceDetector(weights: Self.weights), settings, on: [Self.scene()])
    var trainer = TrainingLoop(task)
    let losses = try (0..<24).map { _ in try trainer.step().loss }
    let (early, late) = (losses.prefix(6).reduce(0, +), losses.suffix(6).reduce(0, +))
    #expect(late < 0.8 * early, "loss \(early / 6) before, \(late / 6) after")
  }

  @Test func aStoppedTrainingGoesOnToTheSameWeights() throws {
    var settings = DetectorTraining.Settings()
    (settings.steps, settings.batch, settings.side) = (4, 2, 64)
    let task = try DetectorTraining(
      FaceDetector(weights: Self.weights), settings, on: [Self.scene()], pasting: [Self.scene()])
    let path = try ScratchFolder().file("last.safetensors").path
    var whole = TrainingLoop(task)
    for _ in 0..<4 { try whole.step() }
    var first = TrainingLoop(task)
    for _ in 0..<2 { try first.step() }
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try first.state.save(to: path, settings: settings.json)
    var second = TrainingLoop(task)
    second.state = try TrainingState(resuming: path, from: second.state, settings: settings.json)
    for _ in 0..<2 { try second.step() }
    #expect(second.state == whole.state)
  }

  @Test(.enabled(if: Shared.hasData)) func theInstalledDetectorFindsFaces() throws {
    let scenes = try DetectorScene.read(Shared.folder.appendingPathComponent("data/scenes-valid.csv").path)
    #expect(scenes.count == 300 && scenes.contains { $0.faces.count > 1 } && scenes.contains { $0.faces.isEmpty })
    let result = DetectorEvaluation(
      try FaceDetector(weights: Self.weights), on: scenes.enumerated().filter { $0.offset % 6 == 0 }.map(\.element))
    #expect(result.averagePrecision > 0.8 && result.sizes[4].recall > 0.85)
    #expect(try JSONDecoder().decode(DetectorEvaluation.self, from: JSONEncoder().encode(result)).longSide == 320)
  }
}
