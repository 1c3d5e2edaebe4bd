import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Every reader of files that anybody may hand us, fed with damaged ones.
@Suite struct FuzzTests {
  private static let labels = ["anger", "neutral", "surprise"]
  private static let rows = exampleRows(["nna?s", ".sn.."])

  /// What `format` makes of the example rows.
  private static func written(_ format: OutputFormat, _ style: TableStyle = .dfer) -> [UInt8] {
    guard let folder = try? ScratchFolder() else { return [] }
    let file = folder.file("x.\(format.rawValue)")
    var layout = RowLayout(
      labels: labels, blendshapes: ["jawOpen"], includesLandmarks: true, includesWallTime: true,
      includesMotion: true)
    layout.includesModel = true
    var model = TimelineModel()
    model.abstainBelow = 0.5
    guard var writer = try? format.writer(to: file.path, overwrite: false, layout: layout, style: style) else {
      return []
    }
    for row in model.apply(rows, labels: labels).rows { try? writer.write(row) }
    try? writer.finish()
    return (try? Array(Data(contentsOf: file))) ?? []
  }

  /// Reads a timeline and does with it what commands do.
  private func use(_ bytes: [UInt8]) throws {
    let timeline = try ImportedTimeline(bytes: bytes, frameRate: 25)
    for video in timeline.videos {
      let segments = SegmentTimeline(video.rows, labels: timeline.labels)
      _ = TimelineStatistics(segments)
      _ = try Agreement(Annotation(segments), Annotation(segments)).lines
      _ = SVGPlot.text(segments)
    }
  }

  @Test(arguments: [OutputFormat.csv, .tsv, .jsonl, .json]) func ownRows(format: OutputFormat) throws {
    let seed = Self.written(format)
    try use(seed)
    Fuzz.run(
      "rows-\(format.rawValue)", seeds: [seed],
      words: [",", "\"", "\n", "\t", "p_anger", "no_face", "{", "}", "null", "\\u0000", ",,,,", "decode_gap"], use)
  }

  @Test(arguments: TableStyle.allCases.filter { $0 != .dfer }) func tablesOfOthers(style: TableStyle) throws {
    let seed = Self.written(.csv, style)
    try use(seed)
    Fuzz.run("table-\(style.rawValue)", seeds: [seed], words: [",", "\"", "\n", "#", "Person_1", "nan", "AFFDEX"], use)
  }

  @Test func labelTables() throws {
    let libre = Array("frame_idx,frame_time_in_ms,facial_expression\n0,0.0,Happy\n1,0.04,Neutral\n2,0.08,Sad\n".utf8)
    let open = Array("timestamp\timage_path\tface_id\temotion\n1\ta.jpg\t0\tHappy\n1\tb.jpg\t0\tSad\n".utf8)
    for seed in [libre, open] { try use(seed) }
    Fuzz.run("table-labels", seeds: [libre, open], words: ["\t", ",", "\n", "Happy", "frame_idx"], use)
  }

  @Test func elanFiles() throws {
    let seed = Self.written(.eaf)
    func read(_ bytes: [UInt8]) throws {
      _ = try Agreement(Annotation(elan: Data(bytes)), Annotation(elan: Data(bytes)))
    }
    try read(seed)
    Fuzz.run(
      "elan", seeds: [seed],
      words: ["<", ">", "<!--", "-->", "<![CDATA[", "]]>", "&#x10FFFF;", "&amp;", "/>", "<TIER ", "TIME_VALUE=\"-1\""],
      read)
  }

  @Test func borisFiles() throws {
    let (project, table) = (Self.written(.boris), Self.written(.borisTable))
    func read(_ bytes: [UInt8]) throws { _ = try Annotation(borisProject: Data(bytes)) }
    func readTable(_ bytes: [UInt8]) throws {
      _ = try Annotation(borisTable: bytes)
    }
    try read(project)
    try readTable(table)
    Fuzz.run("boris", seeds: [project], words: ["{", "}", "[", "]", "\"events\":", "State event", ",", "null"], read)
    Fuzz.run("boris-table", seeds: [table], words: ["\t", "\n", "STATE", "Stop (s)"], readTable)
  }

  @Test func manifests() throws {
    let folder = try ScratchFolder()
    let file = folder.file("a.run.json")
    func weights() -> RunManifest.Weights { .init(file: "a", sha256: "b", model: "c", version: "1", licence: "MIT") }
    var manifest = RunManifest(
      dfer: "1", ffmpeg: "6", started: Date(timeIntervalSince1970: 1), finished: Date(timeIntervalSince1970: 2),
      outcome: .complete, pipeline: "p", weights: weights(), detector: weights(), classes: ["a"], temperature: 1,
      preprocessing: ["a": "b"], input: ["byte_size": "10"], options: ["hop": "0.8"], clipFrames: 16, clipSeconds: 1.6,
      hopSeconds: 0.8, counts: .init(), stageSeconds: ["decode": 1], longestLatencySeconds: 0, outputs: ["x"],
      warnings: [])
    manifest.rowsSha256 = "r"
    try manifest.write(to: file.path)
    let seed = try Array(Data(contentsOf: file))
    Fuzz.run("manifest", seeds: [seed], words: ["{", "}", ":", "null", "\"ending\"", "true"]) { bytes in
      try Data(bytes).write(to: file)
      _ = try RunManifest(contentsOf: file.path).counts.reconcile
    }
  }
}
