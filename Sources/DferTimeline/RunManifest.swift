import Foundation

/// The facts of a run, written beside its rows as `NAME.run.json`: what was read, with what, how, and where every
/// decoded frame went.
public struct RunManifest: Sendable, Codable {
  /// A weight file and what it says of itself.
  package struct Weights: Sendable, Codable {
    package var file: String
    package var sha256: String
    package var model: String
    package var version: String
    package var licence: String

    package init(file: String, sha256: String, model: String, version: String, licence: String) {
      self.file = file
      self.sha256 = sha256
      self.model = model
      self.version = version
      self.licence = licence
    }
  }

  /// A part of the video without frames, and why.
  public struct GapRecord: Sendable, Hashable, Codable {
    /// Seconds from the container's start.
    public var startS: Double
    /// Seconds from the container's start.
    public var endS: Double
    /// damage, timestamps, truncated, missing_images, disconnected, lost, not_taken or paused.
    public var reason: String

    package init(startS: Double, endS: Double, reason: String) {
      self.startS = startS
      self.endS = endS
      self.reason = reason
    }
  }

  /// Which faces `dfer group` took for one person, and how.
  package struct Grouping: Sendable, Codable {
    /// Numbers that the faces of each person have in the run's own rows; persons of one face are left out.
    package var faces: [[Int]]
    /// What was asked for: how alike faces are joined, or how many persons there are.
    package var similarity: Double?
    package var persons: Int?
    package var weights: Weights

    package init(faces: [[Int]], similarity: Double?, persons: Int?, weights: Weights) {
      (self.faces, self.similarity, self.persons, self.weights) = (faces, similarity, persons, weights)
    }
  }

  /// How the run ended.
  public enum Outcome: String, Sendable, Codable {
    /// Every frame was read.
    case complete
    /// The end was reached, but parts of the video could not be read.
    case damaged
    /// Somebody stopped it; the rows so far are valid.
    case interrupted
    /// An output could not be written to the end.
    case outputFailed = "output_failed"
    /// The video could not be read to the end.
    case failed
  }

  /// Counts that must add up: `decoded_frames` = `used_frames` + `skipped_frames`.
  package struct Counts: Sendable, Codable {
    /// Frames that the source gave: `decoded_frames` + `dropped_frames` + `unread_frames`. Nil in older manifests.
    package var sourceFrames: Int? = 0
    package var decodedFrames = 0
    /// Frames that stand for at least one moment of a clip.
    package var usedFrames = 0
    /// Frames between two moments, or after an interruption.
    package var skippedFrames = 0
    /// Frames of a live source that were dropped for newer ones; not among `decoded_frames`.
    package var droppedFrames = 0
    /// Frames that were decoded ahead when the run was stopped; not among `decoded_frames`. Nil in older manifests.
    package var unreadFrames: Int? = 0
    /// Frames that the container holds but does not show (edit lists, hidden frames).
    package var hiddenFrames = 0
    package var damagedPackets = 0
    package var repairedTimes = 0
    package var sizeChanges = 0
    package var gaps = 0
    /// Cuts from one shot to another. Nil in older manifests.
    package var cuts: Int? = 0
    package var detectorRuns = 0
    package var clips = 0
    package var faces = 0
    /// Faces of frames that no clip shows and that a table of all frames therefore does not have. Nil where not every frame
    /// was read, and in older manifests.
    package var faceFramesWithoutRow: Int?
    package var rows = 0
    package var rowsByStatus: [String: Int] = [:]

    package init() {}

    /// For people.
    package var damageText: String {
      "\(damagedPackets) \(damagedPackets == 1 ? "packet" : "packets"), \(gaps) \(gaps == 1 ? "gap" : "gaps")"
    }

    /// Whether every decoded frame is accounted for.
    package var reconcile: Bool { decodedFrames == usedFrames + skippedFrames }
  }

  /// Seconds between two clips that have no rows, because clips were asked for more rarely than they are long.
  package var skippedSeconds: Double { max(0, hopSeconds - clipSeconds) }

  /// Version of the row contract (`RowLayout.contract`); nil in manifests of contract 1.
  package var schema: Int? = RowLayout.contract
  package var dfer: String
  package var ffmpeg: String
  package var started: Date
  package var finished: Date
  /// How the run ended.
  public var outcome: Outcome
  package var pipeline: String
  package var weights: Weights
  package var detector: Weights
  /// The decoder of points, head pose, eyes and movements; nil where the pipeline has none, and in older manifests.
  package var behaviour: Weights?
  /// Class order of the weights' output; columns are alphabetical.
  package var classes: [String]
  package var temperature: Double
  package var preprocessing: [String: String]
  package var input: [String: String]
  package var options: [String: String]
  package var clipFrames: Int
  package var clipSeconds: Double
  package var hopSeconds: Double
  package var counts: Counts
  /// Seconds by stage; `decode` is time spent waiting for the decoder's thread.
  package var stageSeconds: [String: Double]
  package var longestLatencySeconds: Double
  /// The files that were written.
  public var outputs: [String]
  /// What a user should know about the run, in order.
  public var warnings: [String]
  /// SHA-256 of the pipeline file; nil in manifests of older versions.
  package var pipelineSha256: String?
  /// SHA-256 of the first output; nil in manifests of older versions and for outputs that are no files.
  package var rowsSha256: String?
  /// What the network's matrix products were made of, and with which instructions; nil in manifests of older versions.
  package var precision: String?
  /// When a live run was too slow and looked less closely: the first 200 changes. Nil when there was none.
  package var loadChanges: [LoadChange]?
  /// The first 1000 gaps, in order of time; nil in manifests of older versions.
  public var gaps: [GapRecord]?
  /// Seconds of the first 1000 cuts: tracks and clips end there. Nil in manifests of older versions.
  public var cutsS: [Double]?
  /// What `dfer group` made of the run's rows. Nil in what a run writes.
  package var grouping: Grouping?

