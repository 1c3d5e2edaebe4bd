import DferImage
import Foundation

/// The columns of a timeline, fixed once for a run: the same in every file, whether or not a face is ever seen.
public struct RowLayout: Sendable, Hashable {
  /// Class names in the order of the weights.
  public let labels: [String]
  /// Names of the blendshape columns; empty when they were not asked for.
  public let blendshapes: [String]
  package let includesLandmarks: Bool
  /// Whether rows carry the date of their clip, for live sources.
  package let includesWallTime: Bool
  /// Whether rows carry what the network says of a mask.
  package let includesMask: Bool
  /// Whether rows say how much the face moves.
  package let includesMotion: Bool
  /// Whether rows say which shot they belong to.
  package let includesShot: Bool
  /// Whether rows carry the usual 68 points.
  package var includesPoints = false
  /// Whether rows say where both eyes look and how open they are.
  package var includesEyes = false
  /// Names of the columns of movement strengths; empty when they were not asked for.
  package var strengths: [String] = []
  /// Whether rows carry the valence that follows from the probabilities.
  package var includesValence = false
  /// Whether rows carry what a `TimelineModel` made of them, beside the raw values.
  package var includesModel = false
  /// The model's options, for formats that have a place for them.
  package var model: [String: String] = [:]
  /// How the rows were made, by name (version, pipeline, weights, date), for formats that have a place for it.
  package var provenance: [String: String] = [:]
  /// Class indices in alphabetical order of their names, so that files of two networks line up.
  let order: [Int]

  package init(
    labels: [String], blendshapes: [String] = [], includesLandmarks: Bool = false, includesWallTime: Bool = false,
    includesMask: Bool = false, includesMotion: Bool = false, includesShot: Bool = false
  ) {
    self.labels = labels
    self.blendshapes = blendshapes
    self.includesLandmarks = includesLandmarks
    self.includesWallTime = includesWallTime
    self.includesMask = includesMask
    self.includesMotion = includesMotion
    self.includesShot = includesShot
    order = labels.indices.sorted { labels[$0] < labels[$1] }
  }

  /// Column names, in order.
  public var columns: [String] {
    [
      "clip", "face_id", "start_s", "end_s", "time_s", "start_frame", "end_frame", "status", "success", "label",
      "confidence", "margin",
    ]
      + order.map { "p_" + Self.safe(labels[$0]) }
      + [
        "face_frames", "coverage", "box_x", "box_y", "box_w", "box_h", "detection_score", "yaw_deg", "pitch_deg",
        "roll_deg",
      ]
      + ["detector_mask_probability"]
      + (includesMotion ? ["motion"] : [])
      + (includesShot ? ["shot"] : [])
      + (includesLandmarks ? (0..<5).flatMap { ["lm\($0)_x", "lm\($0)_y"] } : [])
      + behaviourColumns()
      + blendshapes.map { "bs_" + Self.safe($0) }
      + (includesMask ? ["mask", "mask_probability"] : [])
      + (includesModel ? ["model_label", "model_confidence"] + order.map { "m_" + Self.safe(labels[$0]) } : [])
      + (includesWallTime ? ["wall_time"] : [])
  }

  /// - Parameter perFrame: for a table of frames; what only a clip has is left out.
  func behaviourColumns(perFrame: Bool = false) -> [String] {
    (includesPoints ? Self.pointColumns : []) + (includesEyes ? Self.eyeColumns : []) + strengths
      + (includesValence && !perFrame ? ["valence_derived"] : [])
  }

  static let pointColumns = (0..<68).flatMap { ["p\($0)_x", "p\($0)_y"] }
  static let eyeColumns = [
    "eye0_open", "eye1_open", "eyes_yaw_deg", "eyes_pitch_deg", "gaze_yaw_deg", "gaze_pitch_deg",
  ]

  /// One cell of a row.
  enum Cell: Hashable {
    case empty
    case integer(Int)
    case decimal(Double, places: Int)
    case text(String)
  }

  /// The middle of a row as its start and end are written, so that rows that were read are written as they were.
  private static func middle(_ row: ClipResult) -> Double {
    ((row.startSeconds * 1e6).rounded() + (row.endSeconds * 1e6).rounded()) / 2e6
  }

