/// The part of a report that sets a timeline against somebody else's annotation of the same video.
struct HTMLReportComparison {
  let name: String
  /// Nil when the annotation's labels are too many to compare.
  private let agreement: Agreement?
  private let tracks: [String: Annotation.Track]

  /// - Parameters:
  ///   - reference: the annotation, with the labels' names as in the timeline.
  ///   - name: what to call it.
  init(_ reference: Annotation, name: String, timeline: SegmentTimeline) {
    self.name = name
    agreement = try? Agreement(reference, Annotation(timeline).renaming([:]))
    var tracks: [String: Annotation.Track] = [:]
    for pair in agreement?.pairs ?? [] { tracks[pair.other] = reference.tracks.first { $0.name == pair.reference } }
    self.tracks = tracks
  }

  /// What the annotation says of a face, if it has it.
  func track(of face: Int) -> Annotation.Track? { tracks[TextParts.name(face)] }

  /// Figures, and the table of seconds with shares of each row as shades.
  var section: String {
    let left = (agreement?.notCompared ?? []).map { "<p>\(Quoting.xml($0))</p>" }.joined()
    guard let agreement, agreement.total > 0 else {
      return "<section><h2>Against \(Quoting.xml(name))</h2><p>There is no time that both label.</p>\(left)</section>"
    }
    func figure(_ value: Double?) -> String { value.map { fixedDecimal($0, places: 3) } ?? "-" }
    let head = agreement.labels.map { "<th>\(Quoting.xml($0))</th>" }.joined()
    let rows = agreement.labels.enumerated().map { row, label in
      let sum = agreement.confusion[row].reduce(0, +)
      let cells = agreement.confusion[row].enumerated().map { column, seconds in
        let share = sum > 0 ? seconds / sum : 0
        return
          "<td class=\"\(row == column ? "hit" : "miss")\" style=\"--share:\(fixedDecimal(share * 100, places: 0))%\" "
          + "title=\"\(TextParts.percent(share)) of \(Quoting.xml(label))\">\(fixedDecimal(seconds, places: 1))</td>"
      }
      return "<tr><th>\(Quoting.xml(label))</th>\(cells.joined())<td>\(figure(agreement.recall(row)))</td>"
        + "<td>\(figure(agreement.precision(row)))</td></tr>"
    }
    let pairs = agreement.pairs.map {
      "\(Quoting.xml($0.reference)) is \(Quoting.xml($0.other)) (\(fixedDecimal($0.seconds, places: 1)) s)"
    }
    return """
      <section class="against">
      <h2>Against \(Quoting.xml(name)) <small>\(pairs.joined(separator: ", "))</small></h2>
      <p>Cohen's kappa <b>\(figure(agreement.kappa))</b>, same label (WAR) <b>\(figure(agreement.weightedRecall))</b>, \
      mean recall (UAR) <b>\(figure(agreement.unweightedRecall))</b>, over \(fixedDecimal(agreement.total, places: 1)) s \
      that both label. Only there: \(fixedDecimal(agreement.onlyReference, places: 1)) s; only here: \
      \(fixedDecimal(agreement.onlyOther, places: 1)) s.</p>\(left)
      <table class="confusion"><thead><tr><th>seconds: rows there, columns here</th>\(head)<th>recall</th><th>precision</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table>
      </section>
      """
  }
}

extension TimelineChart {
  /// One rectangle for each interval of an annotation; labels that the timeline does not know have no colour.
  func strip(_ intervals: [Annotation.Interval]) -> String {
    intervals.map { interval in
      let index = labels.firstIndex(of: interval.label).map { "c\($0)" } ?? "unknown"
      let title = "\(interval.label), \(Self.clock(interval.start)) to \(Self.clock(interval.end))"
      return rectangle(index, interval.start, interval.end, title: title)
    }.joined(separator: "\n")
  }
}
