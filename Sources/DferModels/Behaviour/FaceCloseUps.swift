import DferTensor
import Foundation

/// Where a face, its eyes and its mouth are looked at from near, seen from the 68 points: upright and of one size, however the
/// head is tilted.
struct FaceCloseUps: Sendable {
  /// The eye on the left of the picture, then the other, mirrored, so that both look alike.
  var eyes: [CloseUp]
  /// Mouth and whole face as they are, then in a mirror.
  var mouth, face: [CloseUp]
  /// From upright units to the image.
  var alignment: Alignment

  /// The similarity that brings an upright face, whose eyes are one unit apart, to its place: a number a + bi, and where the
  /// middle lies, all in 0...1 of the image.
  struct Alignment: Sendable {
    var x, y, a, b: Float
  }

  /// A part: its side and how far below its place it lies, in units, and its pixels along one side.
  struct Part: Sendable {
    let side, below: Float
    let pixels: Int
  }

  static let (eye, mouth, face) = (
    Part(side: 1.05, below: -0.12, pixels: 24), Part(side: 1.45, below: -0.1, pixels: 24),
    Part(side: 3, below: 0.15, pixels: 48)
  )
  /// Eyes and mouth corners of an upright face, in units.
  fileprivate static let upright: [(x: Float, y: Float)] = [(-0.5, -0.5), (0.5, -0.5), (-0.38, 0.5), (0.38, 0.5)]
  /// Points that lie on one spot must not make a part of no size.
  private static let smallest: Float = 0.14

  /// How close-ups are taken a little wrong, so that what reads them bears points that are.
  struct Jitter: Sendable {
    /// x and y of each eye, of the mouth and of the face, in 0...1 of the image.
    var shift = [Float](repeating: 0, count: 8)
    /// Radians, and a factor on the size.
    var turn: Float = 0
    var scale: Float = 1

    static let none = Jitter()

    private init() {}

    init(random: inout RandomSource) {
      // Half a pixel of 56, three degrees, six percent.
      shift = (0..<8).map { _ in 0.01 * random.normal() }
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
    let eyes = [mean(36...41), mean(42...47)]
    let seen = eyes + [(points[96], points[97]), (points[108], points[109])]
    let nearest = Alignment(eyesAndMouth: seen)
    let middle = (x: nearest.x, y: nearest.y)
    var (a, b) = (nearest.a, nearest.b)
    let length = (a * a + b * b).squareRoot()
    if length < 1e-6 {
      (a, b) = (Self.smallest, 0)
    } else if length < Self.smallest {
      (a, b) = (a * Self.smallest / length, b * Self.smallest / length)
    }
    let (c, d) = (jitter.scale * cos(jitter.turn), jitter.scale * sin(jitter.turn))
    (a, b) = (a * c - b * d, a * d + b * c)
    func part(
      _ place: (x: Float, y: Float), _ number: Int, _ part: Part, isMirrored: Bool = false
    ) -> CloseUp {
      let (x, y) = (place.x + jitter.shift[2 * number], place.y + jitter.shift[2 * number + 1])
      let step = side * part.side / Float(part.pixels)
      return CloseUp(
        image: image, x: side * (x - b * part.below), y: side * (y + a * part.below), right: a * step, down: b * step,
        isMirrored: isMirrored)
    }
    self.eyes = [part(eyes[0], 0, Self.eye), part(eyes[1], 1, Self.eye, isMirrored: true)]
    mouth = [false, true].map { part(mean(48...59), 2, Self.mouth, isMirrored: $0) }
    face = [false, true].map { part(middle, 3, Self.face, isMirrored: $0) }
    alignment = Alignment(x: middle.x + jitter.shift[6], y: middle.y + jitter.shift[7], a: a, b: b)
  }
}

extension FaceCloseUps.Alignment {
  /// The similarity that brings the upright face nearest to these places, by least squares.
  /// - Parameter seen: eyes, then mouth corners, those on the left of the picture first.
  init(eyesAndMouth seen: [(x: Float, y: Float)]) {
    let middle = (x: seen.reduce(0) { $0 + $1.x } / 4, y: seen.reduce(0) { $0 + $1.y } / 4)
    var (a, b, size): (Float, Float, Float) = (0, 0, 0)
    for (place, model) in zip(seen, FaceCloseUps.upright) {
      let (x, y) = (place.x - middle.x, place.y - middle.y)
      a += model.x * x + model.y * y
      b += model.x * y - model.y * x
      size += model.x * model.x + model.y * model.y
    }
    self.init(x: middle.x, y: middle.y, a: a / size, b: b / size)
  }

  /// Places of the image in upright units, from the middle.
  func upright(_ points: ArraySlice<Float>) -> [Float] {
    let size = a * a + b * b
    return stride(from: points.startIndex, to: points.endIndex, by: 2).flatMap { index in
      let (x, y) = (points[index] - self.x, points[index + 1] - self.y)
      return [(a * x + b * y) / size, (a * y - b * x) / size]
    }
  }

  /// Cosine and sine of how far the face is turned clockwise.
  var turn: (cosine: Float, sine: Float) {
    let length = (a * a + b * b).squareRoot()
    return (a / length, b / length)
  }
}
