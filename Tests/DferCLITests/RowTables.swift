import DferTestSupport
import Foundation

/// Suites that write tables as dfer writes them, and run commands on them.
protocol RowTables {
  var folder: ScratchFolder { get }
}

extension RowTables {
  var header: String {
    "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_anger,p_neutral,"
      + "valence,arousal,face_frames,coverage,box_x,box_y,box_w,box_h,box_score,yaw_deg,pitch_deg,roll_deg,occlusion"
  }

  func write(_ name: String, _ text: String) throws {
    let file = folder.file(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func lines(count: Int) -> [String] {
    (0..<count).map { clip in
      let start = Double(clip) * 0.8
      let p = clip < 3 ? 0.75 : 0.25
      func text(_ value: Double) -> String { String(format: "%.6f", value) }
      return
        "\(clip),0,\(text(start)),\(text(start + 1.6)),\(text(start + 0.8)),\(clip * 20),\(clip * 20 + 40),ok,1,\(p > 0.5 ? "anger" : "neutral"),"
        + "0.750000,0.500000,\(text(p)),\(text(1 - p)),,,16,1.0000,,,,,,,,,"
    }
  }

  func writeRows(_ name: String, count: Int, location: String? = nil, _ change: ([String]) -> [String] = { $0 })
    throws
  {
    try write(name, ([header] + change(lines(count: count))).map { $0 + "\n" }.joined())
    let stem = (name as NSString).deletingPathExtension
    try write(
      stem + ".run.json",
      "{\"input\":{\"location\":\"\(location ?? "videos/\((stem as NSString).lastPathComponent).mp4")\"}}")
  }

  func dfer(_ arguments: String..., in place: String = "") throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: folder.file(place))
  }
}
