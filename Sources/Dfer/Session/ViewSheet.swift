import DferImage

/// What a network of several views looked at, for people: a column for each clip and face, the views from top to bottom.
package struct ViewSheet: Sendable {
  /// Later clips are left out: a sheet is to be looked at, and memory must not grow with the video.
  package static let limit = 32
  private var columns: [[Image]] = []

  mutating func add(_ views: [Image]) {
    if columns.count < Self.limit { columns.append(views) }
  }

  /// All columns side by side; nil when there are none.
  package var image: Image? {
    guard let first = columns.first?.first else { return nil }
    let (side, gap) = (first.width, 2)
    let views = columns.map(\.count).max() ?? 0
    var sheet = Image(width: columns.count * (side + gap) - gap, height: views * (side + gap) - gap)
    for (column, views) in columns.enumerated() {
      for (place, view) in views.enumerated() {
        for row in 0..<side {
          let start = 3 * ((place * (side + gap) + row) * sheet.width + column * (side + gap))
          sheet.pixels.replaceSubrange(
            start..<start + 3 * side, with: view.pixels[3 * side * row..<3 * side * (row + 1)])
        }
      }
    }
    return sheet
  }
}
