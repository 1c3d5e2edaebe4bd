import DferTestSupport
import Foundation
import Testing

/// What the documents tell people to type does what they say.
@Suite struct DocumentTests {
  private static let page =
    (try? String(
      contentsOf: Shared.root.appendingPathComponent("docs/analysis.md"), encoding: .utf8)) ?? ""

  /// The blocks of a language in docs/analysis.md.
  private static func blocks(_ language: String) -> [String] {
    page.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
  }

  /// A folder with the files that the blocks read.
  private func prepared() throws -> ScratchFolder {
    let folder = try ScratchFolder()
    let header =
      "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_happiness,p_neutral,"
      + "valence,arousal,face_frames,coverage,box_x,box_y,box_w,box_h,box_score,yaw_deg,pitch_deg,roll_deg,occlusion"
    var lines = [header]
    for clip in 0..<8 {
      for face in 0..<2 {
        let joy = Double((clip * 37 + face * 53) % 100) / 100
        let (label, best) = joy > 0.5 ? ("happiness", joy) : ("neutral", 1 - joy)
        lines.append(
          "\(clip),\(face),\(Double(clip) * 0.8),\(Double(clip) * 0.8 + 1.6),\(Double(clip) * 0.8 + 0.8),\(clip * 20),\(clip * 20 + 40),"
            + "ok,1,\(label),\(best),\(abs(2 * joy - 1)),\(joy),\(1 - joy),,,16,1.0,,,,,,,,,")
      }
    }
    try (lines.joined(separator: "\n") + "\n").write(to: folder.file("talk.csv"), atomically: true, encoding: .utf8)
    for arguments in [
      ["summary", "talk.csv", "-o", "study.csv"], ["merge", "talk.csv", "-o", "all.csv"],
      ["export", "talk.csv", "-o", "talk.sqlite"],
    ] {
      let result = try Tool.run(Tool.dfer, arguments, folder: folder.url)
      #expect(result.status == 0, "\(result.errors)")
    }
    return folder
  }

  @Test(.enabled(if: Python.has("pandas"), "needs pandas")) func pandasBlocksRun() throws {
    let folder = try prepared()
    let blocks = Self.blocks("python")
    #expect(blocks.count >= 4)
    for block in blocks {
      let result = try Tool.run(try #require(Python.program), ["-c", block], folder: folder.url)
      #expect(result.status == 0, "\(block)\n\(result.errors)")
    }
  }

  @Test(.enabled(if: Tool.find("Rscript") != nil, "needs R")) func rBlocksRun() throws {
    let folder = try prepared()
    let blocks = Self.blocks("r")
    #expect(blocks.count >= 3)
    for block in blocks {
      let result = try Tool.run(try #require(Tool.find("Rscript")), ["-e", block], folder: folder.url)
      #expect(result.status == 0, "\(block)\n\(result.errors)")
    }
  }

  @Test func manualPageIsWellFormed() throws {
    let page = try Tool.run(Tool.dfer, ["manual"])
    #expect(page.status == 0 && page.output.hasPrefix(".TH DFER 1"))
    for command in ["WATCH", "EXPORT", "BATCH", "COMPARE"] { #expect(page.output.contains(".SH \(command)")) }
    guard let man = Tool.find("man") else { return }
    let folder = try ScratchFolder()
    try page.output.write(to: folder.file("dfer.1"), atomically: true, encoding: .utf8)
    let shown = try Tool.run(
      man, ["--warnings", "-l", folder.file("dfer.1").path], environment: ["MANPAGER": "cat", "MANWIDTH": "100"])
    #expect(shown.status == 0 && !shown.errors.contains("warning"), "\(shown.errors)")
    #expect(shown.output.contains("--abstain-below"))
  }

  @Test func linksOfTheDocumentsLeadSomewhere() throws {
    let folder = Shared.root.appendingPathComponent("docs")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".md") {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      for part in text.components(separatedBy: "](").dropFirst() {
        let target = part.prefix { $0 != ")" && $0 != "#" }
        guard !target.isEmpty, !target.contains("://") else { continue }
        #expect(
          FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(target)).path),
          "\(name): \(target)")
      }
    }
  }
}
