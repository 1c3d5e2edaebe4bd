import DferImage
import Foundation
import Testing

@testable import DferTimeline

private let labels = ["happiness", "neutral"]

/// Columns of head pose, eyes, movements and points, and what other programs' tables make of them.
struct BehaviourColumnTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv").path

  private var layout: RowLayout {
    var layout = RowLayout(labels: labels)
    (layout.includesPoints, layout.includesEyes, layout.includesValence) = (true, true, true)
    layout.strengths = ["au01_strength", "au12_strength", "au45_strength"]
    return layout
  }

  /// A head turned as asked, in degrees.
  private func row(yaw: Double = 0, pitch: Double = 0, roll: Double = 0, gazeYaw: Double = 0) -> ClipResult {
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1.5, status: .ok)
    (row.faceID, row.frames, row.probabilities, row.rollDegrees) = (0, 0..<30, [0.75, 0.25], roll)
    row.box = Rect(x: 10, y: 20, width: 100, height: 120)
    row.behaviour.yaw = yaw
    row.behaviour.pitch = pitch
    row.behaviour.eyes = Behaviour.Eyes(open: [0.5, 1], yaw: gazeYaw - yaw, pitch: 5, gazeYaw: gazeYaw, gazePitch: 5)
    row.behaviour.strengths = [0.125, 0.5, 0.25]
    row.behaviour.points = (0..<68).map { Point(x: Double($0), y: 2 * Double($0)) }
    return row
  }

  private func written(_ rows: [ClipResult], style: TableStyle = .dfer) throws -> [[String: String]] {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = try OutputFormat.csv.writer(to: path, overwrite: true, layout: layout, style: style)
    for row in rows { try writer.write(row) }
    try writer.finish()
    let records = try CSVTimeline.records(try String(contentsOfFile: path, encoding: .utf8))
    return records.dropFirst().map {
      Dictionary(uniqueKeysWithValues: zip(records[0].cells, $0.cells))
    }
  }

  @Test func rowsComeBackAsTheyWere() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var empty = ClipResult(clip: 1, startSeconds: 2, endSeconds: 3, status: .noFace)
    empty.frames = 30..<60
    var shut = row()
    (shut.clip, shut.startSeconds, shut.endSeconds) = (2, 3, 4)
    shut.behaviour.eyes = Behaviour.Eyes(open: [0, 0.125])
    let rows = [row(yaw: 20, pitch: -10, roll: 5, gazeYaw: 8), empty, shut]
    var writer = try OutputFormat.csv.writer(to: path, overwrite: false, layout: layout)
    for row in rows { try writer.write(row) }
    try writer.finish()
    let read = try CSVTimeline(path: path)
    #expect(read.rows == rows && read.layout.columns == layout.columns)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("detector_mask_probability,p0_x,p0_y,"))
    #expect(text.contains(",p67_y,eye0_open,eye1_open,eyes_yaw_deg,eyes_pitch_deg,gaze_yaw_deg,gaze_pitch_deg,"))
    #expect(text.contains(",gaze_pitch_deg,au01_strength,au12_strength,au45_strength,valence_derived\n"))
  }

  @Test func valenceFollowsFromTheClasses() throws {
    let cells = try written([row()])[0]
    #expect(cells["valence_derived"] == "0.6075")
    #expect(DerivedValence.of([0.5, 0.5], labels: ["happiness", "bored"]) == nil)
    #expect(DerivedValence.of([], labels: labels) == nil)
  }

  /// Twenty degrees about each axis alone, by the signs that each program documents.
  @Test func openFaceHasRadiansAndItsOwnSigns() throws {
    let turned = [row(yaw: 20), row(pitch: 20), row(roll: 20)]
    let twenty = 0.349066
    for (index, turn) in turned.enumerated() {
      let cells = try written([turn], style: .openface)[0]
      let found = ["pose_Rx", "pose_Ry", "pose_Rz"].map { Double(cells[$0] ?? "") ?? .nan }
      let expected = [[0, -twenty, 0], [twenty, 0, 0], [0, 0, twenty]][index]
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(found)")
    }
    let cells = try written([row(gazeYaw: 20)], style: .openface)[0]
    #expect(cells["gaze_angle_x"] == "0.349066" && cells["gaze_angle_y"] == "0.087266")
    let gaze = ["gaze_0_x", "gaze_0_y", "gaze_0_z"].map { Double(cells[$0] ?? "") ?? .nan }
    #expect(gaze[0] > 0.3 && gaze[1] > 0.08 && gaze[2] < -0.9)
    #expect(abs(gaze.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
    // Strengths times five; present from 1 on; what is not estimated is empty.
    #expect(cells["AU12_r"] == "2.50" && cells["AU12_c"] == "1.00" && cells["AU01_r"] == "0.62")
    #expect(cells["AU01_c"] == "0.00" && cells["AU23_r"] == "" && cells["AU28_c"] == "" && cells["pose_Tz"] == "")
    #expect(cells["frame"] == "1" && cells["x_67"] == "67.0" && cells["y_67"] == "134.0")
    let none = try written([ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .noFace)], style: .openface)[0]
    #expect(none["success"] == "0" && none["pose_Rx"] == "0" && none["AU12_r"] == "0")
  }

  @Test func openFaceAnglesMakeTheSameRotation() {
    // R = Rx Ry Rz in its axes, against ours with y and z turned round.
    let angles = StyledBehaviour.openFaceAngles(yaw: 30, pitch: -20, roll: 10).compactMap { $0 }
    let (x, y, z) = (angles[0], angles[1], angles[2])
    // The direction of the nose: the third column.
    let nose = [sin(y), -sin(x) * cos(y), cos(x) * cos(y)]
    let degree = Double.pi / 180
    let ours = HeadRotation(yaw: 30 * degree, pitch: -20 * degree, roll: 10 * degree).matrix
    #expect(abs(nose[0] + ours[2]) < 1e-9 && abs(nose[1] - ours[5]) < 1e-9 && abs(nose[2] - ours[8]) < 1e-9)
    #expect(abs(-cos(y) * sin(z) + ours[1]) < 1e-9)
  }

  @Test func pyFeatHasRadiansOfTheOppositeSigns() throws {
    let cells = try written([row(yaw: 20, pitch: 10, roll: 5)], style: .pyfeat)[0]
    #expect(cells["Yaw"] == "-0.349066" && cells["Pitch"] == "-0.174533" && cells["Roll"] == "-0.087266")
    #expect(cells["AU12"] == "0.500" && cells["AU43"] == "0.250" && cells["AU11"] == "" && cells["x_3"] == "3.0")
  }

  @Test func framesAreToldOnceFromTheNearestClip() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var layout = layout
    (layout.includesPoints, layout.includesEyes, layout.strengths) = (false, true, [])
    var writer = try #require(try FrameTableWriter(path, layout: layout, overwrite: true))
    for clip in 0..<2 {
      var row = row(yaw: Double(clip))
      (row.clip, row.startSeconds, row.endSeconds) = (clip, 0.8 * Double(clip), 1.6 + 0.8 * Double(clip))
      row.moments = (0..<16).map { sample in
        let frame = 8 * clip + sample
        return Moment(
          frame: frame, time: 0.1 * Double(frame), box: Rect(x: 0, y: 0, width: 10, height: 10),
          behaviour: row.behaviour, rollDegrees: 1)
      }
      try writer.write(row)
    }
    try writer.write(ClipResult(clip: 2, startSeconds: 2.4, endSeconds: 4, status: .noFace))
    try writer.finish()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",")
    }
    #expect(
      lines[0].starts(with: ["frame", "time_s", "face_id", "clip", "status"]) && lines[0].last == "gaze_pitch_deg")
    #expect(lines.dropFirst().map { Int($0[0]) } == Array(0..<24))
    // Halfway between the two middles, at 1.2 s, the next clip takes over.
    #expect(lines.dropFirst().map { Int($0[3]) } == [Int](repeating: 0, count: 12) + [Int](repeating: 1, count: 12))
  }
}
