import DferImage
import DferModels
import DferTensor
import DferTimeline
import DferTracking
import DferVideo
import Foundation

/// Keeps the record of a run while it goes: rows by status, load changes, warnings. Gives the manifest that `dfer watch`
/// writes, whoever pulls the run.
public struct RunRecorder {
  /// What the user should know about the run, in order.
  public var warnings: [String] = []
  /// Rows so far.
  public private(set) var rows = 0
  /// The same by `ClipResult.Status`, under its raw value.
  public private(set) var rowsByStatus: [String: Int] = [:]

  private let run: AnalysisRun
  private let models: LoadedPipeline
  private let options: [String: String]
  private let started: Date
  /// The input before it is read, so that a change while it is read shows later.
  private let inputStamp: FileStamp?
  private let follows: Bool
  private var loadChanges: [LoadChange] = []

  /// - Parameters:
  ///   - run: the run, before its first event is pulled.
  ///   - models: what it was made with.
  ///   - options: the options to record; nil: those of the run and of its pipeline.
  ///   - started: when the run began.
  ///   - follows: whether the video is a file that grows while it is read.
  public init(
    _ run: AnalysisRun, models: LoadedPipeline, options: [String: String]? = nil, started: Date = Date(),
    follows: Bool = false
  ) {
    (self.run, self.models, self.started, self.follows) = (run, models, started, follows)
    self.options = options ?? models.record.merging(run.options.record) { $1 }
    inputStamp = FileStamp(path: run.source.info.location)
    if let warning = ComputeInfo.warning { warnings.append(warning) }
    warnings += models.pipeline.warnings + run.source.info.warnings
    if let hop = run.options.hop, abs(hop - run.grid.hopSeconds) > 1e-6 {
      warnings.append(
        "clips start \(Self.text(run.grid.hopSeconds)) s apart, not \(Self.text(hop)) s: whole samples of \(Self.text(run.grid.step)) s"
      )
    }
    if run.grid.hop > run.grid.frames {
      warnings.append(
        "clips of \(Self.text(run.grid.span)) s start \(Self.text(run.grid.hopSeconds)) s apart: the time between them has no rows"
      )
    }
  }

  /// Seconds without needless digits.
  private static func text(_ seconds: Double) -> String { "\((seconds * 1000).rounded() / 1000)" }

  /// Takes note of an event: call this for each one that the run gives.
  public mutating func note(_ event: RunEvent) {
    switch event {
    case .row(let row):
      rows += 1
      rowsByStatus[row.status.rawValue, default: 0] += 1
    case .load(let change): if loadChanges.count < 200 { loadChanges.append(change) }
    case .progress, .image: break
    }
  }

  /// The manifest of the run so far.
  ///
  /// - Parameters:
  ///   - outcome: how the run ended.
  ///   - outputs: the files that were written.
  ///   - rowsFile: the file whose hash stands for the rows; nil when they are in none.
  /// - Throws: what Foundation says of a weight file that cannot be read any more.
  public func manifest(
    _ outcome: RunManifest.Outcome, outputs: [String] = [], rowsFile: String? = nil
  ) throws -> RunManifest {
    let (pipeline, info) = (models.pipeline, models.modelInfo)
    var manifest = RunManifest(
      dfer: Installation.version, ffmpeg: FFmpegVersion.text, started: started, finished: Date(), outcome: outcome,
      pipeline: pipeline.name,
      weights: RunManifest.Weights(
        file: pipeline.weightsFile, sha256: try pipeline.weightsSha256(),
        model: info.system, version: info.version, licence: info.licence),
      detector: RunManifest.Weights(
        file: pipeline.detectorWeights.lastPathComponent,
        sha256: try SHA256.hex(ofFile: pipeline.detectorWeights.path), model: models.detector.name,
        version: models.detector.version, licence: models.detector.licence),
      classes: info.labels, temperature: info.temperature,
      preprocessing: [
        "crop": info.crop.geometry.summary, "image_size": "\(info.imageSize)", "mean": "\(info.imageMean)",
        "standard_deviation": "\(info.imageStd)",
      ],
      input: input, options: options, clipFrames: run.grid.frames, clipSeconds: run.grid.span,
      hopSeconds: run.grid.hopSeconds, counts: counts,
      stageSeconds: Dictionary(uniqueKeysWithValues: run.times.table.map { ($0.name, $0.seconds) }),
      longestLatencySeconds: run.latency.longest, outputs: outputs, warnings: warnings + closingWarnings)
    manifest.pipelineSha256 = pipeline.sha256
    manifest.precision = models.engine ?? "\(Compute.precision.rawValue) (\(Compute.precision.instructions))"
    if let path = pipeline.behaviourWeights, let card = models.behaviourInfo {
      manifest.behaviour = RunManifest.Weights(
        file: path.lastPathComponent, sha256: try SHA256.hex(ofFile: path.path), model: BehaviourModel.kind,
        version: card.version, licence: card.licence)
    }
    manifest.loadChanges = loadChanges.isEmpty ? nil : loadChanges
    manifest.gaps = run.gaps.map {
      RunManifest.GapRecord(startS: $0.start, endS: $0.end, reason: $0.reason.name)
    }
    manifest.cutsS = run.cuts
    manifest.rowsSha256 = rowsFile.flatMap { try? SHA256.hex(ofFile: $0) }
    return manifest
  }

