import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Annotations of several observations, with overlapping states, with offsets: taken for what they are, or refused.
@Suite struct AnnotationFileTests {
  private func file(_ name: String, _ text: String) throws -> AnnotationFile {
    let folder = try ScratchFolder()
    try Data(text.utf8).write(to: folder.file(name))
    return try AnnotationFile(path: folder.file(name).path)
  }

  private func boris(_ rows: [String], separator: String = "\t", name: String = "b.tsv") throws -> AnnotationFile {
    let header = [
      "Observation id", "Time offset (s)", "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)",
      "Media file name",
    ]
    // By scalars: a mark that follows may combine with the separator.
    let lines =
      [header.joined(separator: separator)]
      + rows.map { row in
        String(
          String.UnicodeScalarView(row.unicodeScalars.flatMap { $0 == "|" ? Array(separator.unicodeScalars) : [$0] }))
      }
    return try file(name, lines.map { $0 + "\r\n" }.joined())
  }

  private func seconds(_ annotation: Annotation) -> Double {
    annotation.tracks.flatMap(\.intervals).reduce(0) { $0 + $1.end - $1.start }
  }

  @Test(arguments: [("\t", "b.tsv"), (",", "b.csv"), (";", "b.csv")]) func observationsAreNeverMixed(
    _ separator: String, _ name: String
  ) throws {
    let two = try boris(
      ["video1|0|coder|fear|STATE|0|1.2|/v/a.mp4", "video2|0|coder|anger|STATE|0|12|/v/b.mp4"], separator: separator,
      name: name)
    let fault = #expect(throws: AnnotationError.self) { try two.annotation() }
    #expect(fault?.description.contains("--observation") == true && fault?.description.contains("\"video2\"") == true)
    #expect(try seconds(two.annotation(of: ["/elsewhere/b.mp4"])) == 12)
    #expect(try seconds(two.annotation(observation: "video1")) == 1.2)
    #expect(throws: AnnotationError.self) { try two.annotation(of: ["c.mp4"]) }
    #expect(throws: AnnotationError.self) { try two.annotation(observation: "video3") }
  }

  @Test func overlappingStatesAreRefused() throws {
    for rows in [
      ["o|0|coder|fear|STATE|0|12|", "o|0|coder|anger|STATE|0|12|"],
      ["o|0|coder|fear|STATE|0|12|", "o|0|coder|anger|STATE|11|13|"],
      ["o|0|coder|fear|STATE|0|5|", "o|0|coder|fear|STATE|4|8|"],
      ["o|0|coder|fear|STATE|0|9|", "o|0|coder|x|STATE|1|2|", "o|0|coder|y|STATE|8|9|"],
    ] {
      let fault = #expect(throws: AnnotationError.self, "\(rows)") { try boris(rows).annotation() }
      #expect(fault?.description.contains("overlap from") == true)
    }
    let fine = try boris([
      "o|0|a|fear|STATE|0|12|", "o|0|b|anger|STATE|0|12|", "o|0|a|look|POINT|3|3|", "o|0|a|x|STATE|12|13|",
    ])
    #expect(try fine.annotation().tracks.map(\.name) == ["a", "b"])
    // Subjects by bytes, whatever combines with the tabs between them.
    let names = try boris([
      "o|0|Jos\u{e9}|fear|STATE|0|2|", "o|0|Jose\u{301}|fear|STATE|0|2|", "o|0|\u{301}x|\u{301}y|STATE|0|2|",
    ])
    #expect(try names.annotation().tracks.count == 3)
  }

