import DferImage
import DferModels
import DferTensor
import Foundation

/// Goes on training a face detector.
package struct DetectorTraining: TrainingTask {
  package struct Settings: TrainingOptions {
    package var steps = 1000
    package var batch = 16
    /// Highest learning rate.
    package var rate = 1e-3
    package var warmupSteps = 50
    package var weightDecay = 1e-4
    package var emaDecay = 0.998
    /// Side of the images that are learned from, a multiple of 32.
    package var side = 288
    /// Fraction of the images that other faces are pasted into.
    package var pasting = 0.3
    package var maxGradientNorm = 5.0
    package var evaluationInterval = 200
    package var seed: UInt64 = 0
    /// Counts and names of the data.
    package var data = ""

    /// Names in checkpoints, which stay when properties are renamed.
    private enum CodingKeys: String, CodingKey {
      case steps, batch, rate, warmupSteps, weightDecay, side, pasting, seed, data
      case maxGradientNorm = "longestGradient"
      case evaluationInterval = "checkEvery"
      case emaDecay = "averageDecay"
    }

    package init() {}
  }

  package struct Details: Sendable {
    package var score, sides, points, mask: Float
    /// Cells that answered for faces.
    package var cells: Int
  }

  package struct Sample {
    var input: Tensor
    var truth: [[DetectorScene.Face]]
    var names: [String]
  }

  package let settings: Settings
  private let initial: FaceDetector
  private let scenes, faces: [DetectorScene]
  private let validation: [DetectorScene]?
  private let composer: DetectorComposer
  private let loss = DetectorLoss()

  /// - Parameters:
  ///   - scenes: images with and without faces, all drawn alike.
  ///   - faces: images of single faces to paste into others.
  ///   - validation: never learned from; the weights with the best average precision on them are kept.
  /// - Throws: `TrainingError.noClips`.
  package init(
    _ detector: FaceDetector, _ settings: Settings, on scenes: [DetectorScene], pasting faces: [DetectorScene] = [],
    validation: [DetectorScene]? = nil
  ) throws {
    guard !scenes.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.isEmpty { throw TrainingError.noClips("the validation data") }
    (initial, self.settings, self.scenes, self.faces) = (detector, settings, scenes, faces)
    self.validation = validation
    composer = DetectorComposer(side: settings.side)
  }

  package func initialState() -> TrainingState {
    let weights = initial.weights
    return TrainingState(
      weights, AdamW(weights, ParameterPlan(weights, weightDecay: settings.weightDecay)), emaDecay: settings.emaDecay,
      seed: settings.seed)
  }

  // MARK: A step

  package mutating func sample(_: Int, _: ParameterStore, _ random: inout RandomSource) throws -> Sample {
    var canvases: [Tensor] = []
    var sample = Sample(input: Tensor(zeros: []), truth: [], names: [])
    for _ in 0..<settings.batch {
      let scene = scenes[Int(random.next() % UInt64(scenes.count))]
      var pasted: [DetectorScene] = []
      if !faces.isEmpty, Double(random.uniform()) < settings.pasting {
        for _ in 0..<1 + Int(random.next() % 4) { pasted.append(faces[Int(random.next() % UInt64(faces.count))]) }
      }
      let made = composer.compose(scene, pasting: pasted, random: &random)
      canvases.append(FaceDetector.canvas(made.image))
      sample.truth.append(made.faces)
      sample.names.append(scene.name)
    }
    sample.input = Tensor(canvases.flatMap(\.values), shape: [canvases.count, 3, settings.side, settings.side])
    return sample
  }

  package func loss(_ sample: Sample, _: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details> {
    let outputs = initial.predictions(for: sample.input, &tape)
    let parts = loss(outputs, strides: initial.outputs.map(\.stride), faces: sample.truth, &tape)
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    let details = Details(
      score: number(parts.score), sides: number(parts.sides), points: number(parts.points), mask: number(parts.mask),
      cells: parts.cells)
    return StepLoss(parts.total, details, names: sample.names)
  }

  // MARK: The log

  package static let stepColumns = ["step", "rate", "loss", "score", "sides", "points", "mask", "gradient", "cells"]
  package static let validationColumns = ["valid_ap"]

  package static func cells(_ r: StepReport<Details>) -> [String] {
    ["\(r.step)", "\(r.rate)"] + [r.loss, r.score, r.sides, r.points, r.mask].map { "\($0)" }
      + ["\(r.gradient)", "\(r.details.cells)"]
  }

  package static func cells(_ result: DetectorEvaluation) -> [String] { ["\(result.averagePrecision)"] }

  // MARK: The result

  /// The detector with these weights, as it would be used.
  package func detector(_ weights: ParameterStore) -> FaceDetector {
    var detector = initial
    detector.weights = weights
    return detector
  }

  package func validate(_ weights: ParameterStore) -> DetectorEvaluation? {
    validation.map { DetectorEvaluation(detector(weights), on: $0) }
  }

  package func score(_ result: DetectorEvaluation) -> Double { result.averagePrecision }

  /// Writes the averaged weights as a detector's weight file that says how it was made and what it reaches.
  package func export(_ state: TrainingState, _ result: DetectorEvaluation?, to folder: TrainingFolder) throws
    -> [String]
  {
    let (path, weights) = (folder.file(TrainingFolder.weights), state.average.applied(to: state.weights))
    var metadata = initial.metadata
    if let result { metadata["metrics"] = CanonicalJSON.text(result) }
    metadata["training"] =
      "dfer train, step \(state.step), \(settings.json); before: \(initial.metadata["training"] ?? "")"
    metadata["date"] = Date.now.formatted(.iso8601.year().month().day())
    try SafetensorsFile.write(
      tensors: zip(weights.names, weights.tensors).map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: path)
    return [path]
  }
}
