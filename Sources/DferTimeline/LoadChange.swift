/// How closely a live run looks from a moment on.
package struct LoadChange: Sendable, Hashable, Codable {
  /// Seconds from the container's start.
  package let seconds: Double
  /// 0: as asked for. The higher, the more is given up: 1 and 2 the detector's rate, 3 the overlap of clips.
  package let step: Int
  /// Seconds between two looks of the detector.
  package let finderEvery: Double
  /// Seconds from one clip to the next.
  package let hop: Double

  package init(seconds: Double, step: Int, finderEvery: Double, hop: Double) {
    self.seconds = seconds
    self.step = step
    self.finderEvery = finderEvery
    self.hop = hop
  }
}
