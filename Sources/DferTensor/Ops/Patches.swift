import Foundation

/// Cuts a clip into space-time patches, one row each, so that the patch embedding of a video network is `linear`.
///
/// - Parameters:
///   - clip: [batch, 3, frames, height, width]; frames must divide by `tubelet`, height and width by `patch`.
/// - Returns: [batch, tokens, 3 * tubelet * patch * patch]. Tokens run over time, then rows, then columns; a token's
///   numbers are ordered as in a convolution weight [outputs, 3, tubelet, patch, patch].
package func tubelets(of clip: Tensor, tubelet: Int, patch: Int) -> Tensor {
  precondition(
    clip.shape.count == 5 && clip.shape[2] % tubelet == 0 && clip.shape[3] % patch == 0 && clip.shape[4] % patch == 0,
    "tubelets: a clip of shape \(clip.shape) does not divide into \(tubelet) x \(patch) x \(patch)")
  return Kernels.tubelets(clip, tubelet: tubelet, patch: patch)
}

/// The fixed position table of VideoMAE: angle p / 10000^(2 floor(j / 2) / width), sine for even j, cosine for odd.
///
/// - Returns: [positions, width].
package func sineTable(positions: Int, width: Int) -> Tensor {
  var values: [Float] = []
  values.reserveCapacity(positions * width)
  for p in 0..<positions {
    for j in 0..<width {
      let angle = Double(p) / pow(10000, Double(2 * (j / 2)) / Double(width))
      values.append(Float(j % 2 == 0 ? sin(angle) : cos(angle)))
    }
  }
  return Tensor(values, shape: [positions, width])
}

/// The fixed position table of image MAE over a grid x grid image: the first half of the width encodes the column,
/// the second the row, each as sines, then cosines. With `classToken` a row of zeros comes first.
///
/// - Returns: [(1 +) grid * grid, width]; `width` divides by 4.
package func sineTable2D(grid: Int, width: Int, classToken: Bool) -> Tensor {
  precondition(width % 4 == 0, "sineTable2D: width \(width) does not divide by 4")
  let quarter = width / 4
  func encode(_ position: Int) -> [Float] {
    let angles = (0..<quarter).map { Double(position) / pow(10000, Double($0) / Double(quarter)) }
    return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
  }
  var values = classToken ? [Float](repeating: 0, count: width) : []
  for row in 0..<grid {
    for column in 0..<grid { values += encode(column) + encode(row) }
  }
  return Tensor(values, shape: [values.count / width, width])
}
