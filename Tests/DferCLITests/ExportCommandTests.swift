import DferTestSupport
import Foundation
import Testing

/// `dfer export`, `summary` and `compare` as the shell sees them.
@Suite struct ExportCommandTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    let header =
      "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_joy,p_neutral,"
      + "face_frames,coverage,box_x,box_y,box_w,box_h,detection_score,yaw_deg,pitch_deg,roll_deg,detector_mask_probability"
    let rows = [
      "0,0,0.000000,1.600000,0.800000,0,40,ok,1,neutral,0.750000,0.500000,0.250000,0.750000,16,1.0000,,,,,,,,,",
      "1,0,0.800000,2.400000,1.600000,20,60,ok,1,joy,0.750000,0.500000,0.750000,0.250000,16,1.0000,,,,,,,,,",
      "2,,1.600000,3.200000,2.400000,40,80,no_face,0,,,,,,,,,,,,,,,,",
    ]
    try ([header] + rows).map { $0 + "\n" }.joined().write(
      to: folder.file("talk.csv"), atomically: true, encoding: .utf8)
    try "{\"input\":{\"location\":\"clips/talk.mp4\"}}".write(
      to: folder.file("talk.run.json"), atomically: true, encoding: .utf8)
  }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: folder.url)
  }

  @Test func exportsAndTellsWhatIsWrong() throws {
    #expect(try dfer("export", "talk.csv", "-o", "talk.eaf", "-o", "talk.html").status == 0)
    #expect(try String(contentsOf: folder.file("talk.eaf"), encoding: .utf8).contains("\"./clips/talk.mp4\""))
    let again = try dfer("export", "talk.csv", "-o", "talk.eaf")
    #expect(
      again.status == 5 && again.errors.hasSuffix("dfer: talk.eaf: already exists; use --overwrite to replace it\n"))
    #expect(try dfer("export", "talk.csv", "-o", "talk.eaf", "--overwrite").status == 0)
    #expect(try dfer("export", "talk.csv", "-o", "talk.docx").status == 2)
    #expect(try dfer("export", "none.csv", "-o", "none.eaf").status == 3)
    #expect(try dfer("export", "talk.eaf", "-o", "x.srt").status == 3)
    #expect(try dfer("export", "talk.csv", "-o", "talk.csv", "--overwrite").status == 5)
    #expect(
      try dfer("export", "talk.csv", "-o", "-", "--format", "csv").output
        == String(contentsOf: folder.file("talk.csv"), encoding: .utf8))
    #expect(
      try dfer("export", "talk.csv", "-o", "-", "--format", "vtt").output.hasPrefix(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.200\n"))
  }

  @Test func restIsTakenFromAPeriodOrAnotherTable() throws {
    let talk = try String(contentsOf: folder.file("talk.csv"), encoding: .utf8)
    #expect(try dfer("export", "talk.csv", "--neutral-period", "0-1.2", "-o", "a.csv").status == 0)
    let corrected = try String(contentsOf: folder.file("a.csv"), encoding: .utf8)
    #expect(corrected.contains("m_neutral") && corrected.contains(",ok,1,neutral,0.750000,0.500000,0.250000,0.750000,"))
    for period in ["3", "2-2.5", "3-1", "a-b"] {
      let wrong = try dfer("export", "talk.csv", "--neutral-period", period, "-o", "b.csv")
      #expect(wrong.status == 2 && wrong.errors.contains("at least 1 s like 0-3"))
    }
    let late = try dfer("export", "talk.csv", "--neutral-period", "90-95", "-o", "c.csv")
    #expect(late.status == 0 && late.errors.contains("too little rest was seen of face 0 for --neutral-period"))
    #expect(
      try dfer("export", "talk.csv", "--neutral-period", "0-3", "--neutral-rows", "talk.csv", "-o", "d.csv").status == 2
    )

    #expect(try dfer("export", "talk.csv", "--neutral-rows", "talk.csv", "-o", "e.csv").status == 0)
    #expect(
      try String(contentsOf: folder.file("e.model.json"), encoding: .utf8).contains("\"neutral_rows\" : \"talk.csv\""))
    try
      (talk + "3,0,2.4,4.0,3.2,60,100,ok,1,joy,0.75,0.5,0.75,0.25,16,1,,,,,,,,,\n"
      + "3,1,2.4,4.0,3.2,60,100,ok,1,joy,0.75,0.5,0.75,0.25,16,1,,,,,,,,,\n").write(
        to: folder.file("two.csv"), atomically: true, encoding: .utf8)
    let two = try dfer("summary", "talk.csv", "--neutral-rows", "two.csv")
    #expect(two.status == 3 && two.errors.contains("two.csv: two faces at 2.4"))
    try talk.replacingOccurrences(of: "joy", with: "anger").write(
      to: folder.file("other.csv"), atomically: true, encoding: .utf8)
    let other = try dfer("summary", "talk.csv", "--neutral-rows", "other.csv")
    #expect(other.status == 3 && other.errors.contains("are not those of"))
    #expect(try dfer("summary", "talk.csv", "--neutral-rows", "none.csv").status == 3)
  }

  @Test func summarises() throws {
    let result = try dfer("summary", "talk.csv", "./talk.csv")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2 && result.errors == "./talk.csv: skipped, it is given twice\n")
    #expect(
      lines[1].hasPrefix(
        "clips/talk.mp4,0,3.200,0.000,1.200,0.000,2.000,2.000,0.000,2,0.750000,2,1,30.000000,,,0.000,0.400000,"))
  }

  @Test func mergedTablesAreReadVideoByVideo() throws {
    let text = try String(contentsOf: folder.file("talk.csv"), encoding: .utf8)
    try text.write(to: folder.file("more.csv"), atomically: true, encoding: .utf8)
    #expect(try dfer("merge", "talk.csv", "more.csv", "-o", "all.csv").status == 0)
    let lines = try dfer("summary", "all.csv").output.split(separator: "\n").map {
      $0.split(separator: ",", maxSplits: 1)
    }
    #expect(lines.map { $0[0] } == ["video", "talk", "more"] && lines[1][1] == lines[2][1])
    #expect(try dfer("export", "all.csv", "-o", "all.eaf").status == 3)
    #expect(try dfer("compare", "all.csv", "talk.csv").status == 3)
  }

  @Test func compares() throws {
    #expect(try dfer("export", "talk.csv", "-o", "coder.eaf").status == 0)
    let result = try dfer("compare", "coder.eaf", "talk.csv", "--map", "joy=happiness", "-o", "table.csv")
    #expect(result.status == 0 && result.output.contains("Cohen's kappa  1.000"))
    #expect(
      try String(contentsOf: folder.file("table.csv"), encoding: .utf8).hasPrefix(
        "reference,other,seconds\nhappiness,happiness,0.800\n"))
    #expect(try dfer("compare", "coder.eaf", "talk.csv", "--pair", "Anna=Face 0").status == 2)
    #expect(try dfer("compare", "coder.eaf", "talk.run.json").status == 3)
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
  func aFolderOfImagesIsReadAgainAsItWas() throws {
    try FileManager.default.createDirectory(at: folder.file("images"), withIntermediateDirectories: true)
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    try Tool.ffmpeg(["-i", sample, "-t", "2", "-vf", "fps=5", folder.file("images/%03d.jpg").path])
    #expect(
      try dfer("watch", "images", "--image-rate", "5", "--keep-tubes", "0.1", "--quiet", "-o", "i.csv").status == 0)
    let verified = try dfer("verify", "i.csv", "images")
    #expect(verified.status == 0 && verified.output.contains("good rows cover the whole video"), "\(verified.output)")
    let exported = try dfer("export", "i.csv", "-o", "i.mp4")
    #expect(exported.status == 0, "\(exported.errors)")
    let facts = try dfer("inspect", "i.mp4").output
    #expect(facts.contains("frame rate      5.0") && facts.contains("0:02.0"), "\(facts)")
  }
}
