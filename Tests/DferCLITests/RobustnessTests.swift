import DferTestSupport
import Foundation
import Testing

/// A small share of `Tests/Robustness`: the maker of damaged and hostile files, and the runner that says what breaks a
/// promise. `make hostile` takes all of them.
@Suite(.enabled(if: Tool.hasFFmpeg && Tool.find("python3") != nil, "needs ffmpeg and python3"))
struct RobustnessTests {
  @Test(.timeLimit(.minutes(10))) func aFewHostileFilesBreakNoPromise() throws {
    let scratch = try ScratchFolder()
    let python = try #require(Tool.find("python3"))
    let folder = Shared.root.appendingPathComponent("Tests/Robustness")
    let made = try Tool.run(
      python,
      [
        folder.appendingPathComponent("make_hostile.py").path,
        Shared.root.appendingPathComponent("Samples/one-face.mp4").path,
        scratch.file("files").path, "--count", "32", "--seed", "7",
      ])
    #expect(made.status == 0, "\(made.errors)")
    let result = try Tool.run(
      python,
      [
        folder.appendingPathComponent("run_hostile.py").path, Tool.dfer.path, scratch.file("files").path, "--out",
        scratch.file("rows").path,
      ])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }
}
