/// Ranges of the numbers in a weight file's card. Far outside them nothing is computed but infinities, endless clips, or
/// crops larger than memory: a file from anywhere must not do that.
enum CardRanges {
  static let temperature = 0.01...100.0
  /// Side of the crop over the longer side of the face box.
  static let sideFactor = 0.2...10.0
  /// Seconds, as pipeline files take them.
  static let span = 0.1...60.0
  static let hop = 0.04...60.0
  static let framesPerSecond = 0.1...1000.0
  /// For pixels scaled to 0...1.
  static let mean: ClosedRange<Float> = -100...100
  static let deviation: ClosedRange<Float> = 0.001...100

  /// What is outside, as sentences; names are those of the metadata. Not-a-number is outside everything.
  static func faults(
    temperature: Double, mean: [Float], deviation: [Float], crop: ModelCard.Crop, clip: ModelCard.Clip
  ) -> [String] {
    var faults: [String] = []
    func check<T>(_ name: String, _ values: [T], _ range: ClosedRange<T>) {
      for value in values where !range.contains(value) {
        faults.append("metadata \(name): \(value) is not in \(range.lowerBound)...\(range.upperBound)")
      }
    }
    func checkRising(_ name: String, _ values: [Double], _ range: ClosedRange<Double>) {
      check(name, values, range)
      if values.count != 2 || !(values[0] <= values[1]) {
        faults.append("metadata \(name): not a lowest and a highest number")
      }
    }
    check("temperature", [temperature], Self.temperature)
    check("image_mean", mean, Self.mean)
    check("image_std", deviation, Self.deviation)
    check("crop: side_factor", [crop.sideFactor], sideFactor)
    check("clip: hop_seconds", [clip.hopSeconds], hop)
    check("clip: frames", [clip.frames], 1...256)
    checkRising("clip: span_seconds", clip.spanSeconds, span)
    checkRising("clip: frames_per_second", clip.framesPerSecond, framesPerSecond)
    return faults
  }
}
