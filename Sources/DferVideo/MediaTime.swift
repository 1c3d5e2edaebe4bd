/// The unit of a stream's time stamps: `numerator / denominator` seconds.
public struct TimeBase: Sendable, Hashable, Codable {
  public let numerator, denominator: Int32

  public init(numerator: Int32, denominator: Int32) {
    self.numerator = numerator
    self.denominator = denominator
  }

  public var seconds: Double { Double(numerator) / Double(denominator) }
}

/// A moment of a video as an exact count of ticks. Seconds exist only at the edge, as `Double`.
public struct MediaTime: Sendable, Hashable, Comparable {
  public let ticks: Int64
  public let timeBase: TimeBase

  public init(ticks: Int64, timeBase: TimeBase) {
    self.ticks = ticks
    self.timeBase = timeBase
  }

  public var seconds: Double { Double(ticks) * Double(timeBase.numerator) / Double(timeBase.denominator) }

  public static func < (a: MediaTime, b: MediaTime) -> Bool {
    a.timeBase == b.timeBase ? a.ticks < b.ticks : a.seconds < b.seconds
  }
}
