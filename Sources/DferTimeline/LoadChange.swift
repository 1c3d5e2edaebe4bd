/// How closely a live run looks from a moment on.
public struct LoadChange: Sendable, Hashable, Codable {
  /// Seconds from the container's start.
  public let seconds: Double
  /// 0: as asked for. The higher, the more is given up: 1 and 2 the detector's rate, 3 the overlap of clips.
  public let step: Int
  /// Seconds between two detector runs.
  public let detectorEvery: Double
  /// Seconds from one clip to the next.
  public let hop: Double

  package init(seconds: Double, step: Int, detectorEvery: Double, hop: Double) {
    self.seconds = seconds
    self.step = step
    self.detectorEvery = detectorEvery
    self.hop = hop
  }
}
