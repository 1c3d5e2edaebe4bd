import DferTensor

/// Sizes of MAE-DFER's networks. Keys are those of `VideoMAEConfig`, and `region_size`.
package struct MAEDFERConfig: Sendable, Hashable, Codable {
  package var trunk: VideoMAEConfig
  /// Tokens of a region along time, rows and columns: [2, 5, 10] in the published network.
  package var regionSize: [Int]

  package init(trunk: VideoMAEConfig, regionSize: [Int]) {
    (self.trunk, self.regionSize) = (trunk, regionSize)
  }

  /// The same with regions as published, pairs of temporal indices and the upper and the lower half of the face; whole frames
  /// where the grid is odd.
  package init(trunk: VideoMAEConfig) {
    let rows = trunk.grid.isMultiple(of: 2) ? trunk.grid / 2 : trunk.grid
    self.init(trunk: trunk, regionSize: [trunk.temporalSize.isMultiple(of: 2) ? 2 : 1, rows, trunk.grid])
  }

  /// Regions along time, rows and columns.
  package var regionGrid: [Int] {
    [trunk.temporalSize / regionSize[0], trunk.grid / regionSize[1], trunk.grid / regionSize[2]]
  }
  package var regions: Int { regionGrid.reduce(1, *) }

  /// The region of a token, counted in the order time, row, column.
  func region(of token: Int) -> Int {
    let (temporalIndex, cell) = token.quotientAndRemainder(dividingBy: trunk.tokensPerTemporalIndex)
    let (row, column) = cell.quotientAndRemainder(dividingBy: trunk.grid)
    let (t, y, x) = (temporalIndex / regionSize[0], row / regionSize[1], column / regionSize[2])
    return (t * regionGrid[1] + y) * regionGrid[2] + x
  }

  /// Learned numbers of the products in all blocks: nearly all that the encoder has.
  var weightCount: Int {
    trunk.numHiddenLayers * trunk.hiddenSize * (12 * trunk.hiddenSize + 2 * trunk.intermediateSize)
  }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    guard trunk.faults.isEmpty else { return trunk.faults }
    guard regionSize.count == 3, regionSize.allSatisfy({ $0 > 0 }) else {
      return ["config: region_size \(regionSize) is not three numbers above 0"]
    }
    let sides = [trunk.temporalSize, trunk.grid, trunk.grid]
    return zip(sides, regionSize).contains { !$0.isMultiple(of: $1) }
      ? ["config: regions of \(regionSize) tokens do not fill a grid of \(sides)"] : []
  }

  /// Multiplications with addition for one clip, of the products alone, head left out.
  package var multiplyAdds: Int {
    let (width, hidden, regions) = (trunk.hiddenSize, trunk.intermediateSize, regions)
    let (locals, all) = (trunk.tokens, trunk.tokens + regions)
    let size = all / regions
    // Four products of the width each; scores and their sums take one product of the key count each.
    let first = 4 * all * width * width + 2 * all * size * width
    let second = 4 * regions * width * width + 2 * regions * regions * width
    let third = 2 * (locals + regions) * width * width + 2 * locals * regions * width
    return trunk.patchMultiplyAdds + trunk.numHiddenLayers * (first + second + third + 2 * all * width * hidden)
  }

  enum CodingKeys: String, CodingKey {
    case regionSize = "region_size"
    case mlpRatio = "mlp_ratio"
    case decoderIntermediateSize = "decoder_intermediate_size"
  }

  package init(from decoder: any Decoder) throws {
    trunk = try VideoMAEConfig(from: decoder)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    regionSize = try values.decode([Int].self, forKey: .regionSize)
    // Here one ratio serves both transformers.
    if let part = trunk.decoder, !values.contains(.decoderIntermediateSize),
      let ratio = try values.decodeIfPresent(Double.self, forKey: .mlpRatio)
    {
      trunk.decoder?.intermediateSize = Int(Double(part.hiddenSize) * ratio)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    try trunk.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(regionSize, forKey: .regionSize)
  }
}

extension VideoMAEConfig {
  /// The cells of a frame, window by window, each window row by row. Where some cells are left out, every window has to
  /// keep equally many.
  ///
  /// - Parameter region: tokens of a region along time, rows and columns; nil: one window, the whole frame.
  package func windows(of region: [Int]?) -> [[Int]] {
    let (rows, columns) = region.map { ($0[1], $0[2]) } ?? (grid, grid)
    return stride(from: 0, to: grid, by: rows).flatMap { top in
      stride(from: 0, to: grid, by: columns).map { left in
        (0..<rows * columns).map { (top + $0 / columns) * grid + left + $0 % columns }
      }
    }
  }

  /// Multiplications with addition of the patch embedding of one clip.
  var patchMultiplyAdds: Int { tokens * hiddenSize * numChannels * tubeletSize * patchSize * patchSize }

  /// Multiplications with addition for one clip under plain joint attention, of the products alone, head left out.
  package var multiplyAdds: Int {
    let block = 4 * tokens * hiddenSize * hiddenSize + 2 * tokens * tokens * hiddenSize
    return patchMultiplyAdds + numHiddenLayers * (block + 2 * tokens * hiddenSize * intermediateSize)
  }
}
