/// Subtitles: one cue for each segment of a face, so that any player shows what was read. A label in doubt has a question
/// mark.
enum Subtitles {
  /// WebVTT (https://www.w3.org/TR/webvtt1/). The face is the cue's voice.
  static func webVTT(_ timeline: SegmentTimeline) -> String {
    "WEBVTT\n"
      + timeline.faceSegments.map { segment in
        let (start, end) = TextParts.milliseconds(segment)
        return "\n\(TextParts.clock(start, mark: ".")) --> \(TextParts.clock(end, mark: "."))\n"
          + "<v \(TextParts.name(segment.faceID))>\(Quoting.xml(segment.shownLabel)) "
          + "\(TextParts.percent(segment.confidence))</v>\n"
      }.joined()
  }

  /// SubRip. Cues of several faces may overlap, which players stack.
  static func subRip(_ timeline: SegmentTimeline) -> String {
    timeline.faceSegments.enumerated().map { index, segment in
      let (start, end) = TextParts.milliseconds(segment)
      return "\(index + 1)\n\(TextParts.clock(start, mark: ",")) --> \(TextParts.clock(end, mark: ","))\n"
        + "\(TextParts.name(segment.faceID)): \(TextParts.oneLine(segment.shownLabel)) "
        + "\(TextParts.percent(segment.confidence))\n"
    }.joined(separator: "\n")
  }
}
