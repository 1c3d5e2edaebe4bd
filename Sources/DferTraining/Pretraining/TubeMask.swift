import DferModels
import DferTensor

/// Which patch positions a clip hides: the same in every temporal index, so that nothing can be copied from a moment before.
struct TubeMask: Sendable {
  /// The cells of a frame, in parts that each hide the same share.
  let windows: [[Int]]
  /// Hidden positions of each window.
  let hidden: Int

  /// - Parameter ratio: share of hidden positions, rounded down as in the original code; at least one stays hidden and
  ///   one visible.
  init(_ windows: [[Int]], ratio: Double) {
    let size = windows[0].count
    (self.windows, hidden) = (windows, min(size - 1, max(1, Int(ratio * Double(size)))))
  }

  /// - Parameter share: of the positions that stay visible, rounded; at least one does, and all may.
  init(_ windows: [[Int]], keeping share: Double) {
    let size = windows[0].count
    (self.windows, hidden) = (windows, size - max(1, Int((share * Double(size)).rounded())))
  }

  /// Visible positions of a frame.
  var visibleCells: Int { windows.count * (windows[0].count - hidden) }

  /// Visible tokens of a clip of so many temporal indices, ascending.
  func visible(temporalSize: Int, random: inout RandomSource) -> [Int] {
    let cells = windows.flatMap { $0.shuffled(using: &random).dropFirst(hidden) }.sorted()
    let all = windows.count * windows[0].count
    return (0..<temporalSize).flatMap { temporalIndex in cells.map { temporalIndex * all + $0 } }
  }
}