  /// The cells of a row, one for each column.
  func cells(_ row: ClipResult) -> [Cell] {
    func decimal(_ value: Double?, _ places: Int) -> Cell { value.map { .decimal($0, places: places) } ?? .empty }
    func integer(_ value: Int?) -> Cell { value.map { .integer($0) } ?? .empty }
    let best = row.best(labels)
    var cells: [Cell] = [
      .integer(row.clip), integer(row.faceID), decimal(row.startSeconds, 6), decimal(row.endSeconds, 6),
      decimal(Self.middle(row), 6), integer(row.frames?.lowerBound), integer(row.frames?.upperBound),
      .text(row.status.rawValue), .integer(row.status == .ok ? 1 : 0), best.map { .text($0.label) } ?? .empty,
      decimal(best.map { Double($0.confidence) }, 6), decimal(margin(row), 6),
    ]
    cells += order.map { row.probabilities.isEmpty ? .empty : .decimal(Double(row.probabilities[$0]), places: 6) }
    cells += [
      integer(row.faceFrames), decimal(row.coverage, 4), decimal(row.box?.x, 1),
      decimal(row.box?.y, 1), decimal(row.box?.width, 1), decimal(row.box?.height, 1), decimal(row.detectionScore, 6),
      decimal(row.behaviour.yaw, 2), decimal(row.behaviour.pitch, 2), decimal(row.rollDegrees, 2),
      decimal(row.detectorMaskProbability, 6),
    ]
    if includesMotion { cells.append(decimal(row.motion, 3)) }
    if includesShot { cells.append(integer(row.shot)) }
    if includesLandmarks {
      cells += (0..<5).flatMap { index -> [Cell] in
        let point = index < row.landmarks.count ? row.landmarks[index] : nil
        return [decimal(point?.x, 1), decimal(point?.y, 1)]
      }
    }
    cells += behaviourCells(row)
    cells += blendshapes.indices.map { decimal($0 < row.blendshapes.count ? Double(row.blendshapes[$0]) : nil, 6) }
    if includesMask {
      cells += [
        row.maskProbability.map { .text($0 >= 0.5 ? "worn" : "none") } ?? .empty, decimal(row.maskProbability, 6),
      ]
    }
    if includesModel {
      let model = row.modelled
      cells.append(model?.label.map { .text(labels[$0]) } ?? .empty)
      cells.append(decimal(model.map { Double($0.confidence) }, 6))
      cells += order.map { place in decimal(model.map { Double($0.probabilities[place]) }, 6) }
    }
    if includesWallTime { cells.append(row.wallTime.map { .text($0.formatted(Self.date)) } ?? .empty) }
    return cells
  }

  func behaviourCells(_ row: ClipResult, perFrame: Bool = false) -> [Cell] {
    func decimals(_ values: [Double?], _ count: Int, places: Int) -> [Cell] {
      (0..<count).map { index in
        (index < values.count ? values[index] : nil).map { .decimal($0, places: places) } ?? .empty
      }
    }
    let behaviour = row.behaviour
    var cells: [Cell] = []
    if includesPoints { cells += decimals(behaviour.points.flatMap { [$0.x, $0.y] }, 136, places: 1) }
    if includesEyes {
      let eyes = behaviour.eyes
      cells += decimals(eyes?.open ?? [], 2, places: 3)
      cells += decimals([eyes?.yaw, eyes?.pitch, eyes?.gazeYaw, eyes?.gazePitch], 4, places: 2)
    }
    cells += decimals(behaviour.strengths, strengths.count, places: 3)
    if includesValence && !perFrame {
      // Of the rounded numbers that the file shows, so that rows that were read back are written as they were.
      let shown = row.probabilities.map { Float((Double($0) * 1e6).rounded(.toNearestOrEven) / 1e6) }
      cells += decimals([DerivedValence.of(shown, labels: labels)], 1, places: 4)
    }
    return cells
  }

  /// The lead of the likeliest class as the file shows it: between rounded values, so that rows that were read back are
  /// written as they were.
  private func margin(_ row: ClipResult) -> Double? {
    let values = row.probabilities.map { (Double($0) * 1e6).rounded(.toNearestOrEven) }.sorted(by: >)
    return values.isEmpty ? nil : (values[0] - (values.count > 1 ? values[1] : 0)) / 1e6
  }

  static let date = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  /// A name for a column: lower snake case, ASCII letters, digits and underscores.
  static func safe(_ name: String) -> String {
    var result = ""
    for character in name.drop(while: { $0 == "_" }) {
      if character.isUppercase, let last = result.last, last != "_" { result += "_" }
      result += character.isASCII && (character.isLetter || character.isNumber) ? character.lowercased() : "_"
    }
    return result
  }
}

extension ClipResult {
  /// The likeliest class, its probability (0...1), and its lead over the second; nil when there is no face.
  /// - Parameter labels: class names in the order of the weights, as `RowLayout.labels` has them.
  public func best(_ labels: [String]) -> (label: String, confidence: Float, margin: Float)? {
    guard let first = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else { return nil }
    let second = probabilities.indices.filter { $0 != first }.map { probabilities[$0] }.max() ?? 0
    return (labels[first], probabilities[first], probabilities[first] - second)
  }
}
