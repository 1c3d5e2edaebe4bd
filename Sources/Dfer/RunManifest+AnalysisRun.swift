import DferImage
import DferModels
import DferTimeline
import DferVideo
import Foundation

extension RunManifest {
  /// The facts of a run that has ended.
  public init(
    _ run: AnalysisRun, models: LoadedPipeline, started: Date, outcome: Outcome, options: [String: String], counts: Counts,
    outputs: [String], warnings: [String]
  ) throws {
    let modelInfo = models.modelInfo
    let info = run.source.info
    let pipeline = models.pipeline
    self.init(
      dfer: Installation.version, ffmpeg: FFmpegVersion.text, started: started, finished: Date(), outcome: outcome,
      pipeline: pipeline.name,
      weights: Weights(
        file: pipeline.modelWeights.lastPathComponent, sha256: try SHA256.hex(ofFile: pipeline.modelWeights.path),
        model: modelInfo.system, version: modelInfo.version, licence: modelInfo.licence),
      detector: Weights(
        file: pipeline.detectorWeights.lastPathComponent, sha256: try SHA256.hex(ofFile: pipeline.detectorWeights.path),
        model: "face-finder", version: models.detector.version, licence: modelInfo.licence),
      classes: modelInfo.labels, temperature: modelInfo.temperature,
      preprocessing: [
        "crop": "square, \(modelInfo.crop.sideFactor) x \(Rect.labelledShare) x the longer side of the face box, border repeated",
        "image_size": "\(modelInfo.imageSize)", "mean": "\(modelInfo.imageMean)", "deviation": "\(modelInfo.imageStd)",
      ],
      input: [
        "location": info.location, "format": info.format, "codec": info.codec, "pixel_format": info.pixelFormat,
        "stored_size": "\(info.storedSize.width)x\(info.storedSize.height)",
        "upright_size": "\(info.size.width)x\(info.size.height)", "pixel_aspect": "\(info.pixelAspect)",
        "orientation": info.orientation.name, "frame_rate": info.frameRate.map { "\($0)" } ?? "",
        "duration_s": info.duration.map { "\($0)" } ?? "", "container_start_s": "\(info.containerStart)",
        "stream": "\(info.stream)", "byte_size": info.byteSize.map { "\($0)" } ?? "",
      ],
      options: options, clipFrames: run.grid.frames, clipSeconds: run.grid.span, hopSeconds: run.grid.hopSeconds,
      counts: counts, stageSeconds: Dictionary(uniqueKeysWithValues: run.times.table.map { ($0.name, $0.seconds) }),
      longestLatencySeconds: run.latency.longest, outputs: outputs, warnings: warnings)
    pipelineSha256 = pipeline.sha256
  }
}