  @Test func offsetsOfBorisAreRefused() throws {
    #expect(throws: AnnotationError.self) { try boris(["o|2.5|coder|fear|STATE|0|12|"]).annotation() }
    #expect(throws: AnnotationError.self) {
      try boris(["o|0|c|fear|STATE|0|1|a.mp4", "o|0|c|fear|STATE|2|3|b.mp4"]).annotation()
    }
    func project(_ offset: String, _ files: String, _ shifts: String, more: String = "") -> String {
      """
      {"behaviors_conf":{"0":{"type":"State event","code":"fear"}},"observations":{"o":{"file":\(files),"time offset":\(offset),
      "events":[[0,"c","fear","",""],[3,"c","fear","",""]],"media_info":{"offset":\(shifts)}}\(more)}}
      """
    }
    #expect(
      try seconds(file("p.boris", project("0.0", "{\"1\":[\"a.mp4\"],\"2\":[]}", "{\"1\":0.0}")).annotation()) == 3)
    for (offset, files, shifts) in [
      ("1.5", "{\"1\":[\"a.mp4\"]}", "{\"1\":0.0}"), ("0.0", "{\"1\":[\"a.mp4\",\"b.mp4\"]}", "{\"1\":0.0}"),
      ("0", "{\"1\":[\"a.mp4\"],\"2\":[\"b.mp4\"]}", "{\"1\":0.0,\"2\":4.0}"),
    ] {
      #expect(throws: AnnotationError.self) { try file("p.boris", project(offset, files, shifts)).annotation() }
    }
    let other =
      ",\"q\":{\"file\":{\"1\":[\"b.mp4\"]},\"time offset\":0,\"events\":[[0,\"c\",\"fear\"],[9,\"c\",\"fear\"]]}"
    let two = try file("p.boris", project("0", "{\"1\":[\"a.mp4\"]}", "{}", more: other))
    #expect(try seconds(two.annotation(of: ["b.mp4"])) == 9 && seconds(two.annotation(observation: "o")) == 3)
    #expect(throws: AnnotationError.self) { try two.annotation() }
  }

  private func elan(_ media: [(String, String?)], unit: String = "milliseconds") throws -> AnnotationFile {
    let descriptors = media.map { url, origin in
      "<MEDIA_DESCRIPTOR MEDIA_URL=\"\(url)\" MIME_TYPE=\"video/mp4\"\(origin.map { " TIME_ORIGIN=\"\($0)\"" } ?? "")/>"
    }
    return try file(
      "a.eaf",
      """
      <?xml version="1.0"?><ANNOTATION_DOCUMENT><HEADER MEDIA_FILE="" TIME_UNITS="\(unit)">\(descriptors.joined())</HEADER>
      <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="3000"/></TIME_ORDER>
      <TIER TIER_ID="R&amp;\u{301}" LINGUISTIC_TYPE_REF="x"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1"
      TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>fear</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>
      """)
  }

  @Test func mediaOffsetsOfElanAreHonoured() throws {
    func start(_ media: [(String, String?)], of videos: [String] = []) throws -> Double? {
      try elan(media).annotation(of: videos).tracks[0].intervals[0].start
    }
    #expect(try start([]) == 1 && start([("file:///v/a.mp4", nil)]) == 1)
    #expect(try start([("file:///v/a.mp4", "5000")]) == 6)
    #expect(try start([("file:///v/a%20b.mp4", "5000"), ("file:///v/b.mp4", nil)], of: ["x/a b.mp4"]) == 6)
    #expect(try start([("file:///v/a.mp4", "5000"), ("file:///v/b.mp4", nil)], of: ["b.mp4"]) == 1)
    #expect(throws: AnnotationError.self) {
      try start([("file:///v/a.mp4", "5000"), ("file:///v/b.mp4", nil)], of: ["c.mp4"])
    }
    #expect(throws: AnnotationError.self) { try elan([], unit: "PAL-frames") }
    #expect(try elan([]).annotation().tracks[0].name.unicodeScalars.elementsEqual("R&\u{301}".unicodeScalars))
  }

  /// An annotation that cannot be placed is no annotation that is not there.
  @Test func timesOfElanAreReadOrRefused() throws {
    func intervals(_ slots: [String], _ annotations: [(Int, Int)]) throws -> [Annotation.Interval] {
      let times = slots.enumerated().map {
        "<TIME_SLOT TIME_SLOT_ID=\"t\($0)\"\($1.isEmpty ? "" : " TIME_VALUE=\"\($1)\"")/>"
      }
      let marks = annotations.enumerated().map {
        "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a\($0)\" TIME_SLOT_REF1=\"t\($1.0)\" TIME_SLOT_REF2=\"t\($1.1)\">"
          + "<ANNOTATION_VALUE>l\($0)</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
      }
      return try file(
        "a.eaf",
        "<ANNOTATION_DOCUMENT><TIME_ORDER>\(times.joined())</TIME_ORDER><TIER TIER_ID=\"x\">\(marks.joined())</TIER></ANNOTATION_DOCUMENT>"
      ).annotation().tracks.flatMap(\.intervals)
    }
    // Subdivisions of one annotation, as ELAN places them.
    let parts = try intervals(["1000", "", "", "4000"], [(0, 1), (1, 2), (2, 3)])
    #expect(parts.map(\.start) == [1, 2, 3] && parts.map(\.end) == [2, 3, 4])
    for slots in [
      ["1000", "", "x"], ["1000", "1500.7", "2000"], ["1000", "99999999999999999999", "2"], ["3000", "2000", "1000"],
    ] {
      #expect(throws: AnnotationError.self, "\(slots)") { try intervals(slots, [(0, 1)]) }
    }
    #expect(throws: AnnotationError("line 2: fear stops before it starts")) {
      try file("b.tsv", "Subject\tBehavior\tStart (s)\tStop (s)\nA\tfear\t3\t2\n").annotation()
    }
  }

  @Test func thousandsOfLabelsEndAtOnce() throws {
    let words = Annotation(tracks: [
      Annotation.Track(
        name: "words", intervals: (0..<20_000).map { .init(label: "w\($0)", start: Double($0), end: Double($0) + 1) })
    ])
    let clock = ContinuousClock()
    let time = clock.measure {
      let fault = #expect(throws: AnnotationError.self) { try Agreement(words, words) }
      #expect(fault?.description.contains("\"words\"") == true)
    }
    #expect(time < .seconds(10))
    // A transcript beside the tier that is meant does no harm.
    let emotions = Annotation.Track(name: "emotions", intervals: [.init(label: "fear", start: 0, end: 9)])
    let both = Annotation(tracks: [emotions] + words.tracks)
    #expect(try Agreement(both, Annotation(tracks: [emotions]), pairs: [("emotions", "emotions")]).total == 9)
  }

  @Test func whatIsNoTextIsNamed() throws {
    for (bytes, word) in [
      ("\u{FEFF}a,b".data(using: .utf16LittleEndian)!, "UTF-16"),
      ("clip,face_id\n1,2".data(using: .utf16BigEndian)!, "UTF-16"),
      (Data([0, 0, 0, 24] + Array("ftypisom".utf8)), "video"), (Data([0x1A, 0x45, 0xDF, 0xA3, 1]), "video"),
      (Data([1, 2, 3, 4, 5, 0, 6, 7]), "not a text file"),
      (Data("frame;face_id;timestamp;happy\n0;0;0,8;1,6\n".utf8), "semicolons"),
    ] {
      let fault = #expect(throws: CSVTimeline.ParseError.self) { try ImportedTimeline(bytes: Array(bytes)) }
      #expect(fault?.reason.contains(word) == true, "\(String(describing: fault))")
    }
  }
}