  /// What can be said at the end only.
  public var closingWarnings: [String] {
    guard run.options.keepsMoments, run.options.readsEveryFrame, run.counts.faceFramesLeftOut > 0 else { return [] }
    return [
      "no clip shows \(run.counts.faceFramesLeftOut) of the frames in which a face was found: the tables of frames and "
        + "blinks do not have them"
    ]
  }

  private var input: [String: String] {
    var input = run.source.info.record
    // A file that was read while it grew is another one now.
    if let stamp = follows ? FileStamp(path: run.source.info.location) : nil {
      (input["byte_size"], input["modified_s"]) = ("\(stamp.byteSize)", "\(stamp.modified)")
    } else if let inputStamp {
      input["modified_s"] = "\(inputStamp.modified)"
    }
    return input
  }

  package var counts: RunManifest.Counts {
    var counts = RunManifest.Counts()
    let (read, decode) = (run.counts, run.source.counts)
    counts.sourceFrames = decode.frames
    counts.decodedFrames = read.decoded
    counts.usedFrames = read.used
    counts.skippedFrames = read.skipped
    counts.droppedFrames = read.dropped
    counts.unreadFrames = read.unread
    counts.hiddenFrames = decode.hidden
    counts.damagedPackets = decode.damaged
    counts.repairedTimes = decode.repairedTimes
    counts.sizeChanges = decode.sizeChanges
    counts.gaps = read.gaps
    counts.cuts = read.cuts
    counts.detectorRuns = read.detectorRuns
    counts.clips = read.clips
    counts.faces = read.faces
    if run.options.keepsMoments, run.options.readsEveryFrame { counts.faceFramesWithoutRow = read.faceFramesLeftOut }
    counts.rows = rows
    counts.rowsByStatus = rowsByStatus
    return counts
  }
}

extension VideoInfo {
  /// The facts as they stand in a manifest.
  fileprivate var record: [String: String] {
    [
      "location": location, "format": format, "codec": codec, "pixel_format": pixelFormat,
      "stored_size": "\(storedSize.width)x\(storedSize.height)", "upright_size": "\(size.width)x\(size.height)",
      "pixel_aspect": "\(pixelAspect)", "orientation": orientation.name, "frame_rate": frameRate.map { "\($0)" } ?? "",
      "duration_s": duration.map { "\($0)" } ?? "", "container_start_s": "\(containerStart)", "stream": "\(stream)",
      "byte_size": byteSize.map { "\($0)" } ?? "",
    ]
  }
}

extension Gap.Reason {
  /// The reason as it stands in a manifest: snake case.
  var name: String { self == .notTaken ? "not_taken" : rawValue }
}

extension LoadedPipeline {
  /// What a manifest records of how the pipeline was loaded.
  fileprivate var record: [String: String] {
    var record = ["pipeline": pipeline.name]
    if keptTubes < 1 { record["keep_tubes"] = "\(keptTubes)" }
    if layout.includesLandmarks { record["landmarks"] = "true" }
    if layout.includesPoints { record["landmarks_68"] = "true" }
    if layout.includesEyes { record["eyes"] = "true" }
    if !layout.strengths.isEmpty { record["action_units"] = "true" }
    if layout.includesValence { record["valence"] = "true" }
    if !layout.blendshapes.isEmpty { record["blendshapes"] = "true" }
    return record
  }
}

extension RunOptions {
  /// What a manifest records of the options: everything that changes what is in the rows.
  package var record: [String: String] {
    var record: [String: String] = [:]
    record["span"] = span.map { "\($0)" }
    record["hop"] = hop.map { "\($0)" }
    record["max_faces"] = maximumFaces.map(String.init)
    if minimumFace > 0 { record["min_face"] = "\(minimumFace)" }
    if mainFaceOnly { record["main_face"] = "true" }
    if !findsCuts { record["cuts"] = "off" }
    if isMaskAware { record["mask_aware"] = "true" }
    if keepsMoments, readsEveryFrame { record["frame_rows"] = "all" }
    record["threads"] = threads.map(String.init)
    return record
  }
}
