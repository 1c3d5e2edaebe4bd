import DferTensor
import Foundation

/// Where eyes and mouth are looked at from near, seen from the 68 points: upright and of one size, however the head is
/// tilted.
struct FaceCloseUps: Sendable {
  /// The eye on the left of the picture, then the other, mirrored, so that both look alike.
  var eyes: [CloseUp]
  var mouth: CloseUp

  /// Pixels along one side.
  static let size = 24
  /// Sides of the parts and how far they lie below the middle of eye or mouth, over the distance of the eyes.
  private static let (eyeSide, eyeShift, mouthSide, mouthShift): (Float, Float, Float, Float) = (
    1.05, -0.12, 1.45, -0.1
  )
  /// Eyes and mouth corners of an upright face, in distances of the eyes.
  private static let upright: [(x: Float, y: Float)] = [(-0.5, -0.5), (0.5, -0.5), (-0.38, 0.5), (0.38, 0.5)]
  /// Points that lie on one spot must not make a part of no size.
  private static let smallest: Float = 0.14

  /// How close-ups are taken a little wrong, so that what reads them bears points that are.
  struct Jitter: Sendable {
    /// x and y of each eye and of the mouth, in 0...1 of the image.
    var shift = [Float](repeating: 0, count: 6)
    /// Radians, and a factor on the size.
    var turn: Float = 0
    var scale: Float = 1

    static let none = Jitter()

    private init() {}

    init(random: inout RandomSource) {
      // Half a pixel of 56, three degrees, six percent.
      shift = (0..<6).map { _ in 0.01 * random.normal() }
      (turn, scale) = (0.05 * random.normal(), exp(0.06 * random.normal()))
    }
  }

  /// - Parameters:
  ///   - points: x and y of the 68 points in 0...1 of the image.
  ///   - image: number of the image.
  ///   - side: of the image, in pixels.
  init(points: [Float], image: Int, side: Float, jitter: Jitter = .none) {
    func mean(_ range: ClosedRange<Int>) -> (x: Float, y: Float) {
      let count = Float(range.count)
      return (
        range.reduce(0) { $0 + points[2 * $1] } / count, range.reduce(0) { $0 + points[2 * $1 + 1] } / count
      )
    }
    var eyes = [mean(36...41), mean(42...47)]
    var mouth = mean(48...59)
    // The similarity that brings the upright face nearest to these places (least squares): a number a + bi.
    let seen = eyes + [(points[96], points[97]), (points[108], points[109])]
    let middle = (x: seen.reduce(0) { $0 + $1.x } / 4, y: seen.reduce(0) { $0 + $1.y } / 4)
    var (a, b, size): (Float, Float, Float) = (0, 0, 0)
    for (place, model) in zip(seen, Self.upright) {
      let (x, y) = (place.x - middle.x, place.y - middle.y)
      a += model.x * x + model.y * y
      b += model.x * y - model.y * x
      size += model.x * model.x + model.y * model.y
    }
    (a, b) = (a / size, b / size)
    let length = (a * a + b * b).squareRoot()
    if length < 1e-6 {
      (a, b) = (Self.smallest, 0)
    } else if length < Self.smallest {
      (a, b) = (a * Self.smallest / length, b * Self.smallest / length)
    }
    for eye in 0..<2 { eyes[eye] = (eyes[eye].x + jitter.shift[2 * eye], eyes[eye].y + jitter.shift[2 * eye + 1]) }
    mouth = (mouth.x + jitter.shift[4], mouth.y + jitter.shift[5])
    let (c, d) = (jitter.scale * cos(jitter.turn), jitter.scale * sin(jitter.turn))
    (a, b) = (a * c - b * d, a * d + b * c)
    func part(_ place: (x: Float, y: Float), _ sideOfPart: Float, _ below: Float, isMirrored: Bool = false) -> CloseUp {
      let step = side * sideOfPart / Float(Self.size)
      return CloseUp(
        image: image, x: side * (place.x - b * below), y: side * (place.y + a * below), right: a * step,
        down: b * step, isMirrored: isMirrored)
    }
    self.eyes = [
      part(eyes[0], Self.eyeSide, Self.eyeShift), part(eyes[1], Self.eyeSide, Self.eyeShift, isMirrored: true),
    ]
    self.mouth = part(mouth, Self.mouthSide, Self.mouthShift)
  }
}
