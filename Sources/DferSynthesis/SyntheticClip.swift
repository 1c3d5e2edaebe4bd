import DferImage
import DferTensor
import Foundation

/// What synthetic clips should look like.
package struct SynthesisSettings: Sendable, Hashable {
  /// Of each clip.
  package var seconds = 2.0
  package var frameRate = 25.0
  /// Of the images, in pixels.
  package var size = Size(width: 160, height: 160)
  /// People in each clip.
  package var faces = 1
  /// Taken in turns.
  package var classes = ExpressionClass.allCases
  /// Share of people who wear a mask.
  package var masks = 0.0
  /// Share of faces that something passes in front of.
  package var occluders = 0.0
  package var cut = Timing.Cut.whole
  package var range = Range.usual

  /// How far heads and eyes turn, and what else the face does.
  package enum Range: String, CaseIterable, Sendable {
    /// As people before a camera: yaw to about 34, pitch to 17 and roll to 17 degrees.
    case usual
    /// Yaw to 60, pitch to 35 and roll to 45 degrees, eyes to their limits, many blinks, and movements that belong to no
    /// expression: what estimates of behaviour are learned from.
    case wide
  }

  package init() {}

  package var frames: Int { max(1, Int((seconds * frameRate).rounded())) }
}

/// One rendered clip: a scene drawn from a seed, shown frame by frame.
package struct SyntheticClip: Sendable {
  /// What is true of one face at one moment, in pixels of the image.
  package struct Face: Sendable, Hashable {
    package var expression: ExpressionClass
    /// How much of the expression is shown: 0 at rest, 1 at the apex of this clip.
    package var intensity: Double
    package var phase: Timing.Phase
    /// Bounds of the points with a quarter of their height added above for the forehead.
    package var box: Rect
    /// The usual 68, p0 to p67. They may lie outside the image or be hidden.
    package var points: [Point]
    /// Rotation, eyes and movements.
    package var truth: FaceTruth

    /// Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner.
    package var fivePoints: [Point] {
      func mean(_ range: ClosedRange<Int>) -> Point {
        let count = Double(range.count)
        return Point(
          x: points[range].reduce(0) { $0 + $1.x } / count, y: points[range].reduce(0) { $0 + $1.y } / count)
      }
      return [mean(36...41), mean(42...47), points[30], points[48], points[54]]
    }
  }

  package struct Frame: Sendable {
    package var image: Image
    package var faces: [Face]
    /// For each pixel the face that is seen, from 1; 0 for everything else.
    package var owners: [UInt8]
  }

  package let settings: SynthesisSettings
  private let subjects: [(subject: Subject, motion: HeadMotion)]
  private let occluders: [(face: Int, occluder: Occluder)]
  private let camera: Camera
  private let lighting: Lighting
  private let backdrop: Canvas
  private let sensor: SensorModel
  private var random: RandomSource

  /// - Parameters:
  ///   - seed: the same seed gives the same clip.
  ///   - number: of the clip; chooses the class.
  package init(_ mesh: FaceMesh, _ settings: SynthesisSettings, seed: UInt64, number: Int) {
    precondition(settings.faces > 0 && !settings.classes.isEmpty, "SyntheticClip: nobody to show, or nothing")
    // Neighbouring seeds and numbers share nothing.
    var random = RandomSource(seed: seed &* 0xD1B5_4A32_D192_ED03 &+ UInt64(number) &* 0x8CB9_2BA7_2F3D_8DD7)
    random = RandomSource(seed: random.next())
    self.settings = settings
    let (width, height) = (2 * settings.size.width, 2 * settings.size.height)
    lighting = Lighting(random: &random)
    backdrop = Canvas(backdropOf: width, height, random: &random)
    let layout = SceneLayout(width: width, height: height, faces: settings.faces, random: &random)
    camera = layout.camera
    subjects = (0..<settings.faces).map { face in
      let expression = settings.classes[(number * settings.faces + face) % settings.classes.count]
      let subject = Subject(
        mesh, expression, seconds: settings.seconds, cut: settings.cut, range: settings.range, masks: settings.masks,
        random: &random)
      return (subject, HeadMotion(at: layout.places[face], expression, range: settings.range, random: &random))
    }
    occluders = (0..<settings.faces).compactMap { face in
      guard Double(random.uniform()) < settings.occluders else { return nil }
      return (face, Occluder(seconds: settings.seconds, random: &random))
    }
    sensor = SensorModel(skin: subjects.map(\.subject.lightness).max() ?? 0.4, random: &random)
    self.random = random
  }

  /// x264's CRF that belongs to the scene.
  package var quality: Int { sensor.quality }

  /// Share of the full expression that each face reaches at its apex.
  package var strengths: [Double] { subjects.map(\.subject.animation.strength) }
  package var expressions: [ExpressionClass] { subjects.map(\.subject.animation.expression) }
  package var speaks: [Bool] { subjects.map(\.subject.animation.speaks) }

  /// Renders frame `index`. Any order gives the same images.
  package func frame(_ index: Int) -> Frame {
    let time = Double(index) / settings.frameRate
    var canvas = backdrop
    var faces: [Face] = []
    for (number, (subject, motion)) in subjects.enumerated() {
      let (seen, truth) = subject.draw(
        at: time, motion.place(at: time), on: &canvas, camera, lighting, owner: UInt8(number + 1))
      let timing = subject.animation.timing
      let points = seen.map { Point(x: $0.x / 2, y: $0.y / 2) }
      faces.append(
        Face(
          expression: subject.animation.expression, intensity: timing.intensity(at: time),
          phase: timing.phase(at: time),
          box: Self.box(points), points: points, truth: truth))
    }
    for (face, occluder) in occluders {
      let box = faces[face].box
      let area = Rect(x: 2 * box.x, y: 2 * box.y, width: 2 * box.width, height: 2 * box.height)
      occluder.draw(at: time, over: area, on: &canvas)
    }
    var noise = RandomSource(seed: random.state &+ UInt64(index) &* 0xA24B_AED4_963E_E407)
    let image = sensor.image(canvas, random: &noise)
    let size = settings.size
    var owners = [UInt8](repeating: 0, count: size.width * size.height)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let owner = canvas.owner[2 * y * canvas.width + 2 * x]
        owners[y * size.width + x] = owner == 255 ? 0 : owner
      }
    }
    return Frame(image: image, faces: faces, owners: owners)
  }

  private static func box(_ points: [Point]) -> Rect {
    let (xs, ys) = (points.map(\.x), points.map(\.y))
    let (left, right, top, bottom) = (xs.min() ?? 0, xs.max() ?? 0, ys.min() ?? 0, ys.max() ?? 0)
    return Rect(left: left, top: top - (bottom - top) / 4, right: right, bottom: bottom)
  }
}
