import DferImage
import Foundation

/// How networks for single images read clips: the mean of the probabilities of all frames.
enum FrameAverage {
  /// One reading for each clip. There are no boxes or landmarks.
  ///
  /// - Parameters:
  ///   - points: for each clip and image five landmarks in 0...1 of it; empty when none are known.
  ///   - temperature: probabilities of a frame are softmax(logits / temperature).
  ///   - inOneBatch: whether `read` gets the images of all clips at once, rather than of one after the other: what a
  ///     graphics card wants, and more memory.
  ///   - read: logits of images, and the probability of a mask where the network looks for it.
  static func readings(
    of clips: [[Image]], points: [[[Point]]], labels: Int, temperature: Double, inOneBatch: Bool = false,
    read: (_ images: [Image], _ points: [[Point]]) throws -> [(logits: [Float], mask: Float?)]
  ) rethrows -> [ExpressionReading] {
    let numbers = Array(clips.indices)
    let batches = inOneBatch ? [numbers] : numbers.map { [$0] }
    return try batches.flatMap { batch in
      var images: [Image] = []
      var marks: [[Point]] = []
      // For each clip the place of each of its frames among the images.
      var places: [[Int]] = []
      for number in batch {
        var clipPlaces: [Int] = []
        for (index, image) in clips[number].enumerated() {
          // A still, or a face seen for a moment, is repeated to fill its clip: each image is read once.
          if clipPlaces.isEmpty || images.last != image {
            images.append(image)
            marks.append(number < points.count && index < points[number].count ? points[number][index] : [])
          }
          clipPlaces.append(images.count - 1)
        }
        places.append(clipPlaces)
      }
      let readings = try read(images, marks)
      return places.map { mean(of: $0.map { readings[$0] }, labels: labels, temperature: temperature) }
    }
  }

  private static func mean(
    of readings: [(logits: [Float], mask: Float?)], labels: Int, temperature: Double
  ) -> ExpressionReading {
    var sums = [Float](repeating: 0, count: labels)
    for reading in readings {
      let probabilities = Softmax.probabilities(reading.logits, temperature: temperature)
      for (label, p) in probabilities.enumerated() { sums[label] += p }
    }
    let probabilities = sums.map { $0 / Float(max(1, readings.count)) }
    let masks = readings.compactMap(\.mask).filter(\.isFinite)
    let isFinite = readings.allSatisfy { $0.logits.allSatisfy(\.isFinite) }
    return ExpressionReading(
      probabilities: probabilities,
      logits: probabilities.map { isFinite ? Float(temperature) * log(max($0, 1e-9)) : .nan },
      maskWorn: masks.isEmpty ? nil : masks.reduce(0, +) / Float(masks.count))
  }
}
