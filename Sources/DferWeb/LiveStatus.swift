import DferTimeline
import Foundation

/// What never changes while a live view is open; the `hello` event and a part of `/state`.
public struct LiveInfo: Sendable, Codable {
  /// Where the images come from, without credentials.
  public var source: String
  public var pipeline: String
  /// Class names in the order of the weights, with a colour for each.
  public var labels: [String]
  public var colours: [String]
  public var columns: [String]
  /// Seconds of one clip, and from one clip to the next.
  public var spanS: Double
  public var hopS: Double
  /// Whether faces are hidden in every image that leaves the program.
  public var blur: Bool
  public var isLive: Bool
  public var version: String

  public init(
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
public struct LiveState: Sendable, Hashable, Codable {
  public enum Name: String, Sendable, Codable {
    case starting, reading, paused
    /// The source is gone and will be tried again.
    case lost
    case ended
  }

  public var name: Name
  /// Why, for `lost` and `ended`.
  public var reason: String?
  /// Seconds until the next try, for `lost`.
  public var nextTryS: Double?

  public init(_ name: Name, reason: String? = nil, nextTryS: Double? = nil) {
    self.name = name
    self.reason = reason
    self.nextTryS = nextTryS
  }
}

/// Counts of a run so far, as its own thread knows them.
public struct LiveCounts: Sendable {
  /// Frames that the source gave, that were looked through, and that made room for newer ones.
  public var framesIn = 0
  public var framesProcessed = 0
  public var framesDropped = 0
  public var damagedPackets = 0
  public var detectorRuns = 0
  public var clips = 0
  public var gaps = 0
  public var faces = 0
  public var latencyMedian: Double?
  public var latency95: Double?
  public var stageSeconds: [(name: String, seconds: Double)] = []

  public init() {}
}

/// How well a live run keeps up; the `health` event, once a second.
public struct LiveHealth: Sendable, Codable {
  public var state: LiveState
  /// Media time of the newest frame that was looked at, in seconds.
  public var timeS: Double
  public var uptimeS: Double
  /// Seconds since the newest frame was looked at.
  public var silenceS: Double
  /// Frames a second over the last five seconds.
  public var fpsIn: Double
  public var fpsProcessed: Double
  public var fpsDropped: Double
  public var framesIn: Int
  public var framesProcessed: Int
  public var framesDropped: Int
  public var rows: Int
  public var faces: Int
  public var gaps: Int
  /// Times that a lost source was tried again.
  public var retries: Int
  /// From the arrival of a clip's last frame to its written rows.
  public var latencyMedianSeconds: Double?
  public var latencyP95Seconds: Double?
  /// 0: as asked for; above: the run is too slow and looks less closely.
  public var paceStep: Int
  public var finderEveryS: Double
  public var hopS: Double
  public var viewers: Int
  public var memoryBytes: Int
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
