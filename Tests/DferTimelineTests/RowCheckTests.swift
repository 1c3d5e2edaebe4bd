import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// The judge of all tables that tests make finds what is wrong with one.
@Suite struct RowCheckTests {
  private func lines(_ format: OutputFormat, in folder: ScratchFolder) throws -> [String] {
    let file = folder.file("good.\(format.rawValue)")
    var writer = try format.writer(
      to: file.path, overwrite: false,
      layout: RowLayout(labels: ["anger", "neutral", "surprise"], includesMotion: true))
    for var row in exampleRows(["nnaas..", ".sn...."]) {
      if row.faceID != nil {
        (row.box, row.detectionScore, row.faceFrames, row.coverage) = (
          Rect(x: -3, y: 4, width: 50, height: 60), 0.9, 12, 0.75
        )
        (row.motion, row.rollDegrees, row.detectorMaskProbability) = (3, -4, 0.1)
      }
      try writer.write(row)
    }
    var gap = ClipResult(clip: 7, startSeconds: 6.4, endSeconds: 8, status: .decodeGap)
    gap.wallTime = nil
    try writer.write(gap)
    try writer.finish()
    #expect(RowCheck.faults(of: file).isEmpty, "\(RowCheck.faults(of: file))")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test func everyFaultIsFound() throws {
    let folder = try ScratchFolder()
    for format in [OutputFormat.tsv, .jsonl] { _ = try lines(format, in: folder) }
    let good = try lines(.csv, in: folder)
    func faults(_ change: (inout [String]) -> Void) throws -> [String] {
      var lines = good
      change(&lines)
      let file = folder.file("bad.csv")
      try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
      return RowCheck.faults(of: file).map(\.kind)
    }
    func cell(_ name: String, _ value: String, line: Int = 1) throws -> [String] {
      let column = good[0].split(separator: ",").map(String.init).firstIndex(of: name) ?? 0
      return try faults { lines in
        var cells = lines[line].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        cells[column] = value
        lines[line] = cells.joined(separator: ",")
      }
    }
    #expect(try faults { _ in }.isEmpty)
    for (name, value, kind) in [
      ("end_s", "0", "ends before it starts"), ("time_s", "0.7", "time_s is not the middle"),
      ("clip", "5", "clips step back"),
      ("start_frame", "40", "an empty range of frames"), ("status", "fine", "unknown status"),
      ("success", "0", "success does not follow status"),
      ("label", "anger", "label is not the likeliest"),
      ("confidence", "0.7", "confidence is not the label's probability"),
      ("margin", "0", "margin is not the lead"), ("p_anger", "0.3", "probabilities do not sum to 1"),
      ("p_anger", "nan", "not a plain number"),
      ("p_anger", "", "a read row lacks probabilities or a face"), ("box_w", "0", "no box"),
      ("face_frames", "0", "face_frames"),
      ("coverage", "1.5", "outside its range"), ("roll_deg", "-0.00", "negative zero"),
      ("motion", "1e3", "not a plain number"),
      ("start_s", "", "a time is missing"), ("box_x", "1000000000000", "absurd size"),
    ] {
      let found = try cell(name, value)
      #expect(found.contains(kind), "\(name) \(value): \(found)")
    }
    #expect(try faults { $0.swapAt(1, 4) }.contains("times step back"))
    #expect(try faults { $0.remove(at: 1) }.contains("the beginning has no row"))
    #expect(try faults { $0.removeSubrange(3...8) }.contains("clip numbers leave one out"))
    #expect(try faults { $0[2] += "," }.contains("wrong number of cells"))
    #expect(try faults { $0.insert($0[3], at: 4) }.contains("faces of a clip are not in order"))
    #expect(try cell("face_id", "0", line: good.count - 2).contains("a row without a face has face data"))
    #expect(try cell("start_frame", "3", line: good.count - 1).contains("a gap has frames"))
  }
}
