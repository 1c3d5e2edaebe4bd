import DferTensor

/// What masked pre-training should paint: the pixels of each tubelet, per colour brought to mean 0 and deviation 1, which
/// leaves texture and takes away mere brightness.
public struct PixelTarget: Sendable {
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// All frames of a tubelet as they are (VideoMAE).
    case pixels
    /// The first frame as it is, then the second minus the first (MAE-DFER): appearance and motion count alike.
    case frameDifference = "frame-difference"
  }

  /// [batch, tokens, pixels]; a row is ordered frame, row, column, colour.
  public let rows: Tensor
  /// Of each token and colour, [batch * tokens * colours], for pixels in 0...1.
  private let means, deviations: [Float]
  private let colours: Int
  private let form: Form

  /// - Parameters:
  ///   - clips: normalised, [batch, colours, frames, height, width].
  ///   - mean: what was taken from each colour, and `deviation` what it was divided by.
  public init(_ clips: Tensor, _ config: VideoMAEConfig, mean: [Float], deviation: [Float], form: Form) {
    let cut = tubelets(of: clips, tubelet: config.tubeletSize, patch: config.patchSize)
    let (colours, size) = (clips.shape[1], cut.columns / clips.shape[1])
    precondition(size > 1, "PixelTarget: a tubelet of one pixel has no deviation")
    precondition(form == .pixels || config.tubeletSize == 2, "PixelTarget: \(config.tubeletSize) frames have no one difference")
    (self.colours, self.form) = (colours, form)
    var (rows, means, deviations) = ([Float](repeating: 0, count: cut.count), [Float](), [Float]())
    for token in 0..<cut.rows {
      for colour in 0..<colours {
        let start = token * cut.columns + colour * size
        var sum = 0.0
        for i in start..<start + size { sum += Double(cut.values[i] * deviation[colour] + mean[colour]) }
        let average = sum / Double(size)
        var squares = 0.0
        for i in start..<start + size {
          let distance = Double(cut.values[i] * deviation[colour] + mean[colour]) - average
          squares += distance * distance
        }
        let spread = Float((squares / Double(size - 1)).squareRoot()) + 1e-6
        for i in 0..<size {
          let pixel = cut.values[start + i] * deviation[colour] + mean[colour]
          rows[token * cut.columns + i * colours + colour] = (pixel - Float(average)) / spread
        }
        means.append(Float(average))
        deviations.append(spread)
      }
      guard form == .frameDifference else { continue }
      let half = cut.columns / 2
      for i in token * cut.columns..<token * cut.columns + half { rows[i + half] -= rows[i] }
    }
    self.rows = Tensor(rows, shape: cut.shape)
    (self.means, self.deviations) = (means, deviations)
  }

  /// The rows of some tokens of each clip: [batch, chosen, pixels].
  public func rows(of tokens: [[Int]]) -> Tensor {
    let (all, width) = (rows.shape[1], rows.columns)
    var values: [Float] = []
    for (sample, list) in tokens.enumerated() {
      for token in list { values += rows.values[(sample * all + token) * width..<(sample * all + token + 1) * width] }
    }
    return Tensor(values, shape: [tokens.count, tokens.first?.count ?? 0, width])
  }

  /// A row as pixels in 0...1, with the brightness and contrast of the token that it stands for.
  public func pixels(_ row: [Float], token: Int, of sample: Int) -> [Float] {
    var row = row
    let half = row.count / 2
    if form == .frameDifference { for i in 0..<half { row[half + i] += row[i] } }
    let place = (sample * rows.shape[1] + token) * colours
    return row.enumerated().map { $1 * deviations[place + $0 % colours] + means[place + $0 % colours] }
  }
}
