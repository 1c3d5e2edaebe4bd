import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

private let labels = ["anger", "neutral", "surprise"]

@Suite struct ExportTests {
  private let folder: ScratchFolder
  /// Face 0: neutral to 2.0 s, anger to 2.8 s, neutral to 4.0 s. Face 1: surprise from 1.2 to 2.0 s.
  private let rows = exampleRows(["nnan", ".s.."])

  init() throws { folder = try ScratchFolder() }

  private func write(_ name: String, rows: [ClipResult]? = nil, labels: [String] = labels) throws -> URL {
    let file = folder.file(name)
    let format = try #require(OutputFormat(path: file.path))
    var writer = try format.writer(
      to: file.path, overwrite: false, layout: RowLayout(labels: labels),
      media: MediaReference(folder.file("my talk.mp4").path))
    for row in rows ?? self.rows { try writer.write(row) }
    #expect(FileManager.default.fileExists(atPath: file.path) == format.isIncremental)
    try writer.finish()
    return file
  }

  private func text(_ name: String, rows: [ClipResult]? = nil, labels: [String] = labels) throws -> String {
    try String(contentsOf: write(name, rows: rows, labels: labels), encoding: .utf8)
  }

  @Test func formatsByName() {
    #expect(OutputFormat(path: "a/b.boris.tsv") == .borisTable && OutputFormat(path: "b.tsv") == .tsv)
    #expect(OutputFormat(path: "T.TextGrid") == .textGrid && OutputFormat(path: "x.labels.txt") == .audacity)
    #expect(OutputFormat(path: "x.txt") == nil && OutputFormat(path: "eaf") == nil && OutputFormat(path: "-") == .csv)
  }

