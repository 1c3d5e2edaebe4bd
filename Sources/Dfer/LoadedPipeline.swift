import DferModels
import DferTensor
import DferTimeline
import Foundation

/// A pipeline with its weights in memory, checked, ready for any number of runs.
public struct LoadedPipeline: Sendable {
  /// What was loaded.
  public let pipeline: Pipeline
  package let detector: LoadedDetector
  package let reader: FaceReader
  package let modelInfo: FaceReader.ModelInfo
  /// What computes, where it is ONNX Runtime: its version and its execution provider.
  package let engine: String?
  /// What the weights of the behaviour decoder say of themselves; nil without one.
  package let behaviourInfo: BehaviourModel.Card?
  /// Columns of the rows that this pipeline gives.
  public let layout: RowLayout
  /// Fraction of the tubes that the encoder reads.
  package let keptTubes: Double

  /// Loads both weight files into memory, some 12 MB for the default pipeline.
  ///
  /// - Parameters:
  ///   - pipeline: what to load, such as `Pipeline.bundled()`.
  ///   - landmarks: whether rows get landmark columns.
  ///   - blendshapes: whether rows get blendshape columns.
  ///   - wallTime: whether rows get the date of their clip, for live sources.
  /// - Throws: an error of the kind `DferErrorKind.unusablePipeline` that lists everything that is wrong with a weight file,
  ///   or says that the network does not give what is asked for.
  public init(_ pipeline: Pipeline, landmarks: Bool = false, blendshapes: Bool = false, wallTime: Bool = false) throws {
    try self.init(pipeline, keptTubes: 1, landmarks: landmarks, blendshapes: blendshapes, wallTime: wallTime)
  }

  /// Loads all weight files.
  ///
  /// - Throws: a `CheckpointError` that lists everything that is wrong with one, a `PipelineError` when the weights belong to
  ///   another system, are another file than the pipeline names, or do not give what is asked for, or an `ONNXError`.
  ///
  /// - Parameters:
  ///   - keptTubes: fraction of the tubes that the encoder reads, 0.1...1.
  ///   - prior: how common the classes are taken to be; nil: as the weights were trained.
  ///   - landmarks: whether rows get landmark columns.
  ///   - behaviour: which of the behaviour decoder's answers get columns.
  ///   - blendshapes: whether rows get blendshape columns.
  ///   - wallTime: whether rows get the date of their clip.
  ///   - compute: where networks are computed.
  package init(
    _ pipeline: Pipeline, keptTubes: Double, prior: ReadingPrior? = nil, landmarks: Bool = false,
    blendshapes: Bool = false, behaviour: BehaviourColumns = BehaviourColumns(), wallTime: Bool = false,
    compute: ComputeChoice = ComputeChoice()
  ) throws {
    (self.pipeline, self.keptTubes) = (pipeline, keptTubes)
    detector = try pipeline.loadedDetector(compute: compute)
    var trained = try pipeline.reader(keptTubes: keptTubes, prior: prior, compute: compute)
    // It reads the features of our own kernels; ONNX Runtime gives none.
    let decoder =
      compute.device == nil ? try pipeline.behaviourWeights.map { try BehaviourModel(weights: $0.path) } : nil
    if let decoder, let path = pipeline.behaviourWeights?.path { try trained.add(decoder, path: path) }
    behaviourInfo = decoder?.card
    func gives(_ estimate: BehaviourModel.Estimate) -> Bool { decoder?.card.gives.contains(estimate) ?? false }
    reader = trained
    modelInfo = reader.modelInfo
    let usesRuntime = compute.device != nil || pipeline.models.contains { $0.onnx != nil }
    engine = try usesRuntime ? compute.words() : nil
    for (isWanted, isGiven, what) in [
      (landmarks, modelInfo.givesLandmarks, "landmarks"), (blendshapes, !modelInfo.blendshapes.isEmpty, "blendshapes"),
      (behaviour.points, gives(.points), "68 landmarks"), (behaviour.eyes, gives(.eyes), "gaze and eye opening"),
      (behaviour.strengths, gives(.strengths), "movement strengths"),
      (keptTubes < 1, pipeline.models.count == 1 && modelInfo.system == FaceReader.systems[0], "choice of tubes"),
    ] where isWanted && !isGiven {
      throw PipelineError.notGiven(pipeline: pipeline.name, what: what)
    }
    var layout = RowLayout(
      labels: modelInfo.labels, blendshapes: blendshapes ? modelInfo.blendshapes : [], includesLandmarks: landmarks,
      includesWallTime: wallTime, includesMask: modelInfo.looksForMasks, includesMotion: true,
      includesShot: true)
    (layout.includesPoints, layout.includesEyes) = (behaviour.points, behaviour.eyes)
    layout.includesValence = behaviour.valence
    if behaviour.strengths { layout.strengths = decoder?.card.givenStrengths ?? [] }
    self.layout = layout
    // Files and what they were converted from.
    Compute.releaseFreedMemory()
  }
}

extension LoadedPipeline {
  /// - Throws: `PipelineError.notGiven` when tables are asked for that the pipeline cannot fill.
  package func check(frames: Bool, blinks: Bool) throws {
    guard frames || blinks else { return }
    guard let card = behaviourInfo else {
      throw PipelineError.notGiven(pipeline: pipeline.name, what: "behaviour decoder")
    }
    if blinks, !card.gives.contains(.eyes) {
      throw PipelineError.notGiven(pipeline: pipeline.name, what: "gaze and eye opening")
    }
  }
}

/// Columns about behaviour beside head pose, which every row has where the pipeline estimates it.
package struct BehaviourColumns: Sendable, Hashable {
  /// The usual 68 points.
  package var points = false
  /// Where both eyes look, and how open they are.
  package var eyes = false
  /// Movement strengths, by action unit.
  package var strengths = false
  /// The valence that follows from the probabilities.
  package var valence = false

  package init() {}
}

extension FaceReader {
  /// Lets a behaviour decoder read this network's features too.
  /// - Throws: `CheckpointError` when it was trained with another network.
  fileprivate mutating func add(_ decoder: BehaviourModel, path: String) throws {
    guard case .clips(var model) = self, decoder.card.base == model.featureFingerprint else {
      throw CheckpointError(
        path: path,
        reason: "this behaviour decoder reads another network's features: train one for these weights (dfer train "
          + "behaviour), or leave 'behaviour' out of the pipeline file")
    }
    model.behaviour = decoder
    self = .clips(model)
  }
}
