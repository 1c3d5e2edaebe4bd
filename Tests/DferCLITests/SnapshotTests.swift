import ArgumentParser
import DferTestSupport
import Foundation
import Testing

@testable import DferCLI

/// Help and messages as people see them, beside what they were: a change of words is a change that somebody read.
/// `DFER_UPDATE_SNAPSHOTS=1` writes them anew, and the path of a folder writes them there.
@Suite struct SnapshotTests {
  private static let update = ProcessInfo.processInfo.environment["DFER_UPDATE_SNAPSHOTS"]
  private static let folder =
    if let update, update.hasPrefix("/") {
      URL(fileURLWithPath: update)
    } else {
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots")
    }

  private func compare(_ text: String, with name: String) throws {
    let file = Self.folder.appendingPathComponent(name)
    if Self.update != nil {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let known = try? String(contentsOf: file, encoding: .utf8)
    #expect(text == known, "\(name) has changed; DFER_UPDATE_SNAPSHOTS=1 writes it anew")
  }

  /// Lines without the blanks that the help generator leaves behind words.
  private func trimmed(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  @Test func helpOfEveryCommand() throws {
    let root = DferCommand.helpMessage(columns: 80)
    #expect(root.split(separator: "\n", omittingEmptySubsequences: false).count <= 50, "one screen")
    try compare(trimmed(root), with: "help.txt")
    for command in DferCommand.commands {
      let name = command.name
      let help = DferCommand.helpMessage(for: command.type, columns: 80)
      for line in help.split(separator: "\n") where line.count > 80 {
        #expect(!line.contains(" ") || line.hasPrefix("USAGE"), "\(name): \(line)")
      }
      try compare(trimmed(help), with: "help-\(name.replacing(" ", with: "-")).txt")
    }
  }

  /// The mistakes that are made most.
  private static let mistakes = [
    "wach talk.mp4", "watch", "watch talk.mp4 --overwite", "watch talk.mp4 --hop", "watch talk.mp4 --hop fast",
    "watch talk.mp4 --hop 0", "watch talk.mp4 --max-faces -1", "watch a.mp4 b.mp4", "watch none.mp4", "watch notes.txt",
    "watch empty.mp4", "watch notes.avi", "watch folder", "watch talk.mp4 --pipeline mtcae-dferr",
    "watch notes.txt -o rows.doc",
    "watch notes.txt -o rows.csv --split-every 90", "export rows.csv -o there.eaf", "export rows.csv -o rows.csv",
    "export rows.csv -o none/rows.eaf", "export rows.csv -o rows.parquet", "summary notes.txt", "summary none.csv",
    "merge rows.csv", "merge rows.csv other.csv -o all.csv", "batch -o rows", "batch folder -o rows",
    "compare rows.csv notes.txt", "compare rows.csv rows.csv --pair a=b", "verify rows.csv empty.mp4",
    "inspect none.safetensors", "inspect notes.safetensors", "evaluate --data none.csv --weights none.safetensors",
    "train", "train clip --data a.csv -o m", "train images --pipeline lanmsf --data a.csv -o m",
    "train detector --data a.csv -o m --freeze encoder.",
  ]

  @Test func messagesOfCommonMistakes() throws {
    let scratch = try ScratchFolder()
    try FileManager.default.createDirectory(at: scratch.file("folder"), withIntermediateDirectories: true)
    for (name, text) in [
      ("notes.txt", "no video\n"), ("notes.avi", "no video\n"), ("notes.safetensors", "no weights\n"),
      ("empty.mp4", ""), ("there.eaf", "precious\n"),
      ("other.csv", "x,y\n1,2\n"),
      (
        "rows.csv",
        "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_happiness,p_neutral,"
          + "face_frames,coverage,box_x,box_y,box_w,box_h,detection_score,yaw_deg,pitch_deg,roll_deg,detector_mask_probability\n"
          + "0,0,0.0,1.6,0.8,0,40,ok,1,happiness,0.9,0.8,0.9,0.1,16,1.0,1.0,2.0,3.0,4.0,0.9,,,0.0,0.1\n"
      ),
    ] { try text.write(to: scratch.file(name), atomically: true, encoding: .utf8) }
    try FileManager.default.copyItem(
      at: Shared.root.appendingPathComponent("Samples/no-face.mp4"), to: scratch.file("talk.mp4"))
    let files = [
      "talk.mp4", "a.mp4", "b.mp4", "none.mp4", "notes.txt", "notes.avi", "empty.mp4", "folder", "rows.doc", "rows.csv",
      "there.eaf",
      "none/rows.eaf", "rows.parquet", "none.csv", "other.csv", "all.csv", "rows", "none.safetensors",
      "notes.safetensors",
      "a.csv",
    ]
    let root = scratch.url.path + "/"
    let lines = Self.mistakes.map { line in
      let words = line.split(separator: " ").map { files.contains(String($0)) ? root + $0 : String($0) }
      let (message, status) = Self.outcome(RenamedOptions(words).arguments)
      return "$ dfer \(line)\n\(trimmed(message))\n[\(status)]\n"
    }
    let text = lines.joined(separator: "\n").replacing(scratch.url.resolvingSymlinksInPath().path + "/", with: "")
      .replacing(root, with: "")
    try compare(text, with: "messages.txt")
  }

  /// What a command says that cannot be carried out, and its exit code.
  private static func outcome(_ arguments: [String]) -> (message: String, status: Int32) {
    do {
      if let message = DferCommand.unknownCommand(in: arguments) { throw Failure.usage(message) }
      var command = try DferCommand.parseAsRoot(arguments)
      try command.run()
      return ("no message", 0)
    } catch let status as DferCLI.ExitStatus {
      return ("", status.rawValue)
    } catch {
      guard let failure = Failure(error, of: arguments) else { return ("help", 0) }
      return (failure.message, failure.status.rawValue)
    }
  }
}
