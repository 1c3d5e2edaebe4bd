import DferImage
import Foundation

/// Pose, gaze, action units and points as another program's table has them: its names, its order, its signs and units.
///
/// * OpenFace 2 (RecorderCSV.cpp): radians in axes x right, y down, z away from the camera, R = Rx Ry Rz; so a head turned to
///   the right of the picture has a negative `pose_Ry`, but eyes turned there a positive `gaze_angle_x`. `AUnn_r` is
///   five times the strength, `AUnn_c` says whether that is 1 or more. Zeros where `success` is 0.
/// * py-feat 2: radians; `Pitch`, `Roll` and `Yaw` are positive up, counter-clockwise as seen and to the left of the picture.
///   No gaze: its own documents contradict each other about the sign.
///
/// What a table does not know is empty, so that nobody takes it for a measurement.
struct StyledBehaviour: Sendable {
  let style: TableStyle
  private let layout: RowLayout
  /// Where each unit's strength stands in a row, by number.
  private let places: [Int: Int]

  private static let openFaceStrengths = [
    1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45,
  ]
  private static let openFacePresences = [
    1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45,
  ]
  private static let pyFeatUnits = [
    1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43,
  ]

  init(_ style: TableStyle, _ layout: RowLayout) {
    (self.style, self.layout) = (style, layout)
    let numbers = layout.strengths.enumerated().compactMap { place, name in
      Int(name.dropFirst(2).prefix { $0.isNumber }).map { ($0, place) }
    }
    places = Dictionary(numbers, uniquingKeysWith: { first, _ in first })
  }

  var columns: [String] {
    func named(_ numbers: [Int], _ ending: String = "") -> [String] {
      layout.strengths.isEmpty ? [] : numbers.map { "AU\($0 < 10 ? "0" : "")\($0)\(ending)" }
    }
    let points =
      layout.includesPoints ? ["x", "y"].flatMap { axis in (0..<68).map { "\(axis)_\($0)" } } : []
    switch style {
    case .openface:
      let gaze = [
        "gaze_0_x", "gaze_0_y", "gaze_0_z", "gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x",
        "gaze_angle_y",
      ]
      return (layout.includesEyes ? gaze : []) + [
        "pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz",
      ]
        + points + named(Self.openFaceStrengths, "_r") + named(Self.openFacePresences, "_c")
    case .pyfeat:
      return points + ["Pitch", "Roll", "Yaw"] + named(Self.pyFeatUnits)
    case .dfer, .imotions: return []
    }
  }

  /// - Parameter isRead: false where the row says nothing of a face.
  func cells(_ row: ClipResult, isRead: Bool) -> [String] {
    let columns = columns
    guard isRead else {
      // OpenFace's own way where it has no face.
      return columns.map {
        style == .openface && !$0.hasPrefix("pose_T") && !$0.hasPrefix("AU23") ? "0" : ""
      }
    }
    func number(_ value: Double?, _ places: Int = 6) -> String {
      value.map { fixedDecimal($0, places: places) } ?? ""
    }
    func radians(_ degrees: Double?) -> Double? { degrees.map { $0 * .pi / 180 } }
    func strength(_ unit: Int) -> Double? {
      places[unit].flatMap {
        $0 < row.behaviour.strengths.count ? row.behaviour.strengths[$0] : nil
      }
    }
    let (behaviour, eyes) = (row.behaviour, row.behaviour.eyes)
    let all = (0..<68).map { $0 < behaviour.points.count ? behaviour.points[$0] : nil }
    let points =
      layout.includesPoints ? all.map { number($0?.x, 1) } + all.map { number($0?.y, 1) } : []
    switch style {
    case .openface:
      let gaze = Self.direction(yaw: radians(eyes?.gazeYaw), pitch: radians(eyes?.gazePitch)).map {
        number($0)
      }
      let angles = [radians(eyes?.gazeYaw), radians(eyes?.gazePitch)].map { number($0) }
      let pose = Self.openFaceAngles(
        yaw: behaviour.yaw, pitch: behaviour.pitch, roll: row.rollDegrees)
      let strengths =
        layout.strengths.isEmpty
        ? [] : Self.openFaceStrengths.map { number(strength($0).map { 5 * $0 }, 2) }
      let presences =
        layout.strengths.isEmpty
        ? []
        : Self.openFacePresences.map { strength($0).map { 5 * $0 >= 1 ? "1.00" : "0.00" } ?? "" }
      return (layout.includesEyes ? gaze + gaze + angles : []) + ["", "", ""]
        + pose.map { number($0) } + points
        + strengths + presences
    case .pyfeat:
      let pose = [behaviour.pitch, row.rollDegrees, behaviour.yaw].map {
        number(radians($0).map { -$0 })
      }
      // Its AU43 is the closed eye.
      let units =
        layout.strengths.isEmpty
        ? [] : Self.pyFeatUnits.map { number(strength($0 == 43 ? 45 : $0), 3) }
      return points + pose + units
    case .dfer, .imotions: return []
    }
  }

  /// Rx, Ry and Rz of OpenFace in radians, from degrees of ours; with roll alone, Rz alone.
  static func openFaceAngles(yaw: Double?, pitch: Double?, roll: Double?) -> [Double?] {
    func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
    guard let yaw, let pitch, let roll else { return [nil, nil, roll.map(radians)] }
    let m = HeadRotation(yaw: radians(yaw), pitch: radians(pitch), roll: radians(roll)).matrix
    // The same rotation with y and z turned round.
    return [atan2(m[5] * -1, m[8]), asin(min(1, max(-1, -m[2]))), atan2(m[1], m[0])]
  }

  /// A unit vector in OpenFace's axes.
  private static func direction(yaw: Double?, pitch: Double?) -> [Double?] {
    guard let yaw, let pitch else { return [nil, nil, nil] }
    return [sin(yaw) * cos(pitch), sin(pitch), -cos(yaw) * cos(pitch)]
  }
}
