import DferModels
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
  ///   - blendshapes: whether rows get blendshape columns.
  ///   - wallTime: whether rows get the date of their clip.
  ///   - compute: where networks are computed.
  package init(
    _ pipeline: Pipeline, keptTubes: Double, prior: ReadingPrior? = nil, landmarks: Bool = false,
    blendshapes: Bool = false, wallTime: Bool = false, compute: ComputeChoice = ComputeChoice()
  ) throws {
    (self.pipeline, self.keptTubes) = (pipeline, keptTubes)
    detector = try pipeline.loadedDetector(compute: compute)
    reader = try pipeline.reader(keptTubes: keptTubes, prior: prior, compute: compute)
    modelInfo = reader.modelInfo
    let usesRuntime = compute.device != nil || pipeline.models.contains { $0.onnx != nil }
    engine = try usesRuntime ? compute.words() : nil
    for (isWanted, isGiven, what) in [
      (landmarks, modelInfo.givesLandmarks, "landmarks"), (blendshapes, !modelInfo.blendshapes.isEmpty, "blendshapes"),
      (keptTubes < 1, pipeline.models.count == 1 && modelInfo.system == FaceReader.systems[0], "choice of tubes"),
    ] where isWanted && !isGiven {
      throw PipelineError.notGiven(pipeline: pipeline.name, what: what)
    }
    layout = RowLayout(
      labels: modelInfo.labels, blendshapes: blendshapes ? modelInfo.blendshapes : [], includesLandmarks: landmarks,
      includesWallTime: wallTime, includesMask: modelInfo.looksForMasks, includesMotion: true,
      includesShot: true)
  }
}
