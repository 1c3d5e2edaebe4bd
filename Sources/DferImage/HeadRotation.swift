import Foundation

/// How a head is turned, relative to the line of sight to it: a rotation from the head's axes to the picture's.
///
/// Axes in both: x to the right of the picture, y up, z to the viewer. A face that looks into the camera has the unit
/// matrix, wherever in the picture it is.
///
/// Angles follow the picture, positive to the right, down and clockwise as seen: the head is turned about the upright axis
/// (`yaw`), nods (`pitch`), and tilts in the picture's plane (`roll`), R = Ry Rx Rz. So yaw and pitch are the direction of
/// the nose.
package struct HeadRotation: Sendable, Hashable {
  /// Nine numbers, row by row.
  package let matrix: [Double]

  package static let identity = HeadRotation(yaw: 0, pitch: 0, roll: 0)

  /// - Parameter matrix: a rotation, row by row.
  package init(matrix: [Double]) {
    precondition(matrix.count == 9, "HeadRotation: \(matrix.count) numbers, not nine")
    self.matrix = matrix
  }

  /// From angles in radians.
  package init(yaw: Double, pitch: Double, roll: Double) {
    let (sy, cy, sp, cp, sr, cr) = (sin(yaw), cos(yaw), sin(pitch), cos(pitch), sin(-roll), cos(-roll))
    matrix = [
      cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp,
      cp * sr, cp * cr, -sp,
      -sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp,
    ]
  }

  /// The rotation nearest to six numbers: images of the x and the y axis, orthogonalised in this order (arXiv 1812.07035).
  /// Nil when they are not finite or point along one line.
  package init?(sixNumbers values: [Double]) {
    precondition(values.count == 6, "HeadRotation: \(values.count) numbers, not six")
    func unit(_ v: [Double]) -> [Double]? {
      let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).squareRoot()
      return length > 1e-6 && length.isFinite ? v.map { $0 / length } : nil
    }
    guard let x = unit(Array(values[0..<3])) else { return nil }
    let raw = Array(values[3..<6])
    let along = raw[0] * x[0] + raw[1] * x[1] + raw[2] * x[2]
    guard let y = unit((0..<3).map { raw[$0] - along * x[$0] }) else { return nil }
    let z = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]]
    self.init(matrix: (0..<3).flatMap { [x[$0], y[$0], z[$0]] })
  }

  /// Images of the x and the y axis: what a network learns.
  package var sixNumbers: [Double] { [matrix[0], matrix[3], matrix[6], matrix[1], matrix[4], matrix[7]] }

  /// Radians, -pi...pi.
  package var yaw: Double { atan2(matrix[2], matrix[8]) }
  /// Radians, -pi/2...pi/2.
  package var pitch: Double { asin(min(1, max(-1, -matrix[5]))) }
  /// Radians, -pi...pi.
  package var roll: Double { -atan2(matrix[3], matrix[4]) }

  /// The same head in a mirror: yaw and roll change their signs.
  package var mirrored: HeadRotation {
    HeadRotation(matrix: zip(matrix, [1, -1, -1, -1, 1, 1, -1, 1, 1]).map { $0 * $1 })
  }

  /// The same head in a picture that is turned by `angle` radians, clockwise as seen.
  package func turned(by angle: Double) -> HeadRotation {
    HeadRotation(yaw: 0, pitch: 0, roll: angle).times(self)
  }

  /// The rotation `other` first, then this one.
  package func times(_ other: HeadRotation) -> HeadRotation {
    let (a, b) = (matrix, other.matrix)
    return HeadRotation(
      matrix: (0..<9).map { i in
        let (row, column) = (3 * (i / 3), i % 3)
        return a[row] * b[column] + a[row + 1] * b[3 + column] + a[row + 2] * b[6 + column]
      })
  }

  package var inverse: HeadRotation {
    HeadRotation(matrix: [0, 3, 6, 1, 4, 7, 2, 5, 8].map { matrix[$0] })
  }

  /// The angle between two rotations, in radians.
  package func angle(to other: HeadRotation) -> Double {
    let between = inverse.times(other).matrix
    return acos(min(1, max(-1, (between[0] + between[4] + between[8] - 1) / 2)))
  }

  /// The shortest rotation that turns the line of sight along `direction` into the z axis: what is seen off the picture's
  /// middle is seen from its side.
  ///
  /// - Parameter direction: from the head to the camera, of any length.
  package static func facing(_ direction: (x: Double, y: Double, z: Double)) -> HeadRotation {
    let length = (direction.x * direction.x + direction.y * direction.y + direction.z * direction.z).squareRoot()
    let (x, y, z) = (direction.x / length, direction.y / length, direction.z / length)
    // Rodrigues' formula about (y, -x, 0).
    let k = 1 / (1 + z)
    return HeadRotation(matrix: [1 - x * x * k, -x * y * k, -x, -x * y * k, 1 - y * y * k, -y, x, y, z])
  }
}
