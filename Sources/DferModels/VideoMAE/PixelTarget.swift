import DferTensor

/// What masked pre-training should paint: the pixels of each tubelet, brought to mean 0 and deviation 1, which leaves
/// texture and takes away mere brightness.
package struct PixelTarget: Sendable {
  package enum Form: String, Sendable, Codable, CaseIterable {
    /// All frames of a tubelet, each colour normalised by itself (VideoMAE).
    case pixels
    /// The first frame so, then the second minus the first (MAE-DFER): appearance and motion count alike.
    case frameDifference = "frame-difference"
    /// All colours normalised together (image MAE).
    case colours
  }

  /// [batch, tokens, pixels]; a row is ordered frame, row, column, colour.
  package let rows: Tensor
  /// Of each token and colour, [batch * tokens * colours], for pixels in 0...1.
  private let means, deviations: [Float]
  private let colours: Int
  private let form: Form

  /// - Parameters:
  ///   - clips: normalised, [batch, colours, frames, height, width].
  ///   - mean: what was taken from each colour, and `standardDeviation` what it was divided by.
  package init(_ clips: Tensor, _ config: VideoMAEConfig, mean: [Float], standardDeviation: [Float], form: Form) {
    let cut = tubelets(of: clips, tubelet: config.tubeletSize, patch: config.patchSize)
    let (colours, size) = (clips.shape[1], cut.columns / clips.shape[1])
    precondition(size > 1, "PixelTarget: a tubelet of one pixel has no deviation")
    precondition(
      form != .frameDifference || config.tubeletSize == 2,
      "PixelTarget: \(config.tubeletSize) frames have no one difference")
    (self.colours, self.form) = (colours, form)
    var (rows, means, deviations) = ([Float](repeating: 0, count: cut.count), [Float](), [Float]())
    let groups = form == .colours ? [0..<colours] : (0..<colours).map { $0..<$0 + 1 }
    for token in 0..<cut.rows {
      for group in groups {
        let start = token * cut.columns + group.lowerBound * size
        let count = group.count * size
        func pixel(_ i: Int) -> Float {
          let colour = group.lowerBound + i / size
          return cut.values[start + i] * standardDeviation[colour] + mean[colour]
        }
        var sum = 0.0
        for i in 0..<count { sum += Double(pixel(i)) }
        let average = sum / Double(count)
        var squares = 0.0
        for i in 0..<count {
          let distance = Double(pixel(i)) - average
          squares += distance * distance
        }
        // Where the small number stands differs between the original codes.
        let variance = squares / Double(count - 1)
        let spread = form == .colours ? Float((variance + 1e-6).squareRoot()) : Float(variance.squareRoot()) + 1e-6
        for i in 0..<count {
          let place = i % size * colours + group.lowerBound + i / size
          rows[token * cut.columns + place] = (pixel(i) - Float(average)) / spread
        }
        for _ in group {
          means.append(Float(average))
          deviations.append(spread)
        }
      }
      guard form == .frameDifference else { continue }
      let half = cut.columns / 2
      for i in token * cut.columns..<token * cut.columns + half { rows[i + half] -= rows[i] }
    }
    self.rows = Tensor(rows, shape: cut.shape)
    (self.means, self.deviations) = (means, deviations)
  }

  /// The rows of some tokens of each clip: [batch, chosen, pixels].
  package func rows(of tokens: [[Int]]) -> Tensor {
    let (all, width) = (rows.shape[1], rows.columns)
    var values: [Float] = []
    for (sample, list) in tokens.enumerated() {
      for token in list { values += rows.values[(sample * all + token) * width..<(sample * all + token + 1) * width] }
    }
    return Tensor(values, shape: [tokens.count, tokens.first?.count ?? 0, width])
  }

  /// A row as pixels in 0...1, with the brightness and contrast of the token that it stands for.
  package func pixels(_ row: [Float], token: Int, of sample: Int) -> [Float] {
    var row = row
    let half = row.count / 2
    if form == .frameDifference { for i in 0..<half { row[half + i] += row[i] } }
    let place = (sample * rows.shape[1] + token) * colours
    return row.enumerated().map { $1 * deviations[place + $0 % colours] + means[place + $0 % colours] }
  }
}
