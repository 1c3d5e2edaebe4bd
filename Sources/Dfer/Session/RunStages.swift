import DferModels
import DferTimeline
import DferTracking

/// The parts that a run is put together from. A pipeline with its weights gives them; tests give simpler ones.
struct RunStages: Sendable {
  var segment: SegmentSettings
  /// Seconds between two detector runs.
  var detectorEvery: Double
  var classifier: any ClipClassifying
  var rows: RowBuilder
}

extension LoadedPipeline {
  func stages(_ options: RunOptions) -> RunStages {
    let grid = grid(options)
    return RunStages(
      segment: SegmentSettings(
        grid: grid, detector: detector.detector, detectorLongSide: pipeline.detector.longSide,
        tracker: trackerOptions(options), geometry: modelInfo.crop.geometry, cropSide: modelInfo.imageSize,
        findsCuts: options.findsCuts, givesImages: options.givesImages,
        cutsEveryFrame: options.keepsMoments && options.readsEveryFrame),
      detectorEvery: pipeline.detector.every, classifier: reader,
      rows: RowBuilder(
        frames: grid.frames, includesWallTime: layout.includesWallTime, isMaskAware: options.isMaskAware,
        keepsMoments: options.keepsMoments, readsEveryFrame: options.keepsMoments && options.readsEveryFrame))
  }

  /// The clip grid: what the user asked for, else the pipeline file, else what the weights recommend. Of a recommended
  /// range of spans the shortest is taken, which follows quick expressions best.
  func grid(_ options: RunOptions) -> ClipGrid {
    let clip = modelInfo.clip
    return ClipGrid(
      frames: clip.frames, span: options.span ?? pipeline.clip.span ?? clip.spanSeconds[0],
      hop: options.hop ?? pipeline.clip.hop ?? clip.hopSeconds)
  }

  func trackerOptions(_ options: RunOptions) -> TrackerOptions {
    var result = pipeline.tracker
    result.keepScore = min(result.keepScore, result.minimumScore)
    result.minimumFace = Double(options.minimumFace)
    result.maximumFaces = options.mainFaceOnly ? 1 : options.maximumFaces ?? .max
    return result
  }
}
