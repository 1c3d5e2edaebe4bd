import DferImage
import DferTensor

/// Something between the camera and a face: a hand, a cup, a frame's edge. It comes, stays, and may go.
struct Occluder: Sendable {
  private enum Form { case bar, disc, finger }

  private let form: Form
  private let colour: Colour
  /// Relative to the face: middle and half sizes in face heights, turn in radians.
  private let x, y, wide, high, turn: Float
  private let coming, going: Double
  private let drift: SmoothNoise

  init(seconds: Double, random: inout RandomSource) {
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    form = [.bar, .disc, .finger][Int(random.next() % 3)]
    colour =
      form == .finger
      ? Colour(srgb: draw(80, 230), draw(60, 180), draw(50, 150))
      : Colour(draw(0.01, 0.8), draw(0.01, 0.8), draw(0.01, 0.8))
    (x, y, turn) = (draw(-0.45, 0.45), draw(-0.1, 0.6), draw(-0.8, 0.8))
    (wide, high) = form == .finger ? (draw(0.06, 0.14), draw(0.3, 0.6)) : (draw(0.1, 0.3), draw(0.08, 0.25))
    let isBrief = draw(0, 1) < 0.5
    coming = isBrief ? Double(draw(-0.2, 0.5)) * seconds : -1
    going = isBrief ? coming + Double(draw(0.2, 0.7)) * seconds : seconds + 1
    drift = SmoothNoise(0.03, rate: 0.5, random: &random)
  }

  /// - Parameter face: bounds of the face's points, in pixels of the canvas.
  func draw(at time: Double, over face: Rect, on canvas: inout Canvas) {
    guard time >= coming, time <= going else { return }
    let size = Float(face.height)
    // Slides in and out from below within a quarter of a second.
    let away = Float(max(0, 1 - min(time - coming, going - time) / 0.25))
    let cx = Float(face.centre.x) + size * (x + Float(drift.value(at: time)))
    let cy = Float(face.centre.y) + size * (y + 1.5 * away)
    let (c, s, rx, ry) = (cosine(turn), sine(turn), size * wide, size * high)
    let reach = Double(rx + ry + 2)
    let area = Rect(
      left: Double(cx) - reach, top: Double(cy) - reach, right: Double(cx) + reach, bottom: Double(cy) + reach)
    let form = form
    for finger in 0..<(form == .finger ? 3 : 1) {
      let offset = Float(finger - 1) * (form == .finger ? 2.1 * rx : 0)
      canvas.paint(area, owner: 255, colour * (1 - 0.08 * Float(finger))) { px, py in
        let (dx, dy) = (px - cx - c * offset, py - cy - s * offset)
        let (u, v) = (c * dx + s * dy, c * dy - s * dx)
        let edge: Float
        switch form {
        case .bar: edge = max(abs(u) - rx, abs(v) - ry)
        case .disc: edge = ((u * u) / (rx * rx) + (v * v) / (ry * ry)).squareRoot() * min(rx, ry) - min(rx, ry)
        case .finger:
          let along = max(0, abs(v) - (ry - rx))
          edge = (u * u + along * along).squareRoot() - rx
        }
        return min(1, max(0, 0.5 - edge))
      }
    }
  }
}
