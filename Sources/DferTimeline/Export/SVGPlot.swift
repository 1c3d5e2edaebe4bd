/// The timeline as a figure: for each face a strip of labels over stacked probabilities, with an axis and a legend.
/// White ground and plain fonts, for papers and slides.
enum SVGPlot {
  private static let (left, right, lane, strip, bands) = (90.0, 34.0, 120.0, 18.0, 74.0)

  static func text(_ timeline: SegmentTimeline) -> String {
    let (width, top) = (1000.0, 56.0)
    let faces = timeline.faces
    let plot = width - left - right
    let axis = top + lane * Double(max(1, faces.count))
    let height = axis + 40
    func chart(_ height: Double) -> TimelineChart {
      TimelineChart(labels: timeline.labels, duration: timeline.duration, width: plot, height: height)
    }
    let lanes = faces.enumerated().map { index, face in
      let y = top + lane * Double(index)
      return """
        <text x="\(number(left - 12))" y="\(number(y + strip - 4))" text-anchor="end">\(TextParts.name(face))</text>
        <g transform="translate(\(number(left)) \(number(y)))">
        <rect class="ground" width="\(number(plot))" height="\(number(strip))"/>
        \(chart(strip).strip(timeline.segments(of: face)))
        </g>
        <g transform="translate(\(number(left)) \(number(y + strip + 2)))">
        <rect class="ground" width="\(number(plot))" height="\(number(bands))"/>
        \(chart(bands).bands(TimelineChart.columns(face, in: timeline)))
        </g>
        <text class="soft" x="\(number(left - 12))" y="\(number(y + strip + 11))" text-anchor="end">100 %</text>
        <text class="soft" x="\(number(left - 12))" y="\(number(y + strip + bands + 2))" text-anchor="end">0 %</text>
        """
    }
    let ticks = TimelineChart.ticks(timeline.duration).map { time in
      let x = number(left + plot * time / max(timeline.duration, 0.001))
      return "<path class=\"tick\" d=\"M\(x) \(number(axis - 18))v5\"/>"
        + "<text class=\"soft\" x=\"\(x)\" y=\"\(number(axis))\" text-anchor=\"middle\">\(TimelineChart.clock(time, short: true))</text>"
    }
    let step = plot / Double(max(1, timeline.labels.count))
    let legend = timeline.labels.enumerated().map { index, label in
      let x = left + step * Double(index)
      return "<rect class=\"c\(index)\" x=\"\(number(x))\" y=\"18\" width=\"12\" height=\"12\" rx=\"3\"/>"
        + "<text x=\"\(number(x + 18))\" y=\"28\">\(Quoting.xml(label))</text>"
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" role="img">
      <title>Facial expression timeline</title>
      <style>
      text{font:12px Helvetica,Arial,"Liberation Sans",sans-serif;fill:#1d2430}
      .soft{fill:#5d6776;font-size:11px}.ground{fill:#eceef1}.tick{stroke:#5d6776}.none{fill:none}
      \(ClassColours.rules(timeline.labels))
      \(ClassColours.doubtRule)
      </style>
      <rect width="100%" height="100%" fill="#fff"/>
      \((legend + lanes + ticks).joined(separator: "\n"))
      \(faces.isEmpty ? "<text x=\"\(number(left))\" y=\"\(number(top + 40))\">No face was found.</text>" : "")
      <text class="soft" x="\(number(left + plot / 2))" y="\(number(height - 14))" text-anchor="middle">time (min:s)</text>
      \(timeline.segments.contains(where: \.isDoubtful) ? "<text class=\"soft\" x=\"\(number(width - right))\" y=\"\(number(height - 14))\" text-anchor=\"end\">hatched: \(TextParts.doubtNote)</text>" : "")
      </svg>

      """
  }

  private static func number(_ value: Double) -> String { fixedDecimal(value, places: 1) }
}
