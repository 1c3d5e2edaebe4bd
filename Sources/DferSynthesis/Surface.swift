import DferImage

/// Something with a shape and a look.
struct Surface: Sendable {
  /// x, y, z of each vertex.
  var positions: [Float]
  var triangles: [Int32]
  /// r, g, b of each vertex, linear.
  var albedo: [Float]
  /// Strength of the highlights of each vertex.
  var gloss: [Float]
  /// Has no inside: both sides are seen.
  var isSheet = false

  /// Draws the surface as it lies in the scene.
  func draw(on canvas: inout Canvas, _ camera: Camera, _ lighting: Lighting, owner: UInt8) {
    let count = gloss.count
    let zeros = [Float](repeating: 0, count: count)
    var corners = Corners(x: zeros, y: zeros, depth: zeros, red: zeros, green: zeros, blue: zeros)
    let (cx, cy) = (Float(camera.centre.x), Float(camera.centre.y))
    for vertex in 0..<count {
      let near = 1 / max(1, camera.distance - positions[3 * vertex + 2])
      corners.depth[vertex] = near
      corners.x[vertex] = cx + camera.focal * positions[3 * vertex] * near
      corners.y[vertex] = cy - camera.focal * positions[3 * vertex + 1] * near
    }
    lighting.shade(normals: normals(), albedo: albedo, gloss: gloss, isSheet: isSheet, into: &corners)
    canvas.draw(corners, triangles, owner: owner, isSheet: isSheet)
  }

  /// Sums of the triangles' normals at each vertex, by area.
  func normals() -> [Float] {
    var normals = [Float](repeating: 0, count: positions.count)
    for at in stride(from: 0, to: triangles.count, by: 3) {
      let (a, b, c) = (3 * Int(triangles[at]), 3 * Int(triangles[at + 1]), 3 * Int(triangles[at + 2]))
      let (ax, ay, az) = (positions[a], positions[a + 1], positions[a + 2])
      let (ux, uy, uz) = (positions[b] - ax, positions[b + 1] - ay, positions[b + 2] - az)
      let (vx, vy, vz) = (positions[c] - ax, positions[c + 1] - ay, positions[c + 2] - az)
      let (nx, ny, nz) = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)
      normals[a] += nx
      normals[a + 1] += ny
      normals[a + 2] += nz
      normals[b] += nx
      normals[b + 1] += ny
      normals[b + 2] += nz
      normals[c] += nx
      normals[c + 1] += ny
      normals[c + 2] += nz
    }
    return normals
  }

  /// An ellipsoid of one colour with a little unevenness, as for shoulders and hair.
  static func ellipsoid(
    centre: (Float, Float, Float), radii: (Float, Float, Float), gloss: Float, colour: (Int) -> Colour
  ) -> Surface {
    let (rows, columns) = (16, 32)
    var surface = Surface(positions: [], triangles: [], albedo: [], gloss: [])
    for row in 0...rows {
      for column in 0..<columns {
        let (up, turn) = (Float.pi * Float(row) / Float(rows), 2 * Float.pi * Float(column) / Float(columns))
        surface.positions += [
          centre.0 + radii.0 * sine(up) * sine(turn), centre.1 + radii.1 * cosine(up),
          centre.2 + radii.2 * sine(up) * cosine(turn),
        ]
        let colour = colour(row * columns + column)
        surface.albedo += [colour.red, colour.green, colour.blue]
        surface.gloss.append(gloss)
        guard row < rows else { continue }
        let (a, b) = (Int32(row * columns + column), Int32(row * columns + (column + 1) % columns))
        surface.triangles += [a, a + Int32(columns), b, b, a + Int32(columns), b + Int32(columns)]
      }
    }
    return surface
  }
}
