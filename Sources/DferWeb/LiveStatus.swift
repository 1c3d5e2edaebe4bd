import DferTimeline
import Foundation

/// What never changes while a live view is open; the `hello` event and a part of `/state`.
package struct LiveInfo: Sendable, Codable {
  /// Where the images come from, without credentials.
  package var source: String
  package var pipeline: String
  /// Class names in the order of the weights, with a colour for each.
  package var labels: [String]
  package var colours: [String]
  package var columns: [String]
  /// Seconds of one clip, and from one clip to the next.
  package var spanS: Double
  package var hopS: Double
  /// Whether faces are hidden in every image that leaves the program.
  package var blur: Bool
  package var isLive: Bool
  package var version: String

  package init(
    source: String, pipeline: String, layout: RowLayout, span: Double, hop: Double, blur: Bool, isLive: Bool,
    version: String
  ) {
    self.source = source
    self.pipeline = pipeline
    labels = layout.labels
    colours = ClassColours.of(layout.labels)
    columns = layout.columns
    spanS = span
    hopS = hop
    self.blur = blur
    self.isLive = isLive
    self.version = version
  }
}

/// Where a live run stands; the `state` event.
package struct LiveState: Sendable, Hashable, Codable {
  package enum Name: String, Sendable, Codable {
    case starting, reading, paused
    /// The source is gone and will be tried again.
    case lost
    case ended
  }

  package var name: Name
  /// Why, for `lost` and `ended`.
  package var reason: String?
  /// Seconds until the next try, for `lost`.
  package var nextTryS: Double?

  package init(_ name: Name, reason: String? = nil, nextTryS: Double? = nil) {
    self.name = name
    self.reason = reason
    self.nextTryS = nextTryS
  }
}

/// Counts of a run so far, as its own thread knows them.
package struct LiveCounts: Sendable {
  /// Frames that the source gave, that were looked through, and that made room for newer ones.
  package var framesIn = 0
  package var framesProcessed = 0
  package var framesDropped = 0
  package var damagedPackets = 0
  package var detectorRuns = 0
  package var clips = 0
  package var gaps = 0
  package var faces = 0
  package var latencyMedian: Double?
  package var latency95: Double?
  package var stageSeconds: [(name: String, seconds: Double)] = []

  package init() {}
}

/// How well a live run keeps up; the `health` event, once a second.
package struct LiveHealth: Sendable, Codable {
  package var state: LiveState
  /// Media time of the newest frame that was looked at, in seconds.
  package var timeS: Double
  package var uptimeS: Double
  /// Seconds since the newest frame was looked at.
  package var silenceS: Double
  /// Frames a second over the last five seconds.
  package var fpsIn: Double
  package var fpsProcessed: Double
  package var fpsDropped: Double
  package var framesIn: Int
  package var framesProcessed: Int
  package var framesDropped: Int
  package var rows: Int
  package var faces: Int
  package var gaps: Int
  /// Times that a lost source was tried again.
  package var retries: Int
  /// From the arrival of a clip's last frame to its written rows.
  package var latencyMedianSeconds: Double?
  package var latencyP95Seconds: Double?
  /// 0: as asked for; above: the run is too slow and looks less closely.
  package var paceStep: Int
  package var detectorEveryS: Double
  package var hopS: Double
  package var viewers: Int
  package var memoryBytes: Int
}

enum LiveJSON {
  /// One line of JSON in snake case.
  static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Plain values of this module always encode; a number that JSON cannot hold is the only exception.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

/// What the operating system says of this process.
struct ProcessStatistics {
  var memoryBytes = 0
  var descriptors = 0
  var threads = 0

  static var now: ProcessStatistics {
    var facts = ProcessStatistics()
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") {
      let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
      if line.hasPrefix("VmRSS:") { facts.memoryBytes = (number ?? 0) * 1024 }
      if line.hasPrefix("Threads:") { facts.threads = number ?? 0 }
    }
    facts.descriptors = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
    return facts
  }
}
