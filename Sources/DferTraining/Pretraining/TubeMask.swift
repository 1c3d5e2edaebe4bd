import DferModels
import DferTensor

/// Which patch positions a clip hides: the same in every time slot, so that nothing can be copied from a moment before.
struct TubeMask: Sendable {
  /// Rows and columns of the grid, and of the windows that each hide the same share. One window: the whole grid.
  let grid: Int
  let window: (rows: Int, columns: Int)
  /// Hidden positions of each window.
  let hidden: Int

  /// - Parameter ratio: share of hidden positions, rounded down as in the original code; at least one stays hidden and
  ///   one visible.
  init(grid: Int, window: (rows: Int, columns: Int)? = nil, ratio: Double) {
    self.grid = grid
    self.window = window ?? (grid, grid)
    let size = self.window.rows * self.window.columns
    hidden = min(size - 1, max(1, Int(ratio * Double(size))))
  }

  /// Visible tokens of a clip of so many slots, ascending.
  func visible(slots: Int, random: inout RandomSource) -> [Int] {
    var cells: [Int] = []
    for top in stride(from: 0, to: grid, by: window.rows) {
      for left in stride(from: 0, to: grid, by: window.columns) {
        let inside = (0..<window.rows * window.columns).map {
          (top + $0 / window.columns) * grid + left + $0 % window.columns
        }
        cells += inside.shuffled(using: &random).dropFirst(hidden)
      }
    }
    cells.sort()
    return (0..<slots).flatMap { slot in cells.map { slot * grid * grid + $0 } }
  }
}