  @Test func subtitlesAndLabels() throws {
    let vtt = try text("a.vtt")
    #expect(
      vtt.hasPrefix(
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v Face 0>neutral 80 %</v>\n\n00:00:01.200 --> 00:00:02.000\n<v Face 1>"
      ))
    let srt = try text("a.srt")
    #expect(srt.hasPrefix("1\n00:00:00,000 --> 00:00:02,000\nFace 0: neutral 80 %\n\n2\n"))
    let audacity = try text("a.labels.txt")
    #expect(audacity.hasPrefix("0.000000\t2.000000\tFace 0: neutral 0.80\n1.200000\t2.000000\tFace 1: surprise 0.80\n"))
    #expect(TextParts.clock(36_000_000 + 61_007, mark: ".") == "10:01:01.007")
  }

  @Test func oddNamesStayInTheirPlace() throws {
    let odd = ["<a>&\"'\t\n\u{1}", "n", "s"]
    let row = exampleRows(["n"], labels: ["n", "x", "y"])
    for name in ["o.vtt", "o.srt", "o.eaf", "o.TextGrid", "o.labels.txt", "o.boris", "o.boris.tsv"] {
      let file = try write(name, rows: row, labels: odd)
      if name == "o.eaf" { #expect(try ElanDocument(file).annotations.count == 2) }
      if name == "o.boris" {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(contentsOf: file)) }
      }
      if name == "o.boris.tsv" || name == "o.labels.txt" {
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(Set(lines.map { $0.count(where: { $0 == "\t" }) }).count == 1)
      }
    }
  }

  @Test func elanRules() throws {
    let file = try write("a.eaf")
    let document = try ElanDocument(file)
    #expect(document.faults.isEmpty)
    #expect(document.tiers == ["Face 0", "Face 0 anger", "Face 0 neutral", "Face 1", "Face 1 surprise", "No face"])
    #expect(document.annotations.count == 8)
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains("RELATIVE_MEDIA_URL=\"./my talk.mp4\"") && text.contains("my%20talk.mp4\""))
    let empty = try ElanDocument(write("empty.eaf", rows: []))
    #expect(empty.faults.isEmpty && empty.tiers == ["No face"])
  }

  @Test func borisStatesArePaired() throws {
    let data = try Data(contentsOf: write("a.boris"))
    let project = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let observation = try #require((project["observations"] as? [String: [String: Any]])?["my talk"])
    let events = try #require(observation["events"] as? [[Any]])
    #expect(events.count == 8 && events.allSatisfy { $0.count == 6 })
    var running: Set<String> = []
    for event in events {
      let state = "\(event[1]) \(event[2])"
      if running.remove(state) == nil {
        // No face shows two expressions at once.
        #expect(!running.contains { $0.hasPrefix("\(event[1])") })
        running.insert(state)
      }
    }
    #expect(running.isEmpty)
    let table = try text("a.boris.tsv").split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false)
    }
    #expect(table.count == 5 && table.allSatisfy { $0.count == 24 })
    #expect(
      table[1][9...].prefix(9) == [
        "Face 0", "4.000", "neutral", "expression", "STATE", "0.000", "2.000", "2.000", table[1][17],
      ])
  }

  @Test func mediaReferences() {
    #expect(MediaReference("-") == nil && MediaReference("v4l2:0") == nil && MediaReference("/dev/video0") == nil)
    #expect(MediaReference("rtsp://me:secret@host/1")?.location == "rtsp://host/1")
    #expect(MediaReference("/a/b/x.mp4")?.path(from: "/a/c/x.eaf") == "../b/x.mp4")
    #expect(MediaReference("file:///a/my%20x.mp4")?.absolute == "/a/my x.mp4")
  }

  @Test func rowsOfLiveSourcesKeepTheirDates() throws {
    var row = rows[0]
    row.wallTime = Date(timeIntervalSince1970: 1_700_000_000.25)
    let layout = RowLayout(labels: labels, includesWallTime: true)
    let (first, second) = (folder.file("1.csv").path, folder.file("2.csv").path)
    var writer = try OutputFormat.csv.writer(to: first, overwrite: false, layout: layout)
    try writer.write(row)
    try writer.finish()
    let read = try CSVTimeline(path: first)
    #expect(read.layout == layout && read.rows[0].wallTime == row.wallTime)
    writer = try OutputFormat.csv.writer(to: second, overwrite: false, layout: read.layout)
    for row in read.rows { try writer.write(row) }
    try writer.finish()
    #expect(try Data(contentsOf: folder.file("1.csv")) == Data(contentsOf: folder.file("2.csv")))
  }

  @Test func wholeFilesReplaceAtOnceOrNotAtAll() throws {
    let path = folder.file("x.srt").path
    try "old".write(toFile: path, atomically: true, encoding: .utf8)
    let layout = RowLayout(labels: labels)
    #expect(throws: OutputError.exists(path: path)) {
      try OutputFormat.srt.writer(to: path, overwrite: false, layout: layout)
    }
    var writer = try OutputFormat.srt.writer(to: path, overwrite: true, layout: layout)
    for row in rows { try writer.write(row) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    try writer.finish()
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("1\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["x.srt"])
  }

  // MARK: Readers that others wrote

  @Test(.enabled(if: Python.has("pympi"), "needs pympi-ling")) func pympiReadsElan() throws {
    let lines = try Python.read(
      write("a.eaf"),
      """
      import sys, pympi
      e = pympi.Elan.Eaf(sys.argv[1])
      for a in e.get_annotation_data_for_tier('Face 0'): print(*a)
      print(e.get_linked_files()[0]['MIME_TYPE'], *e.get_controlled_vocabulary_names())
      """)
    #expect(lines == ["0 2000 neutral", "2000 2800 anger", "2800 4000 neutral", "video/mp4 expressions"])
  }

  @Test(.enabled(if: Python.has("webvtt"), "needs webvtt-py")) func webvttPyReadsSubtitles() throws {
    let lines = try Python.read(
      write("a.vtt"),
      """
      import sys, webvtt
      for c in webvtt.read(sys.argv[1]): print(c.start, c.end, c.voice, c.text, sep='|')
      """)
    #expect(lines.count == 4 && lines[1] == "00:00:01.200|00:00:02.000|Face 1|surprise 80 %")
  }

  @Test(.enabled(if: Python.has("pysrt"), "needs pysrt")) func pysrtReadsSubtitles() throws {
    let lines = try Python.read(
      write("a.srt"),
      """
      import sys, pysrt
      for c in pysrt.open(sys.argv[1]): print(c.index, c.start, c.end, c.text, sep='|')
      """)
    #expect(lines.count == 4 && lines[3] == "4|00:00:02,800|00:00:04,000|Face 0: neutral 80 %")
  }

  @Test(.enabled(if: Python.has("sqlite3"), "needs sqlite3")) func pythonReadsDatabases() throws {
    let lines = try Python.read(
      write("a.sqlite"),
      """
      import sys, sqlite3
      d = sqlite3.connect(sys.argv[1])
      print(*d.execute('select count(*), sum(success), round(avg(p_neutral), 6) from rows').fetchone())
      for s in d.execute('select * from segments where face_id = 0'): print(*s)
      print(*d.execute('pragma integrity_check').fetchone())
      """)
    #expect(lines.first == "5 5 0.52" && lines.last == "ok" && lines.count == 5, "\(lines)")
    #expect(lines[2].hasPrefix("0 anger 2.0 2.4 2.8 0.8"))
  }

  @Test(.enabled(if: Python.has("pandas"), "needs pandas")) func pandasReadsTablesAndDocuments() throws {
    for (name, code) in [
      ("a.csv", "pandas.read_csv(f)"), ("a.tsv", "pandas.read_csv(f, sep='\\t')"),
      ("a.jsonl", "pandas.read_json(f, lines=True)"), ("a.json", "pandas.DataFrame(json.load(open(f))['rows'])"),
    ] {
      let lines = try Python.read(
        write(name),
        "import sys, json, pandas; f = sys.argv[1]; d = \(code)\nprint(len(d), round(d.p_anger.max(), 6), d['clip'].max())"
      )
      #expect(lines == ["5 0.8 3"], "\(name)")
    }
  }

  @Test func jsonDocumentHoldsRowsAndSegments() throws {
    for rows in [self.rows, []] {
      let file = try write("doc\(rows.count).json", rows: rows)
      let document = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      #expect((document["rows"] as? [Any])?.count == rows.count)
      #expect((document["segments"] as? [Any])?.count == (rows.isEmpty ? 0 : 4))
      #expect(try ImportedTimeline(path: file.path).videos[0].rows.count == rows.count)
    }
  }

  @Test(arguments: ["jsonl", "json", "tsv", "csv"]) func whatIsReadBackIsWrittenAsItWas(ending: String) throws {
    var rows = rows
    rows[0].probabilities = [0.3333333, 0.1234567, 0.5432100]
    let first = try write("a.\(ending)", rows: rows)
    let read = try ImportedTimeline(path: first.path)
    let second = try write("b.\(ending)", rows: read.videos[0].rows)
    #expect(read.labels == labels)
    #expect(try Data(contentsOf: first) == Data(contentsOf: second))
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program")) func imagesAreWhole() throws {
    for rows in [self.rows, []] {
      let file = try write("p\(rows.count).png", rows: rows)
      let raw = folder.file("p\(rows.count).rgb")
      try Tool.ffmpeg(["-i", file.path, "-f", "rawvideo", "-pix_fmt", "rgb24", raw.path])
      #expect(try Array(Data(contentsOf: raw)) == PNGPlot.image(SegmentTimeline(rows, labels: labels)).pixels)
    }
  }

  @Test(.enabled(if: Python.has("textgrid"), "needs textgrid")) func textgridReadsPraat() throws {
    let lines = try Python.read(
      write("a.TextGrid"),
      """
      import sys, textgrid
      t = textgrid.TextGrid.fromFile(sys.argv[1])
      print(*t.getNames(), sep='|')
      for i in t[2]: print(i.minTime, i.maxTime, i.mark, sep='|')
      """)
    #expect(
      lines == [
        "Face 0|Face 0 confidence|Face 1|Face 1 confidence|No face", "0.0|1.2|", "1.2|2.0|surprise", "2.0|4.0|",
      ])
  }
}
