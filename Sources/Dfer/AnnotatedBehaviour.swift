import DferImage
import DferTimeline
import Foundation

/// What an annotated video shows of a face's behaviour: the head's three axes, the 68 points, and where the eyes look.
struct AnnotatedBehaviour: Sendable {
  private let box: Rect
  private let rotation: HeadRotation?
  private let points: [Point]
  /// Direction of both eyes in the picture, in radians; nil behind closed lids and where it was not asked for.
  private let gaze: (yaw: Double, pitch: Double)?

  private static let (right, down, forward) = (Colour(225, 70, 60), Colour(70, 170, 80), Colour(60, 110, 230))
  private static let sight = Colour(250, 200, 40)

  init(_ row: ClipResult, box: Rect) {
    func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
    let behaviour = row.behaviour
    self.box = box
    points = behaviour.points
    if let yaw = behaviour.yaw, let pitch = behaviour.pitch, let roll = row.rollDegrees {
      rotation = HeadRotation(yaw: radians(yaw), pitch: radians(pitch), roll: radians(roll))
    } else {
      rotation = nil
    }
    if let yaw = behaviour.eyes?.gazeYaw, let pitch = behaviour.eyes?.gazePitch {
      gaze = (radians(yaw), radians(pitch))
    } else {
      gaze = nil
    }
  }

  /// Between two rows, `t` of the way; what only one of them knows is its own.
  init(_ from: ClipResult, _ to: ClipResult, _ t: Double, box: Rect) {
    func between(_ a: Double?, _ b: Double?) -> Double? {
      guard let a, let b else { return nil }
      return a + (b - a) * t
    }
    var row = t < 0.5 ? from : to
    row.behaviour.yaw = between(from.behaviour.yaw, to.behaviour.yaw)
    row.behaviour.pitch = between(from.behaviour.pitch, to.behaviour.pitch)
    // The short way round: a head upside down has 180 or -180 degrees.
    if let a = from.rollDegrees, let b = to.rollDegrees {
      row.rollDegrees = a + ((b - a + 540).truncatingRemainder(dividingBy: 360) - 180) * t
    }
    if var eyes = row.behaviour.eyes {
      let (a, b) = (from.behaviour.eyes, to.behaviour.eyes)
      if let yaw = between(a?.gazeYaw, b?.gazeYaw), let pitch = between(a?.gazePitch, b?.gazePitch) {
        (eyes.gazeYaw, eyes.gazePitch) = (yaw, pitch)
      }
      row.behaviour.eyes = eyes
    }
    let (a, b) = (from.behaviour.points, to.behaviour.points)
    if a.count == b.count {
      row.behaviour.points = zip(a, b).map { Point(x: $0.x + ($1.x - $0.x) * t, y: $0.y + ($1.y - $0.y) * t) }
    }
    self.init(row, box: box)
  }

  /// - Parameters:
  ///   - colour: of the points.
  ///   - line: thickness.
  ///   - showsPoints: false where the face itself is hidden.
  func draw(on image: inout Image, _ colour: Colour, line: Double, showsPoints: Bool) {
    if showsPoints { for point in points { image.dot(point, radius: max(0.8, line * 0.7), colour) } }
    let centre = points.count == 68 ? points[30] : box.centre
    if let matrix = rotation?.matrix {
      let reach = 0.45 * box.longerSide
      // Images of the head's axes: to the right of the picture, down along the face, and out of it.
      let axes = [
        (matrix[0], -matrix[3], Self.right), (-matrix[1], matrix[4], Self.down), (matrix[2], -matrix[5], Self.forward),
      ]
      for (x, y, colour) in axes {
        let end = Point(x: centre.x + reach * x, y: centre.y + reach * y)
        image.line(from: centre, to: end, thickness: 1.5 * line, colour)
      }
    }
    guard let gaze, points.count == 68 else { return }
    let reach = 0.6 * box.longerSide
    for eye in [36...41, 42...47] {
      let start = Point(
        x: points[eye].reduce(0) { $0 + $1.x } / 6, y: points[eye].reduce(0) { $0 + $1.y } / 6)
      let end = Point(
        x: start.x + reach * sin(gaze.yaw) * cos(gaze.pitch), y: start.y + reach * sin(gaze.pitch))
      image.line(from: start, to: end, thickness: line, Self.sight)
    }
  }
}
