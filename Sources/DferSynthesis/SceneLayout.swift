import DferImage
import DferTensor

/// Where the camera stands and the people sit.
struct SceneLayout {
  let camera: Camera
  let places: [HeadPlace]

  /// From brows to chin, with the forehead of the box, in mesh units.
  private static let boxHeight: Float = 17.4

  /// - Parameters:
  ///   - width: of the canvas, in pixels.
  init(width: Int, height: Int, faces: Int, random: inout RandomSource) {
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    let distance = draw(50, 130)
    let side = Float(min(width, height))
    // People side by side share the width.
    let room = min(side, Float(width) / Float(faces) * (faces > 1 ? 1.15 : 1))
    let tall = (faces > 1 ? draw(0.4, 0.58) : draw(0.42, 0.66)) * room
    // The face's front is about ten units nearer than the head's middle.
    let focal = tall * (distance - 8) / Self.boxHeight
    camera = Camera(distance: distance, focal: focal, centre: Point(x: Double(width) / 2, y: Double(height) / 2))
    let unit = focal / (distance - 8)
    places = (0..<faces).map { face in
      let seat = (Float(face) + 0.5) / Float(faces) * Float(width) - Float(width) / 2
      let spare = Float(width) / Float(faces)
      let (x, y) = (seat + draw(-0.09, 0.09) * spare, draw(-0.08, 0.08) * Float(height))
      var place = HeadPlace()
      // The middle of the box lies one unit above the origin.
      place.shift = (Double(x / unit), Double(-y / unit) - 1, faces > 1 ? Double(draw(-8, 4)) : 0)
      return place
    }
  }
}

/// How a head moves over a clip.
struct HeadMotion: Sendable {
  private let base: HeadPlace
  private let yaw, pitch, roll, x, y: SmoothNoise

  init(
    at place: HeadPlace, _ expression: ExpressionClass, range: SynthesisSettings.Range = .usual,
    random: inout RandomSource
  ) {
    var base = place
    func normal(_ standardDeviation: Double, _ most: Double) -> Double {
      min(most, max(-most, standardDeviation * Double(random.normal())))
    }
    base.yaw = normal(0.2, 0.6)
    base.pitch = normal(0.1, 0.3)
    base.roll = normal(0.08, 0.3)
    if range == .wide {
      func even(_ degrees: Double) -> Double { (2 * Double(random.uniform()) - 1) * degrees * .pi / 180 }
      // Half of the heads stay near the front, where most heads are.
      let isFar = random.uniform() < 0.5
      (base.yaw, base.pitch, base.roll) = isFar ? (even(60), even(35), even(45)) : (even(25), even(20), even(15))
    }
    // Sad heads sink; contempt looks down its nose.
    if expression == .sadness { base.pitch += 0.1 * Double(random.uniform()) }
    if expression == .contempt { base.pitch -= 0.1 * Double(random.uniform()) }
    self.base = base
    let liveliness = 0.3 + 1.2 * Double(random.uniform())
    yaw = SmoothNoise(0.06 * liveliness, rate: 0.3, random: &random)
    pitch = SmoothNoise(0.04 * liveliness, rate: 0.35, random: &random)
    roll = SmoothNoise(0.03 * liveliness, rate: 0.25, random: &random)
    x = SmoothNoise(0.3 * liveliness, rate: 0.25, random: &random)
    y = SmoothNoise(0.2 * liveliness, rate: 0.3, random: &random)
  }

  func place(at time: Double) -> HeadPlace {
    var place = base
    place.yaw += yaw.value(at: time)
    place.pitch += pitch.value(at: time)
    place.roll += roll.value(at: time)
    place.shift.x += x.value(at: time)
    place.shift.y += y.value(at: time)
    return place
  }
}
