import DferImage
import DferModels
import DferTensor
import Foundation

/// Goes on training a face finder. Like `Trainer`, all randomness comes from its state, so a stopped and resumed training
/// gives the same weights.
public struct FinderTrainer: Sendable {
  public struct Settings: TrainingOptions {
    public var steps = 1000
    public var batch = 16
    /// Highest learning rate.
    public var rate = 1e-3
    public var warmupSteps = 50
    public var weightDecay = 1e-4
    public var averageDecay = 0.998
    /// Side of the pictures that are learned from, a multiple of 32.
    public var side = 288
    /// Share of the pictures that other faces are pasted into.
    public var pasting = 0.3
    public var longestGradient = 5.0
    public var checkEvery = 200
    public var seed: UInt64 = 0
    /// Counts and names of the data.
    public var data = ""

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
  private let start: FaceFinder
  private let composer: FinderComposer
  private let loss = FinderLoss()

  public init(_ finder: FaceFinder, _ settings: Settings) {
    (start, self.settings) = (finder, settings)
    composer = FinderComposer(side: settings.side)
    state = TrainingState(
      finder.weights, AdamW(finder.weights, ParameterPlan(finder.weights, weightDecay: settings.weightDecay)),
      averageDecay: settings.averageDecay, seed: settings.seed)
  }

  /// Takes one step.
  ///
  /// - Parameters:
  ///   - scenes: pictures with and without faces, all drawn alike.
  ///   - faces: pictures of single faces to paste into others.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on scenes: [FinderScene], pasting faces: [FinderScene]) throws -> Report {
    guard !scenes.isEmpty else { throw TrainingError.noClips("the training data") }
    var canvases: [Tensor] = []
    var truth: [[FinderScene.Face]] = []
    var names: [String] = []
    for _ in 0..<settings.batch {
      let scene = scenes[Int(state.random.next() % UInt64(scenes.count))]
      var pasted: [FinderScene] = []
      if !faces.isEmpty, Double(state.random.uniform()) < settings.pasting {
        for _ in 0..<1 + Int(state.random.next() % 4) {
          pasted.append(faces[Int(state.random.next() % UInt64(faces.count))])
        }
      }
      let made = composer.compose(scene, pasting: pasted, random: &state.random)
      canvases.append(FaceFinder.canvas(made.picture))
      truth.append(made.faces)
      names.append(scene.name)
    }
    let side = settings.side
    let input = Tensor(canvases.flatMap(\.values), shape: [canvases.count, 3, side, side])
    var tape = state.tape()
    let outputs = start.answers(to: input, &tape)
    let parts = loss(outputs, strides: start.outputs.map(\.stride), faces: truth, &tape)
    let rate = settings.schedule.rate(state.step)
    let length = try state.descend(
      tape.gradients(of: parts.total).parameters, loss: parts.total.tensor.values[0], rate: rate,
      longest: settings.longestGradient, names: names)
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    return Report(
      step: state.step, rate: rate, loss: number(parts.total), score: number(parts.score), sides: number(parts.sides),
      points: number(parts.points), mask: number(parts.mask), gradient: length, cells: parts.cells)
  }

  /// The finder with its averaged weights.
  public var finder: FaceFinder {
    var finder = start
    finder.weights = state.average.applied(to: state.weights)
    return finder
  }

  /// Writes the averaged weights as a finder's weight file that says how it was made and what it reaches.
  func write(to path: String, _ result: FinderEvaluation?) throws {
    let finder = finder
    var metadata = finder.metadata
    if let result { metadata["metrics"] = CardText.json(result) }
    metadata["training"] = "dfer train, step \(state.step), \(settings.json); before: \(finder.metadata["training"] ?? "")"
    metadata["date"] = Date.now.formatted(.iso8601.year().month().day())
    let store = finder.weights
    try SafetensorsFile.write(
      tensors: zip(store.names, store.tensors).map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: path)
  }
}
