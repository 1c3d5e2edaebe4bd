/// What the columns of another program's table mean.
struct FrameDialect {
  /// How a row says when it is.
  enum Clock {
    case seconds(String)
    case milliseconds(String)
    /// Seconds in early versions and milliseconds in late ones, under one name; `frame` tells which.
    case either(String, frame: String)
    case frame(String)
    /// An image's name, the same for all faces of a frame, and when the program read it. Images follow each other as
    /// they were read, else by the numbers in their names.
    case image(String, ran: String?)

    var needsRate: Bool {
      switch self {
      case .frame, .image: true
      case .seconds, .milliseconds, .either: false
      }
    }

    var columns: [String] {
      switch self {
      case .seconds(let name), .milliseconds(let name), .frame(let name): [name]
      case .either(let name, let frame): [name, frame]
      case .image(let name, let ran): [name] + (ran.map { [$0] } ?? [])
      }
    }
  }

  /// What a class column holds.
  enum Scale: Sendable {
    /// Any measure that is not negative; a row's values are divided by their sum.
    case share
    /// Decimal logarithm of the odds (FACET); each becomes a probability, then as above.
    case evidence
  }

  let origin: ImportedTimeline.Origin
  let clock: Clock
  /// Columns with a value for each class, and dfer's name for it.
  let classes: [(column: String, label: String)]
  let scale: Scale
  /// Column with the winning label only.
  let label: String?
  /// Column that tells faces apart; nil: the place among the rows of one frame.
  let face: String?
  /// Columns of x, y, width and height.
  let box: [String]?
  /// 0 where the row's values mean nothing.
  let success: String?
  /// Column that must name a face sensor, when rows of several sensors are mixed.
  let sensor: String?
  let score: String?

  /// Names of expressions in the field, and dfer's.
  static let names = [
    "anger": "anger", "angry": "anger", "disgust": "disgust", "disgusted": "disgust", "fear": "fear", "scared": "fear",
    "fearful": "fear", "happiness": "happiness", "happy": "happiness", "joy": "happiness", "sadness": "sadness",
    "sad": "sadness", "surprise": "surprise", "surprised": "surprise", "neutral": "neutral", "contempt": "contempt",
  ]

  /// All columns that are read.
  var columns: [String] {
    clock.columns + classes.map(\.column) + [label, face, success, sensor, score].compactMap { $0 } + (box ?? [])
  }

  /// Recognises a table by its header; nil when nothing fits.
  init?(_ header: [String]) {
    let has = Set(header)
    func classColumns(_ ending: String = "") -> [(column: String, label: String)] {
      header.compactMap { column in
        guard column.hasSuffix(ending) else { return nil }
        let name = column.dropLast(ending.count).lowercased()
        return Self.names[name].map { (column, $0) }
      }
    }
    func first(_ names: String...) -> String? { names.first { has.contains($0) } }

    if has.contains("facial_expression"), has.contains("frame_time_in_ms") {
      (origin, clock) = (.libreFace, .either("frame_time_in_ms", frame: "frame_idx"))
      (classes, scale, label, face, success, sensor) = ([], .share, "facial_expression", nil, nil, nil)
      (box, score) = (nil, first("face_detection_score"))
    } else if has.contains("Timestamp"), has.contains("EventSource"),
      !(classColumns() + classColumns(" Evidence")).isEmpty
    {
      let isFacet = !classColumns(" Evidence").isEmpty
      (origin, scale) = (.iMotions, isFacet ? .evidence : .share)
      // Time of the recording, and so of the respondent's video; MediaTime is that of the stimulus.
      clock = .milliseconds("Timestamp")
      classes = classColumns(isFacet ? " Evidence" : "")
      (label, face, success) = (nil, first("Name", "Respondent"), nil)
      (sensor, score) = (first("EventSource"), nil)
      box = has.contains("FaceRect X") ? ["X", "Y", "Width", "Height"].map { "FaceRect \($0)" } : nil
    } else if has.isSuperset(of: ["FaceRectX", "FaceRectY", "frame"]) {
      (origin, clock, classes, scale) = (.pyFeat, .frame("frame"), classColumns(), .share)
      (label, face, success, sensor) = (nil, first("Identity"), nil, nil)
      (box, score) = (["X", "Y", "Width", "Height"].map { "FaceRect\($0)" }, first("FaceScore"))
    } else if has.isSuperset(of: ["frame", "timestamp", "confidence", "success"]) {
      (origin, clock, scale) = (.openFace, .seconds("timestamp"), .share)
      // OpenFace 2 has none of these; tables made by `--csv-style openface` have them.
      classes = header.compactMap { column in
        column.hasPrefix("p_") ? Self.names[String(column.dropFirst(2))].map { (column, $0) } : nil
      }
      (label, face, success) = (first("emotion"), first("face_id"), "success")
      (box, sensor, score) = (nil, nil, "confidence")
    } else if has.isSuperset(of: ["image_path", "face_id", "emotion"]) {
      (origin, clock, classes, scale) = (.openFace, .image("image_path", ran: first("timestamp")), [], .share)
      (label, face, success) = ("emotion", "face_id", nil)
      (box, sensor, score) = (nil, nil, nil)
    } else {
      return nil
    }
  }
}
