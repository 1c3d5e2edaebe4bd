/// How long rows took, in buckets of 10 ms up to 20 s: a fixed size for runs of any length.
package struct LatencyHistogram: Sendable, Hashable {
  private static let bucket = 0.01
  private var buckets = [Int](repeating: 0, count: 2000)
  package private(set) var count = 0
  package private(set) var longest = 0.0

  package init() {}

  mutating func add(_ seconds: Double) {
    count += 1
    longest = max(longest, seconds)
    buckets[min(buckets.count - 1, max(0, Int(seconds / Self.bucket)))] += 1
  }

  /// The latency that this share of rows stayed under, in seconds, to 10 ms; nil before the first row.
  package func quantile(_ share: Double) -> Double? {
    guard count > 0 else { return nil }
    var seen = 0
    for (index, number) in buckets.enumerated() {
      seen += number
      if Double(seen) >= share * Double(count) { return min(longest, Double(index + 1) * Self.bucket) }
    }
    return longest
  }
}
