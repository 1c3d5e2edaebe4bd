import DferTestSupport
import Foundation
import Testing

/// Blinks that were marked by eye, and the script that compares tables of `--blinks` with them.
@Suite(.enabled(if: Tool.find("python3") != nil, "needs python3"))
struct BlinkMarkTests {
  private let folder = Shared.root.appendingPathComponent("Tests/Blinks")

  @Test func theScriptCountsWhatIsFoundWrongAndMissed() throws {
    let scratch = try ScratchFolder()
    let marks = scratch.file("marks.csv")
    try """
    clip,kind,onset_s,apex_s,offset_s
    a.mp4,blink,0.9,1.0,1.1
    a.mp4,blink,1.9,2.0,2.1
    a.mp4,blink,2.9,3.0,3.1
    a.mp4,unclear,4.0,4.5,5.0
    a.mp4,closure,6.0,7.0,8.0
    b.mp4,blink,0.9,1.0,1.1
    """.write(to: marks, atomically: true, encoding: .utf8)
    // Both of the first two are near the mark of 1.0 s, which counts once; the closure is no blink; nobody can say of 4.2 s.
    let blinks = [(0.9, "blink"), (1.1, "blink"), (2.14, "blink"), (3.2, "blink"), (4.2, "blink"), (7, "closure")]
    let table = "kind,apex_s\n" + blinks.map { "\($0.1),\($0.0)\n" }.joined()
    try table.write(to: scratch.file("a.blinks.csv"), atomically: true, encoding: .utf8)
    try "kind,apex_s\n".write(to: scratch.file("b.blinks.csv"), atomically: true, encoding: .utf8)
    let result = try Tool.run(
      try #require(Tool.find("python3")),
      [folder.appendingPathComponent("score_blinks.py").path, marks.path, scratch.url.path])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("a: 2 found, 2 wrong, 1 missed"))
    #expect(result.output.contains("b: 0 found, 0 wrong, 1 missed"))
    #expect(result.output.contains("2 clips: 2 found, 2 wrong, 2 missed; precision 0.50, recall 0.50, F1 0.50"))
  }

  @Test func marksAreInOrder() throws {
    let text = try String(contentsOf: folder.appendingPathComponent("marks.csv"), encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(lines[0].joined(separator: ",") == "clip,kind,onset_s,apex_s,offset_s,onset_frame,apex_frame,offset_frame")
    var ends: [Substring: Double] = [:]
    for line in lines.dropFirst() {
      let times = try line[2...4].map { try #require(Double($0)) }
      #expect(times == times.sorted() && times[0] < times[2] && ["blink", "closure", "unclear"].contains(line[1]))
      #expect(times[0] >= ends[line[0]] ?? 0, "\(line) begins before the one above it ends")
      // What takes longer than half a second is a closure.
      if line[1] == "blink" { #expect(times[2] - times[0] <= 0.5, "\(line)") }
      ends[line[0]] = times[2]
    }
    #expect(lines.count > 60)
  }
}
