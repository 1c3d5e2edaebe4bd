import DferTestSupport
import Foundation
import Testing

/// `dfer train` and `dfer evaluate` as a person uses them, with a toy network.
@Suite(.enabled(if: Tool.hasFFmpeg)) struct CommandTests {
  private let toy: Toy
  private var folder: URL { toy.folder.url }

  /// Twelve images with three classes and a packed set of them.
  init() throws {
    toy = try Toy()
    try Tool.ffmpeg([
      "-f", "lavfi", "-i", "testsrc2=s=32x32:r=12:d=1", "-c:v", "ffv1", toy.folder.file("set.mkv").path,
    ])
    let rows = (0..<12).map { "\($0),\(["top", "bottom", "middle"][$0 % 3]),4,5,28,30" }
    try (["frame,label,x0,y0,x1,y1"] + rows).joined(separator: "\n").write(
      to: toy.folder.file("set.csv"), atomically: true, encoding: .utf8)
  }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: folder)
  }

  @Test func aTrainingIsMeasuredStoppedAndResumed() throws {
    let options = [
      "train", "clips", "--data", "set.csv", "--valid", "set.csv", "--weights", "start.safetensors", "-o", "mine",
      "--batch", "4", "--steps", "6", "--eval-interval", "3", "--balance",
    ]
    let first = try Tool.run(Tool.dfer, options, folder: folder)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.hasSuffix("mine/weights.safetensors\n"))
    #expect(first.errors.contains("step 0: ") && first.errors.contains("step 6: "))
    let again = try Tool.run(Tool.dfer, options, folder: folder)
    #expect(again.status == 3 && again.errors.contains("use --resume to continue it"))
    let resumed = try Tool.run(Tool.dfer, options + ["--resume"], folder: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    let other = try Tool.run(Tool.dfer, options + ["--resume", "--seed", "4"], folder: folder)
    #expect(other.status == 3 && other.errors.contains("made with other settings"))

    let measured = try dfer(
      "evaluate", "--data", "set.csv", "--weights", "mine/weights.safetensors", "--json", "f.json", "--confusion",
      "c.csv", "--predictions", "a.csv", "--baseline-input-mode", "clip")
    #expect(measured.status == 0, "\(measured.errors)")
    #expect(measured.output.hasPrefix("12 faces of set.csv, one tubelet\nall 3 classes (n = 12): accuracy (WAR) "))
    let table = try String(contentsOf: folder.appendingPathComponent("c.csv"), encoding: .utf8)
    #expect(table.hasPrefix("truth,top,bottom,middle\ntop,"))
    let figures = try String(contentsOf: folder.appendingPathComponent("f.json"), encoding: .utf8)
    #expect(figures.contains("\"gain\" : {"))
    #expect(measured.output.contains("\none tubelet over whole clips (n = 12): WAR "))
    let predictions = try String(contentsOf: folder.appendingPathComponent("a.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(predictions.count == 13 && predictions[0] == "name,truth,answer,confidence,p_top,p_bottom,p_middle")
    #expect(predictions[1].hasPrefix("\"set.csv, ") && predictions[1].split(separator: ",").count == 8)
    let nowhere = try dfer(
      "evaluate", "--data", "set.csv", "--weights", "start.safetensors", "--predictions", "none/a.csv")
    #expect(nowhere.status == 5 && nowhere.output.isEmpty, "found before anything is read")
    #expect(nowhere.errors.contains("none/a.csv: its folder does not exist"))
    let same = try dfer(
      "evaluate", "--data", "set.csv", "--weights", "mine/weights.safetensors", "--baseline-input-mode", "tubelet")
    #expect(
      same.status == 2 && same.errors.contains("--baseline-input-mode tubelet: the faces are read like this already"))
  }

  @Test func mistakesAreNamed() throws {
    try "path,label\nset.mkv,top\nset.mkv,bored\n".write(
      to: toy.folder.file("list.csv"), atomically: true, encoding: .utf8)
    let label = try dfer("evaluate", "--data", "list.csv", "--weights", "start.safetensors")
    #expect(label.status == 3)
    #expect(label.errors.contains("list.csv, line 3: label \"bored\" is none of top, bottom, middle"))
    let missing = try dfer("evaluate", "--data", "none.csv", "--weights", "start.safetensors")
    #expect(missing.status == 3 && missing.errors.contains("none.csv: there is no such text file"))
    #expect(try dfer("train", "clips", "--data", "set.csv", "-o", "x", "--loss-weights", "1,2").status == 2)
    #expect(try dfer("evaluate", "--data", "set.csv", "--subsample", "0").status == 2)
  }

  @Test(arguments: [
    (["images", "--pipeline", "lanmsff", "--keep-tubes", "0.5"], "--keep-tubes"),
    (["--pipeline", "cross-task-vit", "--episodes", "0.5", "--clip-share", "1"], "--episodes"),
    (["--pipeline", "face-finder", "--stem-rate", "0.5"], "--stem-rate"),
    (
      ["images", "--pipeline", "lanmsff", "--loss-weights", "1,1"],
      "--loss-weights is not supported by --pipeline lanmsff"
    ),
    (["images", "--pipeline", "lanmsf"], "did you mean 'lanmsff'?"),
    (["clips", "--episodes", "0.5"], "--episodes requires whole clips"),
    (["clips", "--cached-views", "2"], "--cached-views requires --cache"),
    (["clips", "--teacher-weight", "0.2"], "--teacher-weight requires --teacher"),
  ])
  func whatWouldNotBeObeyedIsRefused(_ options: [String], reason: String) throws {
    let result = try Tool.run(Tool.dfer, ["train"] + options + ["--data", "set.csv", "-o", "x"], folder: folder)
    #expect(result.status == 2 && result.errors.contains(reason), "\(result.errors)")
  }
}
