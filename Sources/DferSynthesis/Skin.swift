import DferTensor

/// Colour of each vertex of a person's head.
struct Skin {
  var albedo: [Float]
  var gloss: [Float]

  /// - Parameter face: the person's neutral face, flat x, y, z.
  init(_ mesh: FaceMesh, face: [Float], _ look: Appearance, random: inout RandomSource) {
    albedo = []
    albedo.reserveCapacity(3 * mesh.vertexCount)
    gloss = []
    func landmark(_ index: Int) -> (Float, Float) {
      (face[3 * mesh.landmarks[index]], face[3 * mesh.landmarks[index] + 1])
    }
    let brows = [Array(17...21), Array(22...26)].map { $0.map { (landmark($0).0, landmark($0).1 - 0.3) } }
    let eyes = [Array(36...41) + [36], Array(42...47) + [42]].map { $0.map(landmark) }
    let patches = (0..<40).map { _ in
      (14 * random.uniform() - 7, 20 * random.uniform() - 8, 0.6 + 1.5 * random.uniform(), random.uniform() - 0.5)
    }
    for vertex in 0..<mesh.vertexCount {
      let (x, y, z) = (face[3 * vertex], face[3 * vertex + 1], face[3 * vertex + 2])
      var (colour, shine) = (look.skin, look.gloss)
      switch mesh.regions[vertex] {
      case .skin, .brows, .head:
        colour = Self.skin(x, y, z, look, patches)
        if z > 4 {
          let line = brows.map { Self.distance((x, y), $0) }.min() ?? 9
          let hairs = 1 - Self.step(line, look.browThickness * 0.7, look.browThickness * 1.15)
          colour = colour.mixed(look.brow, hairs * look.browStrength)
          let lid = eyes.map { Self.distance((x, y), $0) }.min() ?? 9
          colour = colour * (1 - 0.55 * (1 - Self.step(lid, 0.06, 0.3)))
          // The hollow around the eyes.
          colour = colour * (1 - 0.12 * (1 - Self.step(lid, 0.3, 1.2)))
        }
        colour = colour * (1 + 0.25 * look.freckles * (random.uniform() - 0.5))
        if let line = look.hairline, Self.isHairy(x, y, z, line) {
          (colour, shine) = (look.hair * (0.65 + 0.7 * random.uniform()), 0.05)
        }
      case .lips: (colour, shine) = (look.lips, 0.16)
      case .mouthSocket: (colour, shine) = (Colour(0.16, 0.03, 0.03) * Self.mouthLight(z), 0)
      case .gums: (colour, shine) = (Colour(0.42, 0.12, 0.12) * Self.mouthLight(z), 0.05)
      case .teeth: (colour, shine) = (Colour(0.82, 0.78, 0.68) * Self.mouthLight(z), 0.12)
      case .eyeSocket: (colour, shine) = (look.skin.mixed(Colour(0.4, 0.15, 0.13), 0.5) * 0.5, 0.05)
      case .sclera, .iris, .pupil:
        let radius = mesh.eyeRadii[vertex]
        let white = Colour(0.62, 0.58, 0.55)
        let ring = look.iris * (0.35 + 0.65 * (1 - Self.step(radius, 0.5, 0.68)))
        colour = ring.mixed(white, Self.step(radius, 0.66, 0.78))
        colour = Colour(0.006, 0.006, 0.006).mixed(colour, Self.step(radius, 0.26, 0.34))
        shine = 0.35
      }
      albedo += [colour.red, colour.green, colour.blue]
      gloss.append(shine)
    }
  }

  private static func skin(
    _ x: Float, _ y: Float, _ z: Float, _ look: Appearance, _ patches: [(Float, Float, Float, Float)]
  ) -> Colour {
    var colour = look.skin
    func blob(_ cx: Float, _ cy: Float, _ size: Float) -> Float {
      let d = ((abs(x) - cx) * (abs(x) - cx) + (y - cy) * (y - cy)) / (size * size)
      return z > 3 ? 1 / (1 + d * d) : 0
    }
    // Blood in cheeks, nose tip and chin.
    let flush = 0.16 * blob(4, 0, 2) + 0.14 * blob(0, 0.5, 1.2) + 0.08 * blob(0, -6.5, 1.2)
    colour = colour.mixed(Colour(colour.red * 1.05, colour.green * 0.6, colour.blue * 0.6), flush)
    if look.stubble > 0, z > -1 {
      // Jaw, chin and upper lip; not the cheeks.
      let jaw = 1 - step(y, -3.6 + 0.35 * max(0, abs(x) - 3.5), -2.2 + 0.75 * max(0, abs(x) - 3.5))
      let beard =
        step(y, -10, -8.5) * max(jaw, step(y, -2.9, -2.5) * (1 - step(y, -2, -1.6)) * (1 - step(abs(x), 1.8, 2.8)))
      colour = colour.mixed(look.hair * 0.8, 0.85 * look.stubble * beard)
    }
    for (px, py, size, strength) in patches {
      let d = ((x - px) * (x - px) + (y - py) * (y - py)) / (size * size)
      if d < 4 { colour = colour * (1 + 0.1 * strength / (1 + d)) }
    }
    return colour
  }

  /// Hair covers the skull; ears, face and neck stay free.
  static func isHairy(_ x: Float, _ y: Float, _ z: Float, _ line: Float) -> Bool {
    if abs(x) > 6.6 && y < 6 && y > -3 && z < 5 && z > -4 { return false }
    let front = min(1, max(0, (z - 1) / 5))
    let side: Float = z < -1 ? -4 : 3.5
    // No hairline is straight.
    let wave = 0.35 * sine(1.3 * x + line) + 0.2 * sine(3.1 * x)
    return y > side + (line + wave - side) * front
  }

  /// Less light reaches what lies deeper in the mouth.
  private static func mouthLight(_ z: Float) -> Float { 0.12 + 0.75 * step(z, 5.5, 10.8) }

  private static func step(_ x: Float, _ low: Float, _ high: Float) -> Float {
    let t = min(1, max(0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)
  }

  /// From a point to a line of points.
  private static func distance(_ p: (Float, Float), _ line: [(Float, Float)]) -> Float {
    zip(line, line.dropFirst()).map { a, b in
      let (dx, dy) = (b.0 - a.0, b.1 - a.1)
      let t = min(1, max(0, ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / max(1e-9, dx * dx + dy * dy)))
      let (ex, ey) = (p.0 - a.0 - t * dx, p.1 - a.1 - t * dy)
      return (ex * ex + ey * ey).squareRoot()
    }.min() ?? .infinity
  }
}
