import Dfer
import DferModels
import DferVideo
import Foundation

extension LabelledSet {
  /// Reads faces to look at, without labels: packed sets and manifests (CSV files; their labels are not looked at), and
  /// videos, which are cut into clips of `span` seconds.
  ///
  /// - Parameters:
  ///   - sources: CSV files, videos, folders and patterns of videos.
  ///   - frames: of the network's clips; `imageSize`: side of its crops, in pixels.
  ///   - span: seconds of the clips that videos are cut into.
  ///   - every: take every n-th face only.
  ///   - detector: made when clips need faces to be found.
  /// - Throws: `DataError`, `VideoError` or `BatchError`. Videos that cannot be read are named in `skipped`.
  package static func unlabelled(
    _ sources: [String], frames: Int, imageSize: Int, span: Double, every: Int = 1, detector: () throws -> FaceDetector
  ) throws -> LabelledSet {
    var set = LabelledSet(labels: [], clips: [])
    func add(_ other: LabelledSet) {
      set.clips += other.clips
      set.skipped += other.skipped
    }
    let isTable = { (source: String) in source.lowercased().hasSuffix(".csv") }
    for source in sources where isTable(source) {
      if PackedSet.video(of: source) != nil {
        add(try PackedSet.read(source, labels: [], every: every))
      } else {
        add(
          try Manifest(source, labels: [], needsLabels: false).read(
            frames: frames, imageSize: imageSize, every: every, detector: detector))
      }
    }
    let videos = try BatchInputs().find(sources.filter { !isTable($0) }).map(\.path)
    if !videos.isEmpty {
      let (list, skipped) = Manifest.windows(of: videos, span: span)
      set.skipped += skipped
      if !list.entries.isEmpty {
        add(try list.read(frames: frames, imageSize: imageSize, every: every, detector: detector))
      }
    }
    // Votes of other data sets mean nothing here.
    for index in set.clips.indices { (set.clips[index].votes, set.clips[index].otherVotes) = ([], 0) }
    return set
  }
}

extension Manifest {
  /// Entries that cover videos with clips of `span` seconds; a rest of less than half of that is left out.
  ///
  /// - Returns: also what could not be opened, in words.
  static func windows(of videos: [String], span: Double) -> (list: Manifest, skipped: [String]) {
    var (entries, skipped): ([Entry], [String]) = ([], [])
    for video in videos {
      do {
        let duration = try VideoSource(video).info.duration ?? span
        let count = max(1, Int((duration / span).rounded()))
        for window in 0..<count {
          let start = Double(window) * span
          entries.append(
            Entry(
              line: entries.count + 1, path: video, start: start,
              end: min(start + span, max(duration, start + span / 2)),
              votes: [], otherVotes: 0, name: "\(video), second \(start)"))
        }
      } catch { skipped.append("\(error)") }
    }
    return (Manifest(path: "videos", labels: [], entries: entries), skipped)
  }
}
