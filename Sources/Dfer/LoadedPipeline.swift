import DferModels
import DferTimeline
import Foundation

/// A pipeline with its weights in memory, checked, ready for any number of runs.
public struct LoadedPipeline: Sendable {
  /// What was loaded.
  public let pipeline: Pipeline
  package let detector: FaceDetector
  package let reader: FaceReader
  package let modelInfo: FaceReader.ModelInfo
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

  /// Loads both weight files.
  ///
  /// - Throws: a `CheckpointError` that lists everything that is wrong with one, or a `PipelineError` when the weights
  ///   belong to another system or do not give what is asked for.
  ///
  /// - Parameters:
  ///   - keptTubes: fraction of the tubes that the encoder reads, 0.1...1.
  ///   - prior: how common the classes are taken to be; nil: as the weights were trained.
  ///   - landmarks: whether rows get landmark columns.
  ///   - blendshapes: whether rows get blendshape columns.
  ///   - wallTime: whether rows get the date of their clip.
  package init(
    _ pipeline: Pipeline, keptTubes: Double, prior: ReadingPrior? = nil, landmarks: Bool = false,
    blendshapes: Bool = false, wallTime: Bool = false
  ) throws {
    (self.pipeline, self.keptTubes) = (pipeline, keptTubes)
    detector = try FaceDetector(weights: pipeline.detectorWeights.path)
    let trained = try FaceReader(weights: pipeline.modelWeights.path, keepTubes: keptTubes)
    reader = try prior.map { try trained.reading(with: $0, path: pipeline.modelWeights.path) } ?? trained
    modelInfo = reader.modelInfo
    if let system = pipeline.system, system != modelInfo.system {
      throw PipelineError.wrongWeights(
        pipeline: pipeline.name, path: pipeline.modelWeights.path, expected: system, found: modelInfo.system)
    }
    for (isWanted, isGiven, what) in [
      (landmarks, modelInfo.givesLandmarks, "landmarks"), (blendshapes, !modelInfo.blendshapes.isEmpty, "blendshapes"),
      (keptTubes < 1, modelInfo.system == FaceReader.systems[0], "choice of tubes"),
    ] where isWanted && !isGiven {
      throw PipelineError.notGiven(pipeline: pipeline.name, what: what)
    }
    layout = RowLayout(
      labels: modelInfo.labels, blendshapes: blendshapes ? modelInfo.blendshapes : [], includesLandmarks: landmarks,
      includesWallTime: wallTime, includesMask: modelInfo.looksForMasks, includesMotion: true,
      includesShot: true)
  }
}
