import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

private let labels = ["anger", "neutral", "surprise"]

/// A track from labels and lengths in seconds; nil leaves time free.
private func track(_ name: String, _ parts: [(String?, Double)]) -> Annotation.Track {
  var time = 0.0
  let intervals = parts.compactMap { label, seconds -> Annotation.Interval? in
    defer { time += seconds }
    return label.map { Annotation.Interval(label: $0, start: time, end: time + seconds) }
  }
  return Annotation.Track(name: name, intervals: intervals)
}

@Suite struct AgreementTests {
  @Test func figuresOfAKnownTable() throws {
    // 20, 5; 10, 15 is the usual example: observed 0.7, expected 0.5.
    let first = Annotation(tracks: [track("A", [("yes", 25), ("no", 25)])])
    let second = Annotation(tracks: [track("B", [("yes", 20), ("no", 5), ("yes", 10), ("no", 15)])])
    let agreement = try Agreement(first, second)
    #expect(agreement.labels == ["no", "yes"] && agreement.confusion == [[15, 10], [5, 20]])
    #expect(abs((agreement.kappa ?? 0) - 0.4) < 1e-12 && abs((agreement.weightedRecall ?? 0) - 0.7) < 1e-12)
    #expect(abs((agreement.unweightedRecall ?? 0) - 0.7) < 1e-12 && agreement.precision(1) == 20.0 / 30)
    let turned = try Agreement(second, first)
    #expect(abs((turned.kappa ?? 0) - 0.4) < 1e-12)
  }

  @Test func timeOfOneSideIsCountedApart() throws {
    let first = Annotation(tracks: [track("A", [("x", 4), (nil, 2), ("y", 4)])])
    let second = Annotation(tracks: [track("B", [(nil, 2), ("x", 6)])])
    let agreement = try Agreement(first, second)
    #expect(agreement.total == 4 && agreement.onlyReference == 4 && agreement.onlyOther == 2)
    // One label on both sides tells nothing about chance.
    let single = Annotation(tracks: [track("A", [("x", 4)])])
    #expect(try Agreement(single, single).kappa == nil && Agreement(single, single).weightedRecall == 1)
    let nothing = try Agreement(single, Annotation(tracks: []))
    let left = "not compared: A of the reference, 4.0 s, has no partner"
    #expect(nothing.kappa == nil && nothing.lines == ["no time that both label", left])
    let two = Annotation(tracks: [track("A", [("x", 4)]), track("C", [("x", 3)])])
    #expect(try Agreement(single, two).notCompared == ["not compared: C of the other, 3.0 s, has no partner"])
  }

  @Test func facesArePairedByPlace() throws {
    func timeline(_ places: [Double]) -> SegmentTimeline {
      var rows = exampleRows(["nnnn", "ssss"])
      for index in rows.indices {
        rows[index].box = Rect(x: places[rows[index].faceID ?? 0], y: 10, width: 50, height: 50)
      }
      return SegmentTimeline(rows, labels: labels)
    }
    let agreement = try Agreement(Annotation(timeline([0, 200])), Annotation(timeline([205, 3])))
    #expect(
      agreement.pairs.map(\.reference) == ["Face 0", "Face 1"] && agreement.pairs.map(\.other) == ["Face 1", "Face 0"])
    #expect(agreement.weightedRecall == 0)
  }

  @Test func renamingIgnoresCaseAndSpaces() {
    let annotation = Annotation(tracks: [track("A", [(" Happy ", 1), ("SAD", 1)])]).renaming(["happy": "happiness"])
    #expect(annotation.tracks[0].intervals.map(\.label) == ["happiness", "sad"])
  }

  @Test(arguments: ["t.eaf", "t.boris", "t.boris.tsv", "t.csv"]) func whatIsWrittenIsReadBack(_ name: String) throws {
    let folder = try ScratchFolder()
    let rows = exampleRows(["nn?nans.s", ".sn..nnaa"])
    let path = folder.file(name).path
    let format = try #require(OutputFormat(path: path))
    var writer = try format.writer(to: path, overwrite: false, layout: RowLayout(labels: labels))
    for row in rows { try writer.write(row) }
    try writer.finish()
    let written = Annotation(SegmentTimeline(rows, labels: labels))
    let read = try Annotation(path: path)
    #expect(read.tracks.map(\.name) == ["Face 0", "Face 1"])
    for (one, two) in zip(written.tracks, read.tracks) {
      #expect(one.intervals.map(\.label) == two.intervals.map(\.label))
      #expect(
        zip(one.intervals, two.intervals).allSatisfy { abs($0.start - $1.start) < 1e-3 && abs($0.end - $1.end) < 1e-3 })
    }
    #expect(try abs((Agreement(written, read).kappa ?? 0) - 1) < 1e-3)
  }

  @Test func xmlAsAnnotationProgramsWriteIt() throws {
    var scanner = XMLScanner(
      "\u{FEFF}<?xml version='1.0'?><!-- c --><a x='1 &lt;' y=\"&#228;\"><b/>t&amp;<![CDATA[<]]></a >\n".utf8)
    var events: [XMLScanner.Event] = []
    while let event = try scanner.next() { events.append(event) }
    #expect(
      events == [
        .start("a", ["x": "1 <", "y": "ä"]), .start("b", [:]), .end("b"), .text("t&"), .text("<"), .end("a"),
      ])
    for text in [
      "", "<a>", "<a></b>", "<a/><a/>", "<a x='1' x='2'/>", "<a>&x;</a>", "<!DOCTYPE a><a/>", "x<a/>", "<a b/>",
    ] {
      #expect(throws: AnnotationError.self) {
        var scanner = XMLScanner(text.utf8)
        while try scanner.next() != nil {}
      }
    }
  }

  @Test(arguments: ["t.eaf", "t.boris", "t.boris.tsv", "t.csv"]) func damagedFilesAreErrorsOrRead(_ name: String) throws
  {
    let folder = try ScratchFolder()
    let path = folder.file(name).path
    var writer = try #require(OutputFormat(path: path))
      .writer(to: path, overwrite: false, layout: RowLayout(labels: labels))
    for row in exampleRows(["nnan"]) { try writer.write(row) }
    try writer.finish()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var state: UInt64 = 1
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    for round in 0..<150 {
      var bytes = whole
      if round % 3 == 0 { bytes.removeLast(random(bytes.count)) }
      for _ in 0..<random(4) where !bytes.isEmpty { bytes[random(bytes.count)] = UInt8(random(256)) }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      if let annotation = try? Annotation(path: path) { _ = try? Agreement(annotation, annotation).lines }
    }
  }
}
