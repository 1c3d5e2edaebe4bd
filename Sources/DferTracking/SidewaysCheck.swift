import DferImage

/// Looks for heads that lie on their side, which the detector does not know: where it finds no face, it is asked again with
/// the image turned by a quarter to either side. What is found so is followed on its side until a face is upright again.
package struct SidewaysCheck: Sendable {
  /// Seconds between two looks while nothing is found.
  package static let every = 1.0
  /// The score from which a face on its side counts at first; later what the tracker asks for is enough.
  private static let first = 0.75

  private var lastLook: Double?
  /// How the faces of the last detector run lay.
  private var turn = QuarterTurn.upright

  package init() {}

  /// What the detector finds in `image`, on its side where nothing is upright.
  ///
  /// - Parameters:
  ///   - size: of the frame; detections are in its pixels.
  ///   - sure: score from which a detection may be a face by itself.
  ///   - threshold: score below which nothing counts.
  package mutating func detect(
    _ image: Image, of size: Size, at time: Double, by detector: any FaceDetecting, sure: Double, threshold: Double
  ) -> [FaceDetection] {
    let upright = detector.detect(image, of: size, threshold: Float(threshold))
    guard !upright.contains(where: { $0.score >= sure }) else {
      (turn, lastLook) = (.upright, nil)
      return upright
    }
    if turn == .upright, let lastLook, time - lastLook < Self.every - 1e-6 { return upright }
    lastLook = time
    // An upside-down face is found too, less surely: of both sides, the surer one is right.
    let sides = turn == .upright ? [QuarterTurn.clockwise, .counterclockwise] : [turn]
    let looks = sides.map { side in
      let found = Self.detect(image, lying: side, of: size, by: detector, threshold: threshold)
      return (side: side, found: found, score: found.map(\.score).max() ?? 0)
    }
    let needed = turn == .upright ? Self.first : sure
    if let best = looks.max(by: { $0.score < $1.score }), best.score >= needed {
      turn = best.side
      return best.found
    }
    turn = .upright
    return upright
  }

  /// Detections of faces that lie as `turn` says, in pixels of the frame.
  private static func detect(
    _ image: Image, lying turn: QuarterTurn, of size: Size, by detector: any FaceDetecting, threshold: Double
  ) -> [FaceDetection] {
    let turned = image.turned(turn.inverse)
    let (width, height) = (Double(size.width), Double(size.height))
    func place(_ point: Point) -> Point {
      let seen = turn(Point(x: point.x / Double(turned.width), y: point.y / Double(turned.height)))
      return Point(x: seen.x * width, y: seen.y * height)
    }
    return detector.detect(turned, threshold: Float(threshold)).map { face in
      let (a, b) = (place(Point(x: face.box.x, y: face.box.y)), place(Point(x: face.box.right, y: face.box.bottom)))
      var found = face
      found.box = Rect(left: min(a.x, b.x), top: min(a.y, b.y), right: max(a.x, b.x), bottom: max(a.y, b.y))
      found.points = face.points.map(place)
      found.turn = turn
      return found
    }
  }
}
