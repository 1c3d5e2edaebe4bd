import Dfer
import DferImage
import Foundation

/// Public sets of dynamic expressions, in the folders that they come in.
///
/// RAVDESS and CREMA-D say in their file names what is shown and who acts; DFEW, FERV39k and MAFW come with list files,
/// AffectNet with lists or numbers beside its images. Folders named after their classes and a table of sequences (see
/// `SequenceTable`) may be anybody's own.
package enum PublicSet: String, Sendable, CaseIterable {
  case ravdess
  case cremaD = "crema-d"
  case dfew, ferv39k, mafw
  case affectNet = "affectnet"
  case folders, sequences

  /// One clip.
  package struct Clip: Sendable, Hashable {
    package var path: String
    package var label: String
    /// Who is seen; empty: not known.
    package var person = ""
    /// `train` or `test`; empty: the set says nothing.
    package var split = ""
    /// Seconds; nil: the whole file.
    package var span: ClosedRange<Double>?
    /// `piece` or `window` of a table of sequences; empty for other sets.
    package var kind = ""
    /// The face from the brows to the chin, in pixels; nil: to be looked for.
    package var box: Rect?
  }

  /// What a folder holds.
  package struct Contents: Sendable {
    package var clips: [Clip] = []
    /// What was left out, in words.
    package var skipped: [String] = []
  }

  /// Reads a folder.
  ///
  /// - Parameter fold: which of the five train-test splits, for DFEW and MAFW.
  /// - Throws: `DataError` when nothing of the set is there.
  package func read(_ folder: String, fold: Int = 1) throws -> Contents {
    if self == .sequences { return Contents(clips: try SequenceTable(folder).parts.map(Clip.init)) }
    if self == .affectNet || self == .folders {
      let contents = try self == .affectNet ? Self.affectNet(folder) : Self.folders(folder)
      guard !contents.clips.isEmpty else {
        let reasons = contents.skipped.map { "; \($0)" }.joined()
        throw DataError(path: folder, reason: "there is nothing of \(rawValue) in this folder\(reasons)")
      }
      return contents
    }
    let videos = VideoIndex(folder)
    guard !videos.paths.isEmpty else { throw DataError(path: folder, reason: "there are no videos in this folder") }
    var contents: Contents
    switch self {
    case .ravdess: contents = Self.named(videos, what: "RAVDESS", Self.ravdess)
    case .cremaD: contents = Self.named(videos, what: "CREMA-D", Self.cremaD)
    case .dfew:
      contents = try Self.listed(
        folder, videos, Self.lists("EmoLabel_DataSplit/%(single-labeled)/set_\(fold).csv"), ","
      ) {
        // A name is a number; folders and files write it with and without zeros.
        Self.dfewLabels[$0]
      }
    case .ferv39k:
      contents = try Self.listed(folder, videos, Self.lists("4_setups/All_scenes/%_All.csv"), " ") {
        LabelName.canonical($0)
      }
    case .sequences, .affectNet, .folders: preconditionFailure("PublicSet: \(rawValue) is no set of videos")
    case .mafw:
      contents = try Self.listed(folder, videos, Self.lists("split/single/no_caption/set_\(fold)/%.txt"), " ") { $0 }
    }
    contents.clips.sort { $0.path < $1.path }
    guard !contents.clips.isEmpty else {
      throw DataError(path: folder, reason: "none of its \(videos.paths.count) videos is a clip of \(rawValue)")
    }
    return contents
  }

  // MARK: Sets whose file names say everything

  private static func named(
    _ videos: VideoIndex, what: String, _ read: ([String]) -> (label: String, person: String)?
  ) -> Contents {
    var contents = Contents()
    var strange = 0
    // A sound film and its silent copy are one clip.
    var seen: Set<[String]> = []
    for path in videos.paths.sorted() {
      let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let parts = name.split { $0 == "-" || $0 == "_" }.map(String.init)
      guard let (label, person) = read(parts) else {
        strange += 1
        continue
      }
      guard seen.insert(what == "RAVDESS" ? Array(parts.dropFirst()) : parts).inserted else { continue }
      contents.clips.append(Clip(path: path, label: label, person: person))
    }
    if strange > 0 { contents.skipped.append("\(strange) videos are not named like clips of speech in \(what)") }
    return contents
  }

  /// Modality, channel, emotion, intensity, statement, repetition, actor: 01-01-06-01-02-01-12. Speech only, as usual.
  private static func ravdess(_ parts: [String]) -> (label: String, person: String)? {
    let labels = ["neutral", "neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"]
    guard parts.count == 7, parts.allSatisfy({ $0.count == 2 && Int($0) != nil }), ["01", "02"].contains(parts[0]),
      parts[1] == "01", let emotion = Int(parts[2]), (1...8).contains(emotion)
    else { return nil }
    return (labels[emotion - 1], "ravdess-\(parts[6])")
  }

  /// Actor, sentence, emotion, level: 1001_DFA_ANG_XX.
  private static func cremaD(_ parts: [String]) -> (label: String, person: String)? {
    let labels = [
      "ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happiness", "NEU": "neutral", "SAD": "sadness",
    ]
    guard parts.count == 4, parts[0].count == 4, Int(parts[0]) != nil, let label = labels[parts[2]] else { return nil }
    return (label, "crema-d-\(parts[0])")
  }

  // MARK: Sets with lists

  private static let dfewLabels = [
    "1": "happiness", "2": "sadness", "3": "neutral", "4": "anger", "5": "surprise", "6": "disgust", "7": "fear",
  ]

  /// The train and the test list, `%` being their word.
  private static func lists(_ pattern: String) -> [(split: String, file: String)] {
    ["train", "test"].map { ($0, pattern.replacingOccurrences(of: "%", with: $0)) }
  }

  private static func listed(
    _ folder: String, _ videos: VideoIndex, _ lists: [(split: String, file: String)], _ separator: Character,
    _ label: (String) -> String?
  ) throws -> Contents {
    var contents = Contents()
    var missing = 0
    for (split, file) in lists {
      let path = URL(fileURLWithPath: folder).appendingPathComponent(file).path
      guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
        throw DataError(path: path, reason: "there is no such list")
      }
      for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
        let cells = line.split(separator: separator).map { $0.trimmingCharacters(in: .whitespaces) }
        if cells.isEmpty || cells[0] == "video_name" { continue }
        guard cells.count >= 2, let name = label(cells[1]) else {
          throw DataError(path: path, line: index + 1, reason: "no clip and label: \"\(line)\"")
        }
        guard let video = videos.path(of: cells[0]) else {
          missing += 1
          continue
        }
        contents.clips.append(Clip(path: video, label: name, split: split))
      }
    }
    if missing > 0 {
      contents.skipped.append("\(missing) listed clips have no video file (folders of images are not read)")
    }
    return contents
  }
}

