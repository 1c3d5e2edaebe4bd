import Foundation

/// A report as one HTML file that asks the network for nothing: figures, a timeline for each face with values under the
/// pointer, all segments, and the video beside it when its file is at hand. Charts are drawn here, so that the page
/// prints and reads without its script, which only adds pointer, player and sorting out of values.
struct HTMLReport {
  let media: MediaReference?
  /// Where the file will be, for the relative link to the video.
  let output: String
  /// Options of the timeline's model, if it had one.
  var model: [String: String] = [:]
  /// How the rows were made, by name.
  var provenance: [String: String] = [:]
  /// Names of the movement strengths in the rows.
  var strengths: [String] = []
  /// Somebody else's annotation of the same video.
  var against: (annotation: Annotation, name: String)?

  func text(_ timeline: SegmentTimeline) -> String {
    let statistics = TimelineStatistics(timeline)
    let stem = ((output as NSString).lastPathComponent as NSString).deletingPathExtension
    let name = media.map { ($0.location as NSString).lastPathComponent } ?? (stem == "-" ? "Timeline" : stem)
    let comparison = against.map { HTMLReportComparison($0.annotation, name: $0.name, timeline: timeline) }
    let faces = statistics.faces.map { face in
      (face: face, columns: TimelineChart.columns(face.id, in: timeline), segments: timeline.segments(of: face.id))
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(Quoting.xml(name)) - dfer</title>
      <style>
      \(HTMLReportParts.style)\(HTMLReportBehaviour.style)\(ClassColours.doubtRule)
      \(ClassColours.rules(timeline.labels))
      </style>
      </head>
      <body>
      <header>
      <h1>\(Quoting.xml(name))</h1>
      <p>\(TimelineChart.clock(timeline.duration)) of video, \(count(statistics.faces.count, "face")), \
      \(count(timeline.faceSegments.count, "segment")). Without a face: \(seconds(statistics.noFaceSeconds)). \
      Gaps: \(seconds(statistics.gapSeconds)).</p>
      <p class="note">What faces show, read by an automatic method that makes mistakes. Not what people feel.</p>
      </header>
      <section class="top">
      \(player)
      <div>
      <h2>Time by expression</h2>
      \(overview(timeline, statistics))
      </div>
      </section>
      \(comparison?.section ?? "")
      \(HTMLReportStatistics.episodes(timeline, statistics))
      \(HTMLReportStatistics.tabs(faces.map(\.face.id)))
      \(faces.map { section($0.face, $0.columns, $0.segments, timeline, comparison?.track(of: $0.face.id)) }.joined(separator: "\n"))
      <footer>\(provenanceNote)Every moment belongs to the clip whose middle is nearest; a segment is an unbroken stretch with one
      likeliest expression. Bands are probabilities, stacked to 100 %.\(modelNote)</footer>
      <script type="application/json" id="data">\(data(timeline, faces.map { ($0.face, $0.columns) }))</script>
      <script>
      \(HTMLReportParts.script)</script>
      </body>
      </html>

      """
  }

  // MARK: Parts

  private var player: String {
    let path = media?.path(from: output) ?? ""
    let link = media?.isURL == true ? path : path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    // A report that came from elsewhere must not fetch anything by itself: only files, and only beside it, are loaded.
    let source = path.isEmpty || media?.isURL == true ? "" : " src=\"\(Quoting.xml(link))\""
    return """
      <div class="player">
      <video controls preload="metadata"\(source)></video>
      <label>Video: <input type="file" accept="video/*"></label>
      </div>
      """
  }

  private var provenanceNote: String {
    let names = ["dfer", "pipeline", "weights", "read", "exported"]
    let facts = names.compactMap { name in provenance[name].map { "\(name) \($0)" } }
    return "<p class=\"made\">Made by \(facts.isEmpty ? "dfer" : Quoting.xml(facts.joined(separator: ", "))).</p>"
  }

  private var modelNote: String {
    let notes = model.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return notes.isEmpty ? "" : " Raw readings were modelled: \(Quoting.xml(notes.joined(separator: ", ")))."
  }

  private func overview(_ timeline: SegmentTimeline, _ statistics: TimelineStatistics) -> String {
    guard !statistics.faces.isEmpty else { return "<p>No face was found.</p>" }
    let order = timeline.labels.compactMap { statistics.labels.firstIndex(of: $0) }
    let rows = statistics.faces.map { face in
      var left = 0.0
      let bars = order.enumerated().map { place, index in
        let share = face.readSeconds > 0 ? face.classes[index].seconds / face.readSeconds : 0
        defer { left += share }
        let title = "\(timeline.labels[place]) \(TextParts.percent(share))"
        return share > 0
          ? "<rect class=\"c\(place)\" x=\"\(fixedDecimal(left * 1000, places: 1))\" y=\"0\" "
            + "width=\"\(fixedDecimal(share * 1000, places: 1))\" height=\"10\"><title>\(Quoting.xml(title))</title></rect>"
          : ""
      }.joined()
      return "<tr><th><a href=\"#face\(face.id)\">Face \(face.id)</a></th>"
        + "<td class=\"bar\"><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"time shares\">"
        + "\(bars)</svg></td><td data-name=\"read\">\(seconds(face.readSeconds))</td>"
        + "<td data-name=\"confidence\">\(TextParts.percent(face.confidence))</td>"
        + "<td data-name=\"unsure\">\(face.readSeconds > 0 ? TextParts.percent(face.doubtfulSeconds / face.readSeconds) : "")</td>"
        + "<td data-name=\"changes\">\(face.transitions)</td></tr>"
    }
    let legend = timeline.labels.enumerated().map {
      "<span><i class=\"c\($0.offset)\"></i>\(Quoting.xml($0.element))</span>"
    }
    return "<table class=\"overview\"><thead><tr><th></th><th>share of read time</th><th>read</th><th>confidence</th>"
      + "<th title=\"share of read time that is \(TextParts.doubtNote)\">unsure</th><th>changes</th></tr></thead><tbody>\n\(rows.joined(separator: "\n"))\n</tbody></table>\n"
      + "<p class=\"legend\">\(legend.joined())<span><i class=\"unread\"></i>not read: no face, or seen too briefly</span>"
      + "<span><i class=\"hatched\"></i>hatched, or with a question mark: \(TextParts.doubtNote)</span></p>"
  }

  private func section(
    _ face: TimelineStatistics.Face, _ columns: [TimelineChart.Column], _ segments: [Segment],
    _ timeline: SegmentTimeline, _ reference: Annotation.Track?
  ) -> String {
    func chart(_ height: Double) -> TimelineChart {
      TimelineChart(labels: timeline.labels, duration: timeline.duration, width: 1000, height: height)
    }
    let means = timeline.labels.enumerated().map { place, label in
      let mean = (timeline.rowLabels.firstIndex(of: label)).map { face.classes[$0].mean } ?? 0
      return "<li><i class=\"c\(place)\"></i><span>\(Quoting.xml(label))</span>"
        + "<b><u class=\"c\(place)\" style=\"width:\(fixedDecimal(mean * 100, places: 1))%\"></u></b>"
        + "<em>\(TextParts.percent(mean))</em></li>"
    }
    let ticks = TimelineChart.ticks(timeline.duration).map { time in
      let share = time / max(timeline.duration, 0.001)
      return "<span\(share > 0.96 ? " class=\"last\"" : "") style=\"left:\(fixedDecimal(share * 100, places: 3))%\">"
        + "\(TimelineChart.clock(time, short: true))</span>"
    }
    let rows = segments.map { segment in
      "<tr tabindex=\"0\" data-t=\"\(fixedDecimal(segment.start, places: 3))\"><td>\(TimelineChart.clock(segment.start))</td>"
        + "<td>\(TimelineChart.clock(segment.end))</td><td>\(TimelineChart.clock(segment.apex))</td><td>\(seconds(segment.seconds))</td>"
        + "<td><i class=\"c\(timeline.labels.firstIndex(of: segment.label) ?? 0)\"></i>\(Quoting.xml(segment.shownLabel))</td>"
        + "<td>\(TextParts.percent(segment.confidence))</td></tr>"
    }
    return """
      <section class="face" id="face\(face.id)" data-face="\(face.id)">
      <h2>Face \(face.id) <small>\(TimelineChart.clock(face.start)) to \(TimelineChart.clock(face.end)), \
      \(seconds(face.readSeconds)) read, \(count(face.episodes, "segment"))</small></h2>
      <div class="lanes">
      <div class="chart" tabindex="0" role="slider" aria-label="moment in the timeline of face \(face.id)" aria-valuemin="0" \
      aria-valuemax="\(fixedDecimal(timeline.duration, places: 1))" aria-valuenow="0">
      <svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="likeliest expression over time">
      \(chart(10).strip(segments))
      </svg>
      \(reference.map { """
        <svg class="strip reference" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="annotation over time">
        \(chart(10).strip($0.intervals))
        </svg>
        """ } ?? "")
      <svg class="bands" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="probabilities over time">
      \(chart(100).bands(columns))
      </svg>
      <div class="axis">\(ticks.joined())</div>
      <div class="cursor"></div>
      </div>
      <div class="values"><h3>Mean</h3><ul>\(means.joined())</ul></div>
      </div>
      \(HTMLReportBehaviour(face.id, in: timeline, strengths: strengths).section)
      <details><summary>\(count(segments.count, "segment"))</summary>
      <table class="segments"><thead><tr><th>from</th><th>to</th><th>apex</th><th>length</th><th>expression</th><th>confidence</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table>
      </details>
      </section>
      """
  }

  /// What the script needs: times, and probabilities in thousandths.
  private func data(_ timeline: SegmentTimeline, _ faces: [(TimelineStatistics.Face, [TimelineChart.Column])]) -> String
  {
    let entries = faces.map { face, columns in
      let rows = columns.map { column in
        let values = column.values.map { fixedDecimal($0 * 1000, places: 0) }.joined(separator: ",")
        return "[\(fixedDecimal(column.start, places: 3)),\(fixedDecimal(column.end, places: 3)),\(values)]"
      }
      return "\"\(face.id)\":[\(rows.joined(separator: ","))]"
    }
    return
      "{\"duration\":\(fixedDecimal(timeline.duration, places: 3)),\"faces\":{\(entries.joined(separator: ",\n"))}}"
  }

  private func seconds(_ value: Double) -> String {
    value < 60 ? fixedDecimal(value, places: 1) + " s" : TimelineChart.clock(value)
  }

  private func count(_ value: Int, _ noun: String) -> String { "\(value) \(noun)\(value == 1 ? "" : "s")" }
}
