import Foundation

/// BORIS (https://www.boris.unito.it): faces are subjects, classes are state events.
struct BorisProject {
  let media: MediaReference?

  // MARK: Table

  /// The table of aggregated events, a row for each segment, as BORIS exports it and R and Python packages read it.
  func table(_ timeline: SegmentTimeline) -> String {
    let columns = [
      "Observation id", "Observation date", "Description", "Observation type", "Source", "Time offset (s)",
      "Coding duration", "Media duration (s)", "FPS (frame/s)", "Subject",
      "Observation duration by subject by observation", "Behavior", "Behavioral category", "Behavior type",
      "Start (s)", "Stop (s)", "Duration (s)", "Media file name", "Image index start", "Image index stop",
      "Image file path start", "Image file path stop", "Comment start", "Comment stop",
    ]
    let date = Timestamp.local.replacing("T", with: " ")
    let rate = timeline.frameRate
    let length = seconds(timeline.duration)
    var lines = [columns]
    for segment in timeline.faceSegments {
      lines.append([
        observation, date, description, "Media file", media.map { "player #1:\($0.absolute)" } ?? "", "0", length,
        length, rate.map { fixedDecimal($0, places: 3) } ?? "NA", TextParts.name(segment.faceID), length,
        segment.label, "expression", "STATE", seconds(segment.start), seconds(segment.end),
        seconds(segment.seconds), media?.absolute ?? "", frame(segment.start, rate), frame(segment.end, rate), "", "",
        comment(segment), "",
      ])
    }
    return lines.map { $0.map(TextParts.oneLine).joined(separator: "\t") + "\n" }.joined()
  }

  // MARK: Project

  /// A project (format 7.0) with one observation, to look at the video and correct what was read.
  func project(_ timeline: SegmentTimeline) -> String {
    func text(_ value: String) -> String { Quoting.json(value) }
    func members(_ values: [String]) -> String {
      "{" + values.enumerated().map { "\"\($0.offset)\":\($0.element)" }.joined(separator: ",") + "}"
    }
    let subjects = timeline.faces.map {
      "{\"key\":\"\",\"name\":\(text(TextParts.name($0))),\"description\":\"face_id \($0)\"}"
    }
    let behaviours = timeline.labels.enumerated().map { index, label in
      "{\"type\":\"State event\",\"key\":\"\(index < 9 ? String(index + 1) : "")\",\"code\":\(text(label)),"
        + "\"description\":\"\",\"color\":\"\",\"category\":\"expression\",\"modifiers\":\"\",\"excluded\":\"\",\"coding map\":\"\"}"
    }
    let rate = timeline.frameRate
    // A state begins at its first event and ends at its second; at one moment, what ends comes before what begins.
    let events = timeline.faceSegments.flatMap { segment in
      [(segment.start, 1, segment, comment(segment)), (segment.end, 0, segment, "")]
    }.sorted { ($0.0, $0.1, $0.2.faceID ?? 0) < ($1.0, $1.1, $1.2.faceID ?? 0) }.map { time, _, segment, note in
      let index = rate == nil ? "\"NA\"" : frame(time, rate)
      return
        "[\(seconds(time)),\(text(TextParts.name(segment.faceID))),\(text(segment.label)),\"\",\(text(note)),\(index)]"
    }
    let files = (1...8).map { player in
      "\"\(player)\":[\(player == 1 ? media.map { text($0.absolute) } ?? "" : "")]"
    }.joined(separator: ",")
    func perFile(_ value: String) -> String { media.map { "{\(text($0.absolute)):\(value)}" } ?? "{}" }
    return """
      {"time_format":"s","project_date":"\(Timestamp.local)","project_name":\(text(observation)),
      "project_description":\(text(description)),"project_format_version":"7.0",
      "subjects_conf":\(members(subjects)),
      "behaviors_conf":\(members(behaviours)),
      "observations":{\(text(observation)):{"file":{\(files)},"type":"MEDIA","date":"\(Timestamp.local)",
      "description":\(text(description)),"time offset":0.0,"events":[
      \(events.joined(separator: ",\n"))],
      "observation time interval":[0,0],"independent_variables":{},"visualize_spectrogram":false,
      "visualize_waveform":false,"media_creation_date_as_offset":false,"media_scan_sampling_duration":0,
      "image_display_duration":1,"close_behaviors_between_videos":false,
      "media_info":{"length":\(perFile(seconds(timeline.duration))),"fps":\(perFile(fixedDecimal(rate ?? 25, places: 3))),
      "hasVideo":\(perFile("true")),"hasAudio":\(perFile("false")),"offset":{"1":0.0},"zoom level":{"1":1.0}}}},
      "behavioral_categories":["expression"],"behavioral_categories_config":{"0":{"name":"expression","color":""}},
      "independent_variables":{},"coding_map":{},"behaviors_coding_map":[],"converters":{}}

      """
  }

  private var observation: String { media?.stem ?? "dfer" }
  private var description: String { "read by dfer: what faces show, by an automatic method" }
  private func comment(_ segment: Segment) -> String {
    "confidence \(fixedDecimal(segment.confidence, places: 3))" + (segment.isDoubtful ? ", unsure" : "")
  }
  private func seconds(_ value: Double) -> String { fixedDecimal(value, places: 3) }
  private func frame(_ time: Double, _ rate: Double?) -> String {
    rate.map { String(Int((time * $0).rounded())) } ?? "NA"
  }
}

/// Now, as text.
enum Timestamp {
  /// With the distance to UTC: 2026-01-31T12:00:00+00:00.
  static var now: String { local + "+00:00" }
  /// UTC without saying so, for formats that have no place for it: 2026-01-31T12:00:00.
  static var local: String { String(Date.now.ISO8601Format().dropLast()) }
}
