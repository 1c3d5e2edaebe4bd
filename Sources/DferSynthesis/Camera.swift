import DferImage
import Foundation

/// A head's place in space: turned about its neck, then moved. Angles in radians.
struct HeadPlace: Sendable {
  /// About the upright axis, positive to the right of the image; nod, positive down; tilt, positive clockwise.
  var yaw = 0.0
  var pitch = 0.0
  var roll = 0.0
  /// x, y, z in centimetres.
  var shift: (x: Double, y: Double, z: Double) = (0, 0, 0)

  /// Where heads turn, in mesh coordinates.
  static let pivot: (x: Double, y: Double, z: Double) = (0, -5, -1)

  /// Rows of the rotation.
  var rotation: [Float] {
    let (sy, cy, sp, cp, sr, cr) = (sin(yaw), cos(yaw), sin(pitch), cos(pitch), sin(-roll), cos(-roll))
    // Roll about z, after pitch about x, after yaw about y.
    let rows = [
      cr * cy - sr * sp * sy, -sr * cp, cr * sy + sr * sp * cy,
      sr * cy + cr * sp * sy, cr * cp, sr * sy - cr * sp * cy,
      -cp * sy, sp, cp * cy,
    ]
    return rows.map { Float($0) }
  }

  /// How a camera at `distance` on the z axis sees the head turned that stands at `position`: relative to its line of sight.
  func rotation(seenFrom distance: Float, at position: [Float]) -> HeadRotation {
    let line = HeadRotation.facing((Double(-position[0]), Double(-position[1]), Double(distance - position[2])))
    return line.times(HeadRotation(matrix: rotation.map(Double.init)))
  }

  /// Mesh coordinates -> scene coordinates, flat x, y, z.
  func placed(_ points: [Float]) -> [Float] {
    let m = rotation
    let (px, py, pz) = (Float(Self.pivot.x), Float(Self.pivot.y), Float(Self.pivot.z))
    let (tx, ty, tz) = (px + Float(shift.x), py + Float(shift.y), pz + Float(shift.z))
    var result = points
    for at in stride(from: 0, to: points.count, by: 3) {
      let (x, y, z) = (points[at] - px, points[at + 1] - py, points[at + 2] - pz)
      result[at] = m[0] * x + m[1] * y + m[2] * z + tx
      result[at + 1] = m[3] * x + m[4] * y + m[5] * z + ty
      result[at + 2] = m[6] * x + m[7] * y + m[8] * z + tz
    }
    return result
  }
}

/// A pinhole camera on the z axis that looks back along it.
struct Camera: Sendable {
  /// Centimetres from the origin.
  var distance: Float
  /// Pixels for one centimetre at one centimetre.
  var focal: Float
  /// Where the origin is seen.
  var centre: Point

  func x(_ x: Float, _ z: Float) -> Float { Float(centre.x) + focal * x / (distance - z) }
  func y(_ y: Float, _ z: Float) -> Float { Float(centre.y) - focal * y / (distance - z) }

  func pixel(_ points: [Float], _ vertex: Int) -> Point {
    let z = points[3 * vertex + 2]
    return Point(x: Double(x(points[3 * vertex], z)), y: Double(y(points[3 * vertex + 1], z)))
  }
}