extension PublicSet.Clip {
  fileprivate init(_ part: SequenceTable.Part) {
    self.init(path: part.path, label: part.label)
    (span, kind) = (part.start...part.end, part.kind.rawValue)
  }
}

/// The videos below a folder, found by the names that lists give them.
private struct VideoIndex {
  private(set) var paths: [String] = []
  private var byName: [String: String] = [:]

  init(_ folder: String) {
    let root = URL(fileURLWithPath: folder).standardizedFileURL
    var walk = FolderWalk(root.path)
    for name in walk.run() where BatchInputs.videoExtensions.contains((name as NSString).pathExtension.lowercased()) {
      let path = root.appendingPathComponent(name).path
      paths.append(path)
      // Under every end of its path: "Action/Happy/0267" and "0267".
      let parts = (name as NSString).deletingPathExtension.split(separator: "/").map(String.init)
      for start in parts.indices {
        let key = Self.key(parts[start...].joined(separator: "/"))
        if byName[key] == nil { byName[key] = path }
      }
    }
  }

  func path(of name: String) -> String? {
    let hasExtension = BatchInputs.videoExtensions.contains((name as NSString).pathExtension.lowercased())
    return byName[Self.key(hasExtension ? (name as NSString).deletingPathExtension : name)]
  }

  /// Whole numbers are written with and without leading zeros.
  private static func key(_ name: String) -> String { Int(name).map(String.init) ?? name }
}
