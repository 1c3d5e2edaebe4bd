/// The unit of a stream's time stamps: `numerator / denominator` seconds.
package struct TimeBase: Sendable, Hashable, Codable {
  package let numerator, denominator: Int32

  package init(numerator: Int32, denominator: Int32) {
    self.numerator = numerator
    self.denominator = denominator
  }

  package var seconds: Double { Double(numerator) / Double(denominator) }
}

/// A moment of a video as an exact count of ticks. Seconds exist only at the edge, as `Double`.
package struct MediaTime: Sendable, Hashable, Comparable {
  package let ticks: Int64
  package let timeBase: TimeBase

  package init(ticks: Int64, timeBase: TimeBase) {
    self.ticks = ticks
    self.timeBase = timeBase
  }

  package var seconds: Double { Double(ticks) * Double(timeBase.numerator) / Double(timeBase.denominator) }

  package static func < (a: MediaTime, b: MediaTime) -> Bool {
    a.timeBase == b.timeBase ? a.ticks < b.ticks : a.seconds < b.seconds
  }
}
