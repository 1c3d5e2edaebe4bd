import DferImage
import DferModels
import DferTensor

extension Pretraining {
  /// What the network makes of some clips, to look at: a column for each, with the frame as it is, what is shown of it,
  /// and what is rebuilt. The same clips and masks every time.
  package func reconstruction(by weights: ParameterStore, columns: Int = 8) -> Image {
    let trunk = network.trunk
    let moving = data.clips.filter { $0.images.count > 1 }
    let isWhole = settings.variant == .maeDFER || (settings.clipShare > 0 && !moving.isEmpty)
    let pool = isWhole && !moving.isEmpty ? moving : data.clips
    let count = min(columns, pool.count)
    let views = (0..<count).map { (clip: pool[$0 * pool.count / count], augmentation: Augmentation(side: sideFactor)) }
    var random = RandomSource(seed: settings.seed &+ 1)
    let part = sample(views, isWhole: isWhole, random: &random)
    var tape = Tape(weights)
    let painted = network(part.shown, visible: part.visible, firstTemporalIndex: part.firstTemporalIndex, &tape).tensor

    // The first frame of the middle temporal index; small images are shown larger.
    let temporalIndex = (isWhole ? trunk.temporalSize : 1) / 2
    let side = trunk.imageSize
    var sheet = Image(width: count * side, height: 3 * side)
    for column in 0..<count {
      let seen = Set(part.visible[column])
      for cell in 0..<trunk.tokensPerTemporalIndex {
        let token = temporalIndex * trunk.tokensPerTemporalIndex + cell
        let truth = part.target.pixels(row(part.target.rows, column, token), token: token, of: column)
        let hidden = part.hidden[column].firstIndex(of: token)
        let rebuilt = hidden.map { part.target.pixels(row(painted, column, $0), token: token, of: column) }
        let shown = seen.contains(token) ? truth : truth.map { _ in 0.5 }
        for (place, pixels) in [truth, shown, rebuilt ?? truth].enumerated() {
          sheet.paint(pixels, patch: trunk.patchSize, x: column * side, y: place * side, cell: cell, grid: trunk.grid)
        }
      }
    }
    let zoom = max(1, 112 / side)
    let all = Rect(x: 0, y: 0, width: Double(sheet.width), height: Double(sheet.height))
    return zoom > 1 ? sheet.resampled(all, width: zoom * sheet.width, height: zoom * sheet.height) : sheet
  }

  private func row(_ tensor: Tensor, _ sample: Int, _ token: Int) -> [Float] {
    let start = (sample * tensor.shape[1] + token) * tensor.columns
    return Array(tensor.values[start..<start + tensor.columns])
  }
}

extension Image {
  /// Puts the first frame of a tubelet in its place.
  fileprivate mutating func paint(_ pixels: [Float], patch: Int, x: Int, y: Int, cell: Int, grid: Int) {
    for row in 0..<patch {
      for column in 0..<patch {
        let at = 3 * ((y + cell / grid * patch + row) * width + x + cell % grid * patch + column)
        for colour in 0..<3 {
          let value = 255 * pixels[3 * (row * patch + column) + colour]
          self.pixels[at + colour] = UInt8(min(255, max(0, value.rounded())))
        }
      }
    }
  }
}
