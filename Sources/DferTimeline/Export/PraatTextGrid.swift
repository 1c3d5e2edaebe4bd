/// Praat's TextGrid, long text form: an interval tier for each face, one for its confidence, and one that says where
/// there is no face. Intervals of a tier must follow each other without a hole, so unread time is an empty interval.
enum PraatTextGrid {
  private struct Interval {
    let start, end: Double
    let text: String
  }

  static func text(_ timeline: SegmentTimeline) -> String {
    // Praat wants every tier to span the whole, and the whole to be longer than nothing.
    let end = max(timeline.duration, 0.001)
    var tiers: [(name: String, intervals: [Interval])] = []
    for face in timeline.faces {
      let segments = timeline.segments(of: face)
      tiers.append((TextParts.name(face), filled(segments, until: end) { $0.label }))
      let confidence = filled(segments, until: end) { fixedDecimal($0.confidence, places: 3) }
      tiers.append(("\(TextParts.name(face)) confidence", confidence))
    }
    tiers.append((TextParts.name(nil), filled(timeline.segments(of: nil), until: end) { $0.label }))
    var text = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n"
    text += "xmin = 0\nxmax = \(number(end))\ntiers? <exists>\nsize = \(tiers.count)\nitem []:\n"
    for (index, tier) in tiers.enumerated() {
      text +=
        "    item [\(index + 1)]:\n        class = \"IntervalTier\"\n        name = \(Quoting.doubled(tier.name))\n"
      text += "        xmin = 0\n        xmax = \(number(end))\n        intervals: size = \(tier.intervals.count)\n"
      for (index, interval) in tier.intervals.enumerated() {
        text += "        intervals [\(index + 1)]:\n            xmin = \(number(interval.start))\n"
        text += "            xmax = \(number(interval.end))\n            text = \(Quoting.doubled(interval.text))\n"
      }
    }
    return text
  }

  /// Segments with empty intervals between them.
  private static func filled(_ segments: [Segment], until end: Double, text: (Segment) -> String) -> [Interval] {
    var intervals: [Interval] = []
    var time = 0.0
    for segment in segments where segment.end - time > 1e-6 {
      if segment.start - time > 1e-6 { intervals.append(Interval(start: time, end: segment.start, text: "")) }
      intervals.append(Interval(start: max(time, segment.start), end: segment.end, text: text(segment)))
      time = segment.end
    }
    if end - time > 1e-6 { intervals.append(Interval(start: time, end: end, text: "")) }
    return intervals
  }

  private static func number(_ value: Double) -> String { fixedDecimal(value, places: 6) }
}
