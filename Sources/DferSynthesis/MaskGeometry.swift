/// Things on a face that follow its points.
enum MaskGeometry {
  /// A mask from the bridge of the nose to under the chin.
  ///
  /// - Parameters:
  ///   - points: the head's vertices in the scene, flat x, y, z.
  ///   - landmarks: vertices of the 68 points.
  static func mask(_ points: [Float], _ landmarks: [Int], _ colour: Colour) -> Surface {
    func at(_ index: Int) -> SIMD3<Float> {
      let place = 3 * landmarks[index]
      return [points[place], points[place + 1], points[place + 2]]
    }
    // Outwards of the face: from between the jaw's ends to the nose tip.
    let outwards = normalised(at(30) - (at(0) + at(16)) / 2)
    // A third of the way down from the outer eye corners to the jaw, beside the nose, and over its bridge.
    func cheek(_ eye: Int, _ jaw: Int) -> SIMD3<Float> { at(eye) + (at(jaw) - at(eye)) * 0.45 }
    func beside(_ lid: Int, _ wing: Int) -> SIMD3<Float> { (at(lid) + at(wing)) * 0.5 }
    let upper: [SIMD3<Float>] = [at(1), cheek(36, 2), beside(41, 31), at(28), beside(46, 35), cheek(45, 14), at(15)]
    let chin: SIMD3<Float> = at(8) + (at(8) - at(27)) * 0.05
    let lower: [SIMD3<Float>] = [at(3), at(5), at(7), chin, at(9), at(11), at(13)]
    let (rows, columns) = (8, upper.count)
    // The middle stands before the nose tip.
    let reach = dot(at(30) - (at(28) + at(8)) / 2, outwards) + 1.2
    var surface = Surface(positions: [], triangles: [], albedo: [], gloss: [], isSheet: true)
    for row in 0...rows {
      let t = Float(row) / Float(rows)
      for column in 0..<columns {
        let side = 2 * Float(column) / Float(columns - 1) - 1
        let fall: Float = t < 0.25 ? t / 0.25 : (1 - t) / 0.75
        let bulge: Float = 0.7 + reach * ((1 - side * side) * fall).squareRoot()
        let down: SIMD3<Float> = (lower[column] - upper[column]) * t
        let place: SIMD3<Float> = upper[column] + down + outwards * bulge
        surface.positions += [place.x, place.y, place.z]
        // Folds.
        let shade: Float = row.isMultiple(of: 2) ? 1 : 0.86
        surface.albedo += [colour.red * shade, colour.green * shade, colour.blue * shade]
        surface.gloss.append(0.01)
        guard row < rows, column + 1 < columns else { continue }
        let (a, b) = (Int32(row * columns + column), Int32((row + 1) * columns + column))
        surface.triangles += [a, b, a + 1, a + 1, b, b + 1]
      }
    }
    return surface
  }

  /// Two rings before the eyes and a bridge.
  static func glasses(_ points: [Float], _ landmarks: [Int]) -> Surface {
    func at(_ index: Int) -> SIMD3<Float> {
      let place = 3 * landmarks[index]
      return [points[place], points[place + 1], points[place + 2]]
    }
    let across = normalised(at(45) - at(36))
    let outwards = normalised(at(30) - (at(0) + at(16)) / 2)
    let up = cross(outwards, across)
    var surface = Surface(positions: [], triangles: [], albedo: [], gloss: [], isSheet: true)
    func ring(_ centre: SIMD3<Float>, _ wide: Float, _ high: Float) {
      let (steps, first) = (24, Int32(surface.gloss.count))
      for step in 0..<steps {
        let turn = 2 * Float.pi * Float(step) / Float(steps)
        for size: Float in [1, 0.88] {
          let place = centre + across * (wide * size * cosine(turn)) + up * (high * size * sine(turn))
          surface.positions += [place.x, place.y, place.z]
          surface.albedo += [0.02, 0.018, 0.016]
          surface.gloss.append(0.3)
        }
        let (a, b) = (first + Int32(2 * step), first + Int32(2 * ((step + 1) % steps)))
        surface.triangles += [a, b, a + 1, a + 1, b, b + 1]
      }
    }
    let half = (at(45) - at(36)) / 2
    let width = dot(half, across)
    let middle = (at(36) + at(45)) / 2 + outwards * 2.3 - up * 0.2
    for side: Float in [-1, 1] { ring(middle + across * (side * width * 0.72), width * 0.58, width * 0.46) }
    ring(middle + outwards * 0.2, width * 0.16, width * 0.05)
    // The arms, back to the ears.
    for side: Float in [-1, 1] {
      let (front, back) = (
        middle + across * (side * width * 1.28), at(side < 0 ? 0 : 16) + up * 1.2 + across * (side * 0.6)
      )
      let first = Int32(surface.gloss.count)
      for place in [front + up * 0.2, front - up * 0.2, back + up * 0.2, back - up * 0.2] {
        surface.positions += [place.x, place.y, place.z]
        surface.albedo += [0.02, 0.018, 0.016]
        surface.gloss.append(0.3)
      }
      surface.triangles += [first, first + 1, first + 2, first + 2, first + 1, first + 3]
    }
    return surface
  }

  private static func dot(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float { (a * b).sum() }
  private static func normalised(_ a: SIMD3<Float>) -> SIMD3<Float> { a / max(1e-9, dot(a, a).squareRoot()) }
  private static func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
    [a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x]
  }
}
