import Dfer
import DferTimeline
import DferVideo
import Foundation

/// The part of `dfer export` and `dfer watch` that draws a timeline into its video.
struct VideoExport {
  private let video: AnnotatedVideo
  private let location: String
  private let quiet: Bool

  static func isVideo(_ path: String) -> Bool {
    ["mp4", "mkv", "mov"].contains((path as NSString).pathExtension.lowercased())
  }

  /// Throws `UnreadableTimeline` when nobody knows which video the rows are of.
  init(_ rows: [ClipResult], labels: [String], media: MediaReference?, blur: Bool, input: String) throws {
    guard let media, !media.isURL, FileManager.default.fileExists(atPath: media.location) else {
      let name = media.map { "\"\($0.location)\" is not here" } ?? RunFacts.whyNoVideo(of: input)
      throw UnreadableTimeline(path: input, reason: "the video is needed, and \(name); --media gives its place")
    }
    (location, quiet) = (media.location, false)
    var options = AnnotatedVideo.Options()
    options.hidesFaces = blur
    let manifest = try? RunManifest(contentsOf: RunManifest.path(beside: input))
    options.video = manifest.map(VideoOptions.init) ?? VideoOptions()
    video = AnnotatedVideo(rows, labels: labels, options: options)
    if blur {
      Self.warnOfBareFaces(manifest?.options ?? [:])
      if let hash = manifest?.rowsSha256, (try? SHA256.hex(ofFile: input)) != hash {
        Terminal.write(
          "warning: \(input): the rows have changed since they were written; faces without rows are not pixelated\n")
      }
    }
    if let (there, read) = manifest?.otherSize(of: location) {
      Terminal.write(
        "warning: \(location) is not the file that was read (\(there) bytes, that one \(read)); the rows are drawn in unchanged\n"
      )
    }
  }

  /// Faces that an option left out have no rows, and so are not hidden.
  private static func warnOfBareFaces(_ asked: [String: String]) {
    let options = ["max_faces", "min_face", "main_face"].filter { asked[$0] != nil }
      .map { "--" + $0.replacing("_", with: "-") }
    guard !options.isEmpty else { return }
    Terminal.write(
      "warning: faces that \(options.joined(separator: " and ")) left out have no rows, and are not pixelated\n")
  }

  /// The rows of a run that has just read `location`.
  ///
  /// - Parameter hiding: every box that the run saw, to make faces unrecognisable; nil: they are shown.
  init(
    _ rows: [ClipResult], labels: [String], location: String, hiding: [HiddenFaces.Sighting]?, video: VideoOptions,
    quiet: Bool
  ) {
    (self.location, self.quiet) = (location, quiet)
    var options = AnnotatedVideo.Options()
    options.hidesFaces = hiding != nil
    options.video = video
    self.video = AnnotatedVideo(rows, labels: labels, options: options, sightings: hiding ?? [])
  }

  /// - Parameter end: seconds; frames from there on are left out.
  func write(to path: String, overwrite: Bool, until end: Double = .infinity) throws {
    try OutputPaths.check([path], inputs: [location])
    let place = try StagedPath(path, overwrite: overwrite)
    let interrupt = Interrupt()
    let (_, hasSound) = try video.write(location, to: place.temporary, as: path, until: end) {
      interrupt.isRaised
    }
    try place.commit()
    if !hasSound, !quiet {
      Terminal.write("\(path): without sound: there is none, or this kind of file cannot hold it\n")
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
  }
}

extension RunManifest {
  /// Bytes of a file and of the one that was read; nil when they agree, or one is not known.
  func otherSize(of path: String) -> (there: Int64, read: Int64)? {
    guard let read = input["byte_size"].flatMap({ Int64($0) }), let there = Folder.stamp(ofFile: path)?.byteSize,
      there != read
    else { return nil }
    return (there, read)
  }
}

extension VideoOptions {
  /// How a run read its video: with the stream and the rotation that its rows are of.
  init(ofRunBeside rows: String) {
    self.init()
    if let manifest = try? RunManifest(contentsOf: RunManifest.path(beside: rows)) { self.init(of: manifest) }
  }

  /// How a run opened its video.
  init(of manifest: RunManifest) {
    self.init()
    let asked = manifest.options
    stream = asked["stream"].flatMap { Int($0) }
    rotation = (asked["turn"] ?? asked["rotation"]).flatMap { Int($0) }
    if manifest.input["format"] == ImageSource.format, let rate = manifest.input["frame_rate"].flatMap(Double.init) {
      imageRate = rate
    }
  }
}
