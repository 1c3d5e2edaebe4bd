import Foundation

/// Writes rows as they become final.
public protocol TimelineWriter {
  /// Adds a row, in order of time.
  /// - Throws: an error of the kind `DferErrorKind.outputFailed`; all complete rows are kept.
  mutating func write(_ row: ClipResult) throws
  /// Ends the file validly. No row may follow.
  /// - Throws: an error of the kind `DferErrorKind.outputFailed`.
  mutating func finish() throws
}

/// The formats that rows can be written in, chosen by a file's extension. Raw values are the extensions.
public enum OutputFormat: String, Sendable, CaseIterable {
  /// Every row with all of its columns; a single table, and the first three grow row by row.
  case csv, tsv, jsonl, json, sqlite
  /// Segments as subtitles.
  case vtt, srt
  /// Segments for ELAN.
  case eaf
  /// Segments as BORIS exports them.
  case borisTable = "boris.tsv"
  /// Segments as a project of BORIS.
  case boris
  /// Segments for Praat.
  case textGrid = "textgrid"
  /// Segments as Audacity's labels.
  case audacity = "labels.txt"
  /// A report for people, and a figure.
  case html, svg, png

  /// The format that belongs to the name of a file; nil when no format has this extension. `-` is standard output.
  public init?(path: String) {
    let name = (path as NSString).lastPathComponent.lowercased()
    let fitting = OutputFormat.allCases.filter { name.hasSuffix("." + $0.rawValue) }
    if path == "-" {
      self = .csv
    } else if let format = fitting.max(by: { $0.rawValue.count < $1.rawValue.count }) {
      self = format
    } else if name.hasSuffix(".db") {
      self = .sqlite
    } else if path.hasPrefix("/dev/") {
      self = .csv
    } else {
      return nil
    }
  }

  /// Why a path has no format, and the way out where there is one; for messages.
  package static func whyNone(_ path: String) -> String {
    guard path.lowercased().hasSuffix(".parquet") else { return "unknown extension; the formats are \(extensions)" }
    let table = (path as NSString).deletingPathExtension + ".csv"
    return
      "dfer writes no Parquet; write \(table), and in Python: pandas.read_csv(\"\(table)\").to_parquet(\"\(path)\")"
  }

  /// Whether the file grows row by row. The others appear whole at the end.
  public var isIncremental: Bool { [.csv, .tsv, .jsonl].contains(self) }

  /// All extensions, for messages.
  package static var extensions: String { allCases.map { "." + $0.rawValue }.joined(separator: ", ") }

  /// Opens a file and gives its writer.
  ///
  /// - Parameters:
  ///   - path: the file; `-` is standard output.
  ///   - overwrite: whether a file of that name may be replaced.
  ///   - layout: the columns, as `LoadedPipeline.layout` has them.
  ///   - video: the video's path or address, which annotation files link to; nil: none.
  /// - Throws: an error of the kind `DferErrorKind.outputFailed`, before anything is replaced.
  public func writer(to path: String, overwrite: Bool, layout: RowLayout, video: String?) throws -> any TimelineWriter {
    try writer(to: path, overwrite: overwrite, layout: layout, media: video.flatMap(MediaReference.init))
  }

  /// Opens `path` and gives its writer. `media` is the video, which annotation files link to; `style` is for CSV alone,
  /// `against` (an annotation and its name) for the report; `isWhole` keeps rows that could grow from being seen before they are
  /// all there. Throws `OutputError`.
  package func writer(
    to path: String, overwrite: Bool, layout: RowLayout, media: MediaReference? = nil, style: TableStyle = .dfer,
    against: (annotation: Annotation, name: String)? = nil, isWhole: Bool = false
  ) throws -> any TimelineWriter {
    if self == .sqlite {
      return try SQLiteWriter(path, overwrite: overwrite, layout: layout, media: media)
    }
    let kind: OutputFile.Kind = isIncremental && !isWhole ? .growing : isIncremental || self == .json ? .staged : .whole
    return try writer(
      to: OutputFile(path, overwrite: overwrite, kind: kind), layout: layout, media: media, style: style,
      against: against)
  }

  private func writer(
    to file: OutputFile, layout: RowLayout, media: MediaReference?, style: TableStyle,
    against: (annotation: Annotation, name: String)?
  ) throws -> any TimelineWriter {
    func segments(
      keepsShares: Bool = false, _ render: @escaping (SegmentTimeline) -> Data
    ) -> SegmentWriter {
      SegmentWriter(file, labels: layout.labels, keepsShares: keepsShares, render: render)
    }
    func text(
      keepsShares: Bool = false, _ render: @escaping (SegmentTimeline) -> String
    ) -> SegmentWriter {
      segments(keepsShares: keepsShares) { Data(render($0).utf8) }
    }
    return switch self {
    case .csv where style != .dfer: try StyledWriter(file, style: style, layout: layout, media: media)
    case .csv: DelimitedWriter(file, layout: layout, separator: ",")
    case .tsv: DelimitedWriter(file, layout: layout, separator: "\t")
    case .jsonl: JSONLinesWriter(file, layout: layout)
    case .json: try JSONWriter(file, layout: layout, media: media)
    case .sqlite: preconditionFailure("a database is made by its own library")
    case .vtt: text(Subtitles.webVTT)
    case .srt: text(Subtitles.subRip)
    case .eaf: text(ElanAnnotation(media: media, output: file.path).text)
    case .borisTable: text(BorisProject(media: media).table)
    case .boris: text(BorisProject(media: media).project)
    case .textGrid: text(PraatTextGrid.text)
    case .audacity: text(AudacityLabels.text)
    case .html:
      text(
        keepsShares: true,
        HTMLReport(
          media: media, output: file.path, model: layout.model, provenance: layout.provenance,
          strengths: layout.strengths, against: against
        ).text)
    case .svg: text(keepsShares: true, SVGPlot.text)
    case .png: segments(keepsShares: true, PNGPlot.data)
    }
  }
}
