import DferTestSupport
import Foundation
import Testing

/// `dfer group` on the samples, joined: a head, two side by side, the first one again. All rendered heads look alike.
@Suite(.enabled(if: Tool.hasFFmpeg, "ffmpeg makes the video")) struct GroupCommandTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: folder.url)
  }

  /// - Parameter parts: samples, and from when to when.
  private func makeVideo(
    _ parts: [(String, String, String)] = [("one-face", "0", "2"), ("two-faces", "4", "6"), ("one-face", "4", "6")]
  ) throws {
    let samples = Shared.root.appendingPathComponent("Samples")
    var arguments = ["-v", "error"]
    for (name, _, _) in parts { arguments += ["-i", samples.appendingPathComponent("\(name).mp4").path] }
    let cut = parts.enumerated().map { index, part in
      "[\(index):v]trim=\(part.1):\(part.2),setpts=PTS-STARTPTS,fps=25,setsar=1[v\(index)]"
    }
    let joined = parts.indices.map { "[v\($0)]" }.joined() + "concat=n=\(parts.count):v=1:a=0[v]"
    arguments += ["-filter_complex", (cut + [joined]).joined(separator: ";"), "-map", "[v]", folder.file("v.mp4").path]
    let result = try Tool.run(try #require(Tool.find("ffmpeg")), arguments)
    try #require(result.status == 0, "\(result.errors)")
  }

  private func rows(_ name: String) throws -> [[String: String]] {
    let lines = try String(contentsOf: folder.file(name), encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  @Test func aPersonWhoComesBackHasOneNumber() throws {
    try makeVideo()
    #expect(try dfer("watch", "v.mp4", "-o", "v.csv").status == 0)
    let before = try rows("v.csv")
    let faces = Set(before.compactMap { $0["face_id"] }.filter { !$0.isEmpty })
    try #require(faces == ["0", "1", "2", "3"], "\(faces)")
    let result = try dfer("group", "v.csv", "-o", "p.csv")
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("4 faces, 2 persons\n"), "\(result.errors)")
    let after = try rows("p.csv")
    let numbers = zip(before, after).reduce(into: [String: Set<String>]()) {
      $0[$1.0["face_id"] ?? "", default: []].insert($1.1["face_id"] ?? "")
    }
    #expect(numbers.values.allSatisfy { $0.count == 1 } && numbers["0"] == ["0"] && numbers["3"] == ["0"])
    // Side by side they are two, however alike.
    #expect(numbers["1"] != numbers["2"])
    // Nothing else has changed.
    func others(_ rows: [[String: String]]) -> [[String: String]] { rows.map { $0.filter { $0.key != "face_id" } } }
    #expect(Set(others(after)) == Set(others(before)) && after.count == before.count)
    // What it wrote is rows of the video like any others.
    let check = try dfer("verify", "p.csv", "v.mp4")
    #expect(check.status == 0, "\(check.output)")
    #expect(try dfer("summary", "p.csv").output.split(separator: "\n").count == 3)
    let facts = try String(contentsOf: folder.file("p.run.json"), encoding: .utf8).replacing(#/\s/#, with: "")
    #expect(facts.contains(#""grouping":{"faces":[[0,"#) && facts.contains(#""faces":2"#))
    #expect(try dfer("group", "v.csv", "-o", "one.csv", "--persons", "1").errors.contains("4 faces, 2 persons"))
    #expect(try dfer("group", "v.csv", "-o", "all.csv", "--similarity", "1").errors.contains("4 faces, 4 persons"))
    #expect(try rows("all.csv") == before)
    // As TSV, and grouped again: the same persons of the same faces.
    #expect(try dfer("export", "v.csv", "-o", "v2.tsv").status == 0)
    #expect(try dfer("group", "v2.tsv", "-o", "p2.csv", "--media", "v.mp4").status == 0)
    #expect(try rows("p2.csv").map { $0["face_id"] } == after.map { $0["face_id"] })
    #expect(try dfer("group", "p.csv", "-o", "again.csv").status == 0)
    let second = try String(contentsOf: folder.file("again.run.json"), encoding: .utf8).replacing(#/\s/#, with: "")
    #expect(second.contains(#""grouping":{"faces":[[0,"#))
    #expect(try rows("again.csv") == after)
    // Nothing that was read is written over.
    for (arguments, text) in [
      (["v.csv", "-o", "v.tsv", "--overwrite"], "v.run.json: is the input"),
      (["v.csv", "-o", "p.csv"], "already exists"),
      (["v.csv", "-o", "again.tsv"], "again.run.json: already exists"),
    ] {
      let refused = try Tool.run(Tool.dfer, ["group"] + arguments, folder: folder.url)
      #expect(refused.status == 5 && refused.errors.contains(text), "\(refused.errors)")
    }
    // Another video, and one that is cut off.
    let other = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    let wrong = try dfer("group", "v.csv", "-o", "w.csv", "--media", other)
    #expect(wrong.status == 3 && wrong.errors.contains("is not the video of these rows"), "\(wrong.errors)")
    try FileManager.default.copyItem(at: folder.file("v2.tsv"), to: folder.file("alone.tsv"))
    let short = try dfer("group", "alone.tsv", "-o", "w.csv", "--media", other)
    #expect(short.status == 3 && short.errors.contains("it ends at 3.0 s, and the rows at 6.0 s"), "\(short.errors)")
  }

  /// Nothing is looked at after the last face, and that is no sign of another video.
  @Test func aVideoMayGoOnWithoutFaces() throws {
    try makeVideo([("one-face", "0", "2"), ("no-face", "0", "3"), ("one-face", "4", "6"), ("no-face", "0", "3")])
    #expect(try dfer("watch", "v.mp4", "-o", "v.csv").status == 0)
    let result = try dfer("group", "v.csv", "-o", "p.csv")
    #expect(result.status == 0 && result.errors.contains("2 faces, 1 person\n"), "\(result.errors)")
  }

  @Test func whatIsMissingIsNamed() throws {
    try Data("clip,face_id\n".utf8).write(to: folder.file("no.csv"))
    let header =
      "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_anger,"
      + "p_neutral,face_frames,coverage,box_x,box_y,box_w,box_h,detection_score,yaw_deg,pitch_deg,roll_deg,"
      + "detector_mask_probability"
    try Data((header + "\n0,0,0,1.6,0.8,0,40,ok,1,anger,0.75,0.5,0.75,0.25,16,1,1,1,50,50,0.9,,,,\n").utf8)
      .write(to: folder.file("rows.csv"))
    for (arguments, status, text) in [
      (["rows.csv", "-o", "out.csv"], 3, "no .run.json beside the rows names it; --media gives its place"),
      (["rows.csv", "-o", "out.csv", "--media", "gone.mp4"], 3, "gone.mp4\" is not here; --media gives its place"),
      (["no.csv", "-o", "out.csv"], 3, "no.csv: line 1: neither rows of dfer"),
      (["rows.csv", "-o", "rows.csv"], 5, "is the input"),
      (["rows.csv", "-o", "out.eaf"], 2, "rows are written as .csv or .tsv"),
      (["rows.csv", "-o", "out.csv", "--persons", "0"], 2, "--persons must be at least 1"),
      (["rows.csv", "-o", "out.csv", "--similarity", "2"], 2, "--similarity must be 0 to 1"),
    ] as [([String], Int32, String)] {
      let result = try Tool.run(Tool.dfer, ["group"] + arguments, folder: folder.url)
      #expect(
        result.status == status && result.errors.contains(text), "\(arguments): \(result.status) \(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("out.csv").path))
    }
  }
}
