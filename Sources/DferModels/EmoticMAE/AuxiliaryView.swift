import DferImage

extension Image {
  /// The same image, black outside of the wanted parts of the face. No training is needed for it: the parts are cut
  /// around five points.
  ///
  /// - Parameter points: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner, in
  ///   0...1 of the image; empty: where they lie in most crops.
  func showing(_ parts: [EmoticMAEConfig.Part], around points: [Point]) -> Image {
    let points = points.count == 5 ? points : Self.usualPoints
    // Eyes are about 0.45 of a face apart; a turned face shows them closer together.
    let across = Point(x: points[1].x - points[0].x, y: points[1].y - points[0].y)
    let face = max(0.5, (across.x * across.x + across.y * across.y).squareRoot() / 0.45)
    var boxes: [Rect] = []
    func add(_ middle: Point, _ width: Double, _ height: Double) {
      boxes.append(
        Rect(
          x: middle.x - width * face / 2, y: middle.y - height * face / 2, width: width * face, height: height * face))
    }
    for part in parts {
      switch part {
      case .eyes: for eye in points[0...1] { add(eye, 0.35, 0.25) }
      case .nose: add(points[2], 0.3, 0.3)
      case .mouth:
        add(Point(x: (points[3].x + points[4].x) / 2, y: (points[3].y + points[4].y) / 2), 0.55, 0.3)
      }
    }
    var view = Image(width: width, height: height)
    for box in boxes {
      let rows = max(0, Int(box.y * Double(height)))..<max(0, min(height, Int(box.bottom * Double(height))))
      let columns = max(0, Int(box.x * Double(width)))..<max(0, min(width, Int(box.right * Double(width))))
      guard rows.lowerBound < rows.upperBound, columns.lowerBound < columns.upperBound else { continue }
      for row in rows {
        let range = 3 * (row * width + columns.lowerBound)..<3 * (row * width + columns.upperBound)
        view.pixels.replaceSubrange(range, with: pixels[range])
      }
    }
    return view
  }

  private static let usualPoints = [
    Point(x: 0.35, y: 0.4), Point(x: 0.65, y: 0.4), Point(x: 0.5, y: 0.56), Point(x: 0.38, y: 0.72),
    Point(x: 0.62, y: 0.72),
  ]
}
