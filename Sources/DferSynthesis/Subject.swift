import DferImage
import DferTensor

/// A person in a scene: a face that moves, and what is worn.
struct Subject: Sendable {
  let animation: FaceAnimation
  let mesh: FaceMesh
  private let look: Appearance
  /// The person's head at rest.
  private let face: [Float]
  private let head: Surface
  private let longHair, shoulders: Surface
  /// Which vertices the hair lifts, and by how much.
  private let measure: FaceMeasure
  private let lifts: [(vertex: Int, by: Float)]
  /// Vertices inside the mouth.
  private let mouth: [Int]

  init(
    _ mesh: FaceMesh, _ expression: ExpressionClass, seconds: Double, cut: Timing.Cut,
    range: SynthesisSettings.Range = .usual, masks: Double, random: inout RandomSource
  ) {
    self.mesh = mesh
    animation = FaceAnimation(expression, seconds: seconds, cut: cut, range: range, random: &random)
    let look = Appearance(modes: mesh.identities.count, masks: masks, random: &random)
    self.look = look
    mouth = mesh.regions.indices.filter { [.mouthSocket, .gums, .teeth].contains(mesh.regions[$0]) }
    face = mesh.face(look.identity)
    measure = FaceMeasure(mesh, face: face)
    let skin = Skin(mesh, face: face, look, random: &random)
    head = Surface(positions: face, triangles: mesh.triangles, albedo: skin.albedo, gloss: skin.gloss)
    var lifts: [(Int, Float)] = []
    for vertex in 0..<mesh.vertexCount where mesh.regions[vertex] == .head || mesh.regions[vertex] == .skin {
      guard let line = look.hairline else { break }
      let (x, y, z) = (face[3 * vertex], face[3 * vertex + 1], face[3 * vertex + 2])
      if Skin.isHairy(x, y, z, line) { lifts.append((vertex, look.hairVolume * (0.7 + 0.6 * random.uniform()))) }
    }
    self.lifts = lifts
    let shades = (0..<600).map { _ in 0.7 + 0.6 * random.uniform() }
    longHair = .ellipsoid(centre: (0, -1, -2), radii: (9.8, 13.5, 6.5), gloss: 0.04) { look.hair * shades[$0 % 32] }
    let width = 19 + 5 * random.uniform()
    shoulders = .ellipsoid(centre: (0, -27, -4), radii: (width, 12, 9), gloss: 0.02) {
      look.clothes * (0.9 + 0.2 * shades[$0])
    }
  }

  /// Lightness of the skin, 0...1.
  var lightness: Float { 0.3 * look.skin.red + 0.59 * look.skin.green + 0.11 * look.skin.blue }

  /// Draws the person at `time`.
  /// - Returns: where the 68 points are seen, in pixels of the canvas, and what else is true of the face.
  func draw(
    at time: Double, _ place: HeadPlace, on canvas: inout Canvas, _ camera: Camera, _ lighting: Lighting, owner: UInt8
  ) -> (points: [Point], truth: FaceTruth) {
    let movements = animation.pose(at: time)
    let moved = mesh.moved(face, movements)
    let points = place.placed(moved)
    var shown = head
    shown.positions = lifted(points)
    // A mouth that is hardly open lets in no light.
    let opening = moved[3 * mesh.landmarks[62] + 1] - moved[3 * mesh.landmarks[66] + 1]
    let light = min(1, max(0.12, opening / 1.1))
    for vertex in mouth { for colour in 0..<3 { shown.albedo[3 * vertex + colour] *= light } }
    shown.draw(on: &canvas, camera, lighting, owner: owner)
    var body = shoulders
    body.positions = HeadPlace(shift: place.shift).placed(body.positions)
    body.draw(on: &canvas, camera, lighting, owner: 0)
    if look.hasLongHair {
      var hair = longHair
      hair.positions = place.placed(hair.positions)
      hair.draw(on: &canvas, camera, lighting, owner: 0)
    }
    if let colour = look.mask {
      MaskGeometry.mask(points, mesh.landmarks, colour).draw(on: &canvas, camera, lighting, owner: 255)
    }
    if look.hasGlasses {
      MaskGeometry.glasses(points, mesh.landmarks).draw(on: &canvas, camera, lighting, owner: owner)
    }
    // Between the eyes: what a line of sight goes to.
    let bridge = 3 * mesh.landmarks[27]
    let truth = FaceTruth(
      rotation: place.rotation(seenFrom: camera.distance, at: Array(points[bridge..<bridge + 3])),
      eyes: measure.eyes(moved, movements), lipGap: measure.lipGap(moved), movements: movements)
    return (mesh.landmarks.map { camera.pixel(points, $0) }, truth)
  }

  /// Hair stands off the skull.
  private func lifted(_ points: [Float]) -> [Float] {
    guard !lifts.isEmpty else { return points }
    var result = points
    // The middle of the skull, between the ears.
    let (left, right) = (3 * mesh.landmarks[0], 3 * mesh.landmarks[16])
    let centre = (0..<3).map { (points[left + $0] + points[right + $0]) / 2 }
    for (vertex, by) in lifts {
      let at = 3 * vertex
      let (x, y, z) = (points[at] - centre[0], points[at + 1] - centre[1], points[at + 2] - centre[2])
      let factor = by / max(1, (x * x + y * y + z * z).squareRoot())
      result[at] += x * factor
      result[at + 1] += y * factor
      result[at + 2] += z * factor
    }
    return result
  }
}
