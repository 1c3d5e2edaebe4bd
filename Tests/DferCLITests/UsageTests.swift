import DferTestSupport
import Foundation
import Testing

/// What `dfer` says to commands that cannot be right, and how it is used in a pipe.
@Suite struct UsageTests {
  private let scratch: ScratchFolder
  private let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4")

  init() throws { scratch = try ScratchFolder() }

  private func dfer(_ arguments: String..., input: Data? = nil) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, input: input, folder: scratch.url)
  }

  private func shell(_ line: String) throws -> Tool.Result {
    try Tool.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line], folder: scratch.url, environment: ["DFER": Tool.dfer.path])
  }

  @Test func usageErrors() throws {
    #expect(try dfer("watch").status == 2)
    #expect(try dfer("wach").status == 2)
    #expect(try dfer("watch", sample.path, "--hop", "0").status == 2)
    #expect(try dfer("watch", sample.path, "--colour").status == 2)
    #expect(try dfer("watch", sample.path, "-o", "rows.doc").status == 2)
    #expect(try dfer("--help").status == 0)
    let pipeline = try dfer("watch", sample.path, "--pipeline", "mtcae-dferr")
    #expect(pipeline.status == 2 && pipeline.errors.contains("did you mean 'mtcae-dfer'?"), "\(pipeline.errors)")
    #expect(try dfer("wach", "a.mp4").errors.contains("no command 'wach'; did you mean 'watch'?"))
    #expect(try dfer("watch", "a.mp4", "--max-faces", "-1").errors.contains("--max-faces must be at least 1"))
  }

  /// An option that would do nothing is no option that worked.
  @Test(arguments: [
    "watch V --image-rate 5", "watch V --camera-rate 5", "watch V --port 99", "watch V --pixelate -o r.csv",
    "watch V --frames f.csv --frame-rows moments --blinks b.csv", "export r.csv --observation x -o r.eaf",
    "export r.csv --neutral-period 0-3 --neutral-baseline -o r.eaf",
  ]) func optionsThatDoNotApply(_ line: String) throws {
    let words = line.split(separator: " ").map { $0 == "V" ? sample.path : String($0) }
    let result = try Tool.run(Tool.dfer, words, folder: scratch.url)
    #expect(result.status == 2, "\(result)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
  }

  /// FFmpeg's further names of a format are files as well: they end.
  @Test func furtherNamesOfFormats() throws {
    let result = try shell(
      "timeout 60 \"$DFER\" watch '\(sample.path)' --input-format mp4 --keep-tubes 0.1 -q -o m.csv")
    #expect(result.status == 0, "\(result)")
    #expect(try dfer("verify", "m.csv", sample.path, "-q").status == 0)
  }

  @Test func closedInputAndFilesThatAreNotThere() throws {
    #expect(try shell("\"$DFER\" batch --list - -o rows <&-").status == 2)
    for line in ["merge none.csv -o m.csv", "summary none.csv", "batch --list none.txt -o rows"] {
      let result = try Tool.run(Tool.dfer, line.split(separator: " ").map(String.init), folder: scratch.url)
      #expect(result.status == 3 && result.errors.contains("no such file"), "\(line): \(result)")
    }
  }

  /// What cannot be printed is no success, whatever was to be printed.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs a full device"))
  func aFullStandardOutput() throws {
    for command in ["--help", "models", "watch --help"] {
      let result = try shell("\"$DFER\" \(command) > /dev/full")
      #expect(result.status == 5 && result.errors.contains("no space is left"), "\(command): \(result)")
    }
    let piped = try shell("\"$DFER\" models | head -n 1; exit ${PIPESTATUS[0]}")
    #expect(piped.errors.isEmpty, "\(piped)")
  }

  /// One second of the sample, whose rows say where it lies in the whole.
  @Test func aPartOfAVideo() throws {
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    for (start, end, word) in [
      ("2:00", "1:00", "--end must come after --start"), ("soon", "9", "not a time like"),
      ("1:75", "99:00", "not a time"),
    ] {
      let result = try dfer("watch", sample, "--start", start, "--end", end)
      #expect(result.status == 2 && result.errors.contains(word), "\(result.errors)")
    }
    let late = try dfer("watch", sample, "--start", "1:00", "-o", "late.csv")
    #expect(late.status == 3 && late.errors.contains("before the part to read begins"), "\(late.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("late.csv").path))
    let part = try dfer("watch", sample, "--start", "0:02", "--end", "3s", "--keep-tubes", "0.1", "-o", "part.csv")
    #expect(part.status == 0, "\(part.errors)")
    let rows = try String(contentsOf: scratch.file("part.csv"), encoding: .utf8).split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.first?[2] == "2.000000" && rows.last?[3] == "3.000000" && rows.first?[5] != "0")
    let verified = try dfer("verify", "part.csv", sample)
    #expect(
      verified.status == 0 && verified.output.contains("rows cover the part of the video that was asked for"),
      "\(verified.output)")
  }

  /// The file says that a frame lasts long which another one replaces at once: rows and `verify` agree where the video ends.
  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
  func aFrameLastsUntilTheNextOne() throws {
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let (coded, video) = (scratch.file("coded.mp4").path, scratch.file("long.mp4").path)
    let order = ["-bf", "3", "-x264-params", "b-adapt=0:keyint=100:scenecut=0"]
    try Tool.ffmpeg(["-i", sample, "-an", "-frames:v", "24", "-c:v", "libx264"] + order + [coded])
    try Tool.ffmpeg(["-i", coded, "-c", "copy", "-bsf:v", "setts=duration='if(eq(N,23),5*DURATION,DURATION)'", video])
    let read = try dfer("watch", video, "--keep-tubes", "0.1", "-o", "long.csv")
    #expect(read.status == 0 || read.status == 4, "\(read.errors)")
    let verified = try dfer("verify", "long.csv", video)
    #expect(verified.status == 0 && verified.output.contains("rows cover the whole video"), "\(verified.output)")
  }

  @Test func overwritesWhenAsked() throws {
    try Data("old\n".utf8).write(to: scratch.file("rows.csv"))
    #expect(try dfer("watch", sample.path, "-o", "rows.csv").status == 5)
    #expect(try dfer("watch", sample.path, "-o", "rows.csv", "--overwrite").status == 0)
    #expect(try String(contentsOf: scratch.file("rows.csv"), encoding: .utf8).hasPrefix("clip,face_id,start_s"))
  }

  /// One name for two outputs would lose one of them, and an output in the place of an input would lose that.
  @Test func outputsAreDistinctAndNoInputs() throws {
    let video = sample.path
    #expect(try dfer("watch", video, "-o", "rows.csv").status == 0)
    try FileManager.default.createSymbolicLink(atPath: scratch.file("link.csv").path, withDestinationPath: "twice.csv")
    for arguments in [
      ["watch", video, "-o", "twice.csv", "-o", "./twice.csv"], ["watch", video, "-o", "link.csv", "-o", "twice.csv"],
      ["watch", video, "-o", "-", "-o", "-"],
      ["export", "rows.csv", "-o", "twice.eaf", "-o", "twice.eaf"],
    ] {
      let result = try Tool.run(Tool.dfer, arguments + ["--overwrite"], folder: scratch.url)
      #expect(result.status == 5 && result.errors.contains("is given twice"), "\(arguments): \(result.errors)")
    }
    let manifest = try dfer("watch", video, "-o", "a.csv", "-o", "a.run.json")
    #expect(manifest.status == 5 && manifest.errors.contains("belong to the manifests"), "\(manifest.errors)")
    for arguments in [
      ["export", "rows.csv", "-o", "rows.csv"], ["summary", "rows.csv", "-o", "rows.csv"],
      ["compare", "rows.csv", "rows.csv", "-o", "rows.csv"], ["merge", "rows.csv", "-o", "rows.csv"],
    ] {
      let result = try Tool.run(Tool.dfer, arguments + ["--overwrite"], folder: scratch.url)
      #expect(result.status == 5 && result.errors.contains("is the input"), "\(arguments): \(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.file("twice.csv").path))
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program")) func standardInputAndOutput() throws {
    let mkv = scratch.file("in.mkv")
    try Tool.ffmpeg(["-i", sample.path, "-an", "-c", "copy", mkv.path])
    let result = try dfer("watch", "-", "-o", "-", "--quiet", input: Data(contentsOf: mkv))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("clip,face_id,start_s"))
    #expect(result.output.split(separator: "\n").count > 1)
  }
}
