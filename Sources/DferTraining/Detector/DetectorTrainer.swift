import DferImage
import DferModels
import DferTensor
import Foundation

/// Goes on training a face detector. Like `Trainer`, all randomness comes from its state, so a stopped and resumed training
/// gives the same weights.
public struct DetectorTrainer: Sendable {
  public struct Settings: TrainingOptions {
    public var steps = 1000
    public var batch = 16
    /// Highest learning rate.
    public var rate = 1e-3
    public var warmupSteps = 50
    public var weightDecay = 1e-4
    public var emaDecay = 0.998
    /// Side of the images that are learned from, a multiple of 32.
    public var side = 288
    /// Share of the images that other faces are pasted into.
    public var pasting = 0.3
    public var maxGradientNorm = 5.0
    public var evaluationInterval = 200
    public var seed: UInt64 = 0
    /// Counts and names of the data.
    public var data = ""

    /// Names in checkpoints, which stay when properties are renamed.
    private enum CodingKeys: String, CodingKey {
      case steps, batch, rate, warmupSteps, weightDecay, side, pasting, seed, data
      case maxGradientNorm = "longestGradient"
      case evaluationInterval = "checkEvery"
      case emaDecay = "averageDecay"
    }

    public init() {}
  }

  public struct Report: Sendable {
    public var step: Int
    public var rate: Double
    public var loss, score, sides, points, mask: Float
    public var gradient: Double
    /// Cells that answered for faces.
    public var cells: Int
  }

  public let settings: Settings
  public internal(set) var state: TrainingState
  private let start: FaceDetector
  private let composer: DetectorComposer
  private let loss = DetectorLoss()

  public init(_ detector: FaceDetector, _ settings: Settings) {
    (start, self.settings) = (detector, settings)
    composer = DetectorComposer(side: settings.side)
    state = TrainingState(
      detector.weights, AdamW(detector.weights, ParameterPlan(detector.weights, weightDecay: settings.weightDecay)),
      emaDecay: settings.emaDecay, seed: settings.seed)
  }

  /// Takes one step.
  ///
  /// - Parameters:
  ///   - scenes: images with and without faces, all drawn alike.
  ///   - faces: images of single faces to paste into others.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on scenes: [DetectorScene], pasting faces: [DetectorScene]) throws -> Report {
    guard !scenes.isEmpty else { throw TrainingError.noClips("the training data") }
    var canvases: [Tensor] = []
    var truth: [[DetectorScene.Face]] = []
    var names: [String] = []
    for _ in 0..<settings.batch {
      let scene = scenes[Int(state.random.next() % UInt64(scenes.count))]
      var pasted: [DetectorScene] = []
      if !faces.isEmpty, Double(state.random.uniform()) < settings.pasting {
        for _ in 0..<1 + Int(state.random.next() % 4) {
          pasted.append(faces[Int(state.random.next() % UInt64(faces.count))])
        }
      }
      let made = composer.compose(scene, pasting: pasted, random: &state.random)
      canvases.append(FaceDetector.canvas(made.image))
      truth.append(made.faces)
      names.append(scene.name)
    }
    let side = settings.side
    let input = Tensor(canvases.flatMap(\.values), shape: [canvases.count, 3, side, side])
    var tape = state.tape()
    let outputs = start.predictions(for: input, &tape)
    let parts = loss(outputs, strides: start.outputs.map(\.stride), faces: truth, &tape)
    let rate = settings.schedule.rate(state.step)
    let length = try state.descend(
      tape.gradients(of: parts.total).parameters, loss: parts.total.tensor.values[0], rate: rate,
      longest: settings.maxGradientNorm, names: names)
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    return Report(
      step: state.step, rate: rate, loss: number(parts.total), score: number(parts.score), sides: number(parts.sides),
      points: number(parts.points), mask: number(parts.mask), gradient: length, cells: parts.cells)
  }

  /// The detector with its averaged weights.
  public var detector: FaceDetector {
    var detector = start
    detector.weights = state.average.applied(to: state.weights)
    return detector
  }

  /// Writes the averaged weights as a detector's weight file that says how it was made and what it reaches.
  func write(to path: String, _ result: DetectorEvaluation?) throws {
    let detector = detector
    var metadata = detector.metadata
    if let result { metadata["metrics"] = CanonicalJSON.text(result) }
    metadata["training"] = "dfer train, step \(state.step), \(settings.json); before: \(detector.metadata["training"] ?? "")"
    metadata["date"] = Date.now.formatted(.iso8601.year().month().day())
    let store = detector.weights
    try SafetensorsFile.write(
      tensors: zip(store.names, store.tensors).map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: path)
  }
}
