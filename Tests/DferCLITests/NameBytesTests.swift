import DferTestSupport
import DferVideo
import Foundation
import Testing

/// Names of files that are not UTF-8, or that hold what a terminal takes for commands: read and recorded as they are, or
/// refused by name.
@Suite(.enabled(if: Tool.find("bash") != nil, "needs bash"))
struct NameBytesTests {
  private let scratch: ScratchFolder
  private let bash: URL
  private let files = FileManager.default

  init() throws {
    scratch = try ScratchFolder()
    bash = try #require(Tool.find("bash"))
    try files.copyItem(at: Shared.root.appendingPathComponent("Samples/no-face.mp4"), to: scratch.file("a.mp4"))
  }

  /// Runs a line of bash in the scratch folder, where `$dfer` is the program and `$L` a name in Latin-1.
  private func run(_ line: String) throws -> Tool.Result {
    try Tool.run(bash, ["-c", "L=$'M\\xfcller'; " + line], folder: scratch.url, environment: ["dfer": Tool.dfer.path])
  }

  private func names() throws -> Set<String> { Set(try #require(Folder(scratch.url.path)).entries.map(\.name)) }

  @Test func anInputIsRefusedByItsName() throws {
    let result = try run("cp a.mp4 $L.mp4; $dfer watch $L.mp4 -o rows.csv")
    #expect(result.status == 3)
    #expect(result.errors.contains("dfer: M\\xFCller.mp4: its name is not UTF-8: rename it\n"))
    #expect(try names() == ["M\\xFCller.mp4", "a.mp4"])
  }

  /// `-h` in it is no call for help.
  @Test func aNameThatBeginsWithADashIsAFile() throws {
    let result = try run("cp a.mp4 ./-dash.mp4; $dfer watch -dash.mp4 -o rows.csv")
    #expect(try result.status == 0 && names().contains("rows.csv"), "\(result.errors)")
  }

  @Test(arguments: [
    "watch a.mp4 -o $L.csv", "watch a.mp4 --output=$L.csv", "batch a.mp4 -o rows$L", "watch a.mp4 -o $L/rows.csv",
    "watch $L-missing.mp4 -o rows.csv",
  ])
  func nothingIsWrittenUnderANameThatNobodyGave(line: String) throws {
    let result = try run("$dfer \(line)")
    #expect(result.status == 2 && result.errors.contains("M\\xFCller") && result.errors.contains("is not UTF-8"))
    #expect(try names() == ["a.mp4"])
  }

  @Test func aLinkLeadsToNoOtherName() throws {
    let result = try run(
      """
      mkdir d e; echo old > d/$L.csv; ln -s d/$L.csv rows.csv; mkdir e/$L; ln -s e/$L folder
      $dfer watch a.mp4 -o rows.csv --overwrite -q; echo $?; $dfer watch a.mp4 -o folder/rows.csv -q; echo $?
      cat d/$L.csv; ls d e | wc -l
      """)
    // d and e with one name each: five lines.
    #expect(result.output.split(whereSeparator: \.isWhitespace).map(String.init) == ["5", "5", "old", "5"])
    #expect(result.errors.contains("it leads to a name that is not UTF-8"))
  }

  @Test func aLinkReadsWhatItLeadsTo() throws {
    let result = try run("mkdir d; mv a.mp4 d/$L.mp4; ln -s d/$L.mp4 good.mp4; $dfer watch good.mp4 -o rows.csv -q")
    #expect(result.status == 0)
    #expect(try String(contentsOf: scratch.file("rows.run.json"), encoding: .utf8).contains("\"byte_size\""))
  }

  @Test func aBatchReadsTheOthers() throws {
    let result = try run("cp a.mp4 $L.mp4; mkdir $L.d; cp a.mp4 $L.d/b.mp4; $dfer batch *.mp4 $L.d -o rows")
    #expect(result.status == 3)
    #expect(files.fileExists(atPath: scratch.file("rows/a.csv").path))
    let table = try String(contentsOf: scratch.file("rows/failures.csv"), encoding: .utf8)
    #expect(
      table == """
        input,exit_code,message
        M\\xFCller.mp4,3,left out: its name is not UTF-8: rename it
        M\\xFCller.d,3,left out: its name is not UTF-8: rename it

        """)
    #expect(result.errors.contains("1 of 3 succeeded, 2 failed"))
  }

  @Test func imagesAndRowsInFoldersAreNotPassedByInSilence() throws {
    let images = try run("mkdir i; touch i/1.png i/$'2\\xfc.png'; $dfer watch i -o rows.csv")
    #expect(images.status == 3 && images.errors.contains("i/2\\xFC.png: its name is not UTF-8"))
    let rows = try run(
      "mkdir r; $dfer watch a.mp4 -o r/a.csv -q; cp r/a.csv r/$L.csv; $dfer summary r; mkdir x$L; cd x$L; $dfer doctor")
    #expect(rows.output.hasPrefix("video,"))
    #expect(rows.errors.contains("r/M\\xFCller.csv: skipped, its name is not UTF-8"))
    #expect(rows.status == 2 && rows.errors.contains("the name of the current folder is not UTF-8"))
  }

  @Test func messagesAreOneLineAndCommandNoTerminal() throws {
    let result = try run(
      """
      echo text > $'bad\\nname.mp4'; cp a.mp4 $'esc\\e[31m.mp4'; cp a.mp4 $'q"u,o\\'t\\te.mp4'; $dfer batch . -o rows
      $dfer watch $'bad\\nname.mp4' -o b.csv
      """)
    #expect(result.status == 3 && !result.errors.contains("\u{1B}"))
    #expect(result.errors.contains("FAILED ./bad\\nname.mp4  not a video"))
    #expect(result.errors.contains("dfer: bad\\nname.mp4: not a video"))
    #expect(result.errors.contains("esc\\x1B[31m.csv  ok"))
    for name in ["esc\u{1B}[31m.csv", "q\"u,o't\te.csv"] {
      #expect(files.fileExists(atPath: scratch.file("rows").appendingPathComponent(name).path))
    }
    let table = try String(contentsOf: scratch.file("rows/failures.csv"), encoding: .utf8)
    #expect(
      table.contains("\"./bad\nname.mp4\",3,\"not a video") || table.contains("\"./bad\nname.mp4\",3,not a video"))
  }
}
