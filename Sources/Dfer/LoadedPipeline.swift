import DferModels
import DferTimeline
import Foundation

/// A pipeline with its weights in memory, checked, ready for any number of runs.
public struct LoadedPipeline: Sendable {
  public let pipeline: Pipeline
  public let finder: FaceFinder
  public let expression: ExpressionModel
  /// Columns of the rows that this pipeline gives.
  public let layout: RowLayout

  /// Loads both weight files, or throws a `CheckpointError` that lists everything that is wrong with one.
  ///
  /// - Parameters:
  ///   - keptTubes: share of the tubes that the encoder reads, 0.1...1.
  ///   - landmarks: whether rows get landmark columns.
  ///   - blendshapes: whether rows get blendshape columns.
  ///   - wallTime: whether rows get the date of their clip.
  public init(
    _ pipeline: Pipeline, keptTubes: Double = 1, landmarks: Bool = false, blendshapes: Bool = false,
    wallTime: Bool = false
  ) throws {
    self.pipeline = pipeline
    finder = try FaceFinder(weights: pipeline.finderWeights.path)
    expression = try ExpressionModel(weights: pipeline.modelWeights.path, keepTubes: keptTubes)
    let card = expression.card
    layout = RowLayout(
      labels: card.labels, blendshapes: blendshapes ? card.blendshapes : [], includesLandmarks: landmarks,
      includesWallTime: wallTime)
  }

  /// The clip grid: what the user asked for, else the pipeline file, else what the weights recommend. Of a recommended
  /// range of spans the shortest is taken, which follows quick expressions best.
  func grid(_ options: RunOptions) -> ClipGrid {
    let clip = expression.card.clip
    return ClipGrid(
      frames: clip.frames, span: options.span ?? pipeline.clip.span ?? clip.spanSeconds[0],
      hop: options.hop ?? pipeline.clip.hop ?? clip.hopSeconds)
  }

  func trackerOptions(_ options: RunOptions) -> FaceTracker.Options {
    var result = FaceTracker.Options()
    result.minimumScore = pipeline.finder.minimumScore
    result.keepScore = min(pipeline.tracker.keepScore, pipeline.finder.minimumScore)
    result.confirmScore = pipeline.tracker.confirmScore
    result.longestGap = pipeline.tracker.longestGap
    result.shortestTrack = pipeline.tracker.shortestTrack
    result.minimumFace = Double(options.minimumFace)
    result.maximumFaces = options.mainFaceOnly ? 1 : options.maximumFaces ?? .max
    return result
  }
}