  package init(
    dfer: String, ffmpeg: String, started: Date, finished: Date, outcome: Outcome, pipeline: String, weights: Weights,
    detector: Weights, classes: [String], temperature: Double, preprocessing: [String: String], input: [String: String],
    options: [String: String], clipFrames: Int, clipSeconds: Double, hopSeconds: Double, counts: Counts,
    stageSeconds: [String: Double], longestLatencySeconds: Double, outputs: [String], warnings: [String]
  ) {
    self.dfer = dfer
    self.ffmpeg = ffmpeg
    self.started = started
    self.finished = finished
    self.outcome = outcome
    self.pipeline = pipeline
    self.weights = weights
    self.detector = detector
    self.classes = classes
    self.temperature = temperature
    self.preprocessing = preprocessing
    self.input = input
    self.options = options
    self.clipFrames = clipFrames
    self.clipSeconds = clipSeconds
    self.hopSeconds = hopSeconds
    self.counts = counts
    self.stageSeconds = stageSeconds
    self.longestLatencySeconds = longestLatencySeconds
    self.outputs = outputs
    self.warnings = warnings
  }

  /// The manifest's place beside an output: `talk.csv` has `talk.run.json`.
  public static func path(beside output: String) -> String {
    (output as NSString).deletingPathExtension + ".run.json"
  }

  /// Reads a manifest back, also one of an older version.
  /// - Throws: what Foundation says of the file or of its JSON.
  public init(contentsOf path: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.dateDecodingStrategy = .iso8601
    self = try decoder.decode(RunManifest.self, from: Self.modern(Data(contentsOf: URL(fileURLWithPath: path))))
  }

  /// A manifest of contract 1 with the names of today.
  private static func modern(_ data: Data) throws -> Data {
    guard var fields = try JSONSerialization.jsonObject(with: data) as? [String: Any], fields["schema"] == nil else {
      return data
    }
    for (old, new) in [("ending", "outcome"), ("finder", "detector"), ("pace", "load_changes")] {
      if let value = fields.removeValue(forKey: old) { fields[new] = value }
    }
    if var counts = fields["counts"] as? [String: Any] {
      for (old, new) in [("not_needed_frames", "skipped_frames"), ("finder_looks", "detector_runs")] {
        if let value = counts.removeValue(forKey: old) { counts[new] = value }
      }
      fields["counts"] = counts
    }
    if let changes = fields["load_changes"] as? [[String: Any]] {
      fields["load_changes"] = changes.map { change in
        Dictionary(uniqueKeysWithValues: change.map { ($0 == "finder_every" ? "detector_every" : $0, $1) })
      }
    }
    return try JSONSerialization.data(withJSONObject: fields)
  }

  /// Takes away the manifest of rows that are about to be replaced: until the new run has ended, and if it never does, the
  /// old one would say of the new rows what is not true of them.
  package static func remove(describing rows: String) {
    let path = path(beside: rows)
    let name = ExactName((rows as NSString).lastPathComponent)
    guard outputs(at: path).contains(where: { ExactName(($0 as NSString).lastPathComponent) == name }) else { return }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Rows that a manifest describes, where they are still beside it and a new run with these outputs does not replace them:
  /// `a.csv` has the same manifest as `a.tsv`, and the files of a split run have the one of `day.csv`.
  package static func rowsLeftAlone(at path: String, by outputs: [String]) -> String? {
    let folder = path.dropLast((path as NSString).lastPathComponent.count)
    let manifest = (path as NSString).lastPathComponent
    let new = Set(outputs.map { ExactName(($0 as NSString).lastPathComponent) })
    let names = Self.outputs(at: path).map { ($0 as NSString).lastPathComponent }
    // Of a run that was not split, the first output is the one whose rows it describes.
    let rows =
      names.prefix(1).filter { self.path(beside: $0) == manifest }
      + names.filter { RotatingWriter.manifest(ofPart: $0) == manifest }
    return rows.first { !new.contains(ExactName($0)) && FileManager.default.fileExists(atPath: folder + $0) }
      .map { folder + $0 }
  }

  /// The files that a manifest lists, of any version; none where there is no manifest.
  package static func outputs(at path: String) -> [String] {
    struct Outputs: Decodable {
      let outputs: [String]
    }
    let data = FileManager.default.contents(atPath: path)
    return data.flatMap { try? JSONDecoder().decode(Outputs.self, from: $0).outputs } ?? []
  }

  /// Writes it, with where the video is beside how the run was given it: that name means nothing from another folder.
  /// - Throws: an error of the kind `DferErrorKind.outputFailed`.
  public func write(to path: String, overwrite: Bool = true) throws {
    var manifest = self
    manifest.noteVideo(from: path)
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do { data = try encoder.encode(manifest) } catch {
      throw OutputError.notWritable(path: path, reason: error.localizedDescription)
    }
    try OutputFile(path, overwrite: overwrite, kind: .whole).writeWhole(data)
  }

  /// `path`: the video from `/`; `path_from_here`: the same from the manifest's own folder, for when both move together.
  private mutating func noteVideo(from manifest: String) {
    guard let media = input["location"].flatMap(MediaReference.init), !media.isURL,
      FileManager.default.fileExists(atPath: media.absolute)
    else { return }
    input["path"] = media.absolute
    input["path_from_here"] = media.path(from: manifest)
  }
}
