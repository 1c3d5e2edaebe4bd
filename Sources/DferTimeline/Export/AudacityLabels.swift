/// Audacity's label track: start, end and text, separated by tabs, in seconds.
enum AudacityLabels {
  static func text(_ timeline: SegmentTimeline) -> String {
    timeline.segments.sorted { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }.map { segment in
      let label = TextParts.oneLine(segment.shownLabel)
      let note =
        segment.faceID == nil
        ? label : "\(TextParts.name(segment.faceID)): \(label) \(fixedDecimal(segment.confidence, places: 2))"
      return "\(fixedDecimal(segment.start, places: 6))\t\(fixedDecimal(segment.end, places: 6))\t\(note)\n"
    }.joined()
  }
}
