import DferImage
import DferTensor

/// The ICT-FaceKit face model: a neutral head, identity modes and movement shapes, as one safetensors file.
///
/// x to the right of the image, y up, z to the viewer, about centimetres. Source: https://github.com/ICT-VGL/ICT-FaceKit
/// (MIT licence). Tensors: `neutral` [V, 3], `identity` [60, V, 3], `faces` [Q, 4], `region` [V], `landmarks68_jawline`
/// [68], and `expression_start`, `expression_vertex`, `expression_delta`: shape k moves the vertices of
/// `start[k]..<start[k + 1]`. The shapes' names are in the metadata.
package struct FaceMesh: Sendable {
  /// What a vertex belongs to, numbered as in the file.
  package enum Region: Int, Sendable {
    case skin, head, mouthSocket, eyeSocket, gums, teeth, sclera, iris, lips, brows, pupil
  }

  /// Vertices that one shape moves, and by how much.
  struct Shape: Sendable {
    var vertices: [Int]
    /// x, y, z of each.
    var offsets: [Float]
  }

  /// x, y, z of each vertex.
  let neutral: [Float]
  /// Three vertices each, counter-clockwise from outside.
  let triangles: [Int32]
  let regions: [Region]
  /// For vertices of the eyes the distance from the line of sight; behind the front, and elsewhere, very large.
  let eyeRadii: [Float]
  /// Vertices of the usual 68 points, p0 to p67.
  let landmarks: [Int]
  /// Offsets of each identity mode, like `neutral`.
  let identities: [[Float]]
  /// Two for each movement, by side; the second of an unpaired one is empty.
  let shapes: [Shape]
  /// Vertices of the subject's left and right eyeball.
  let eyeballs: [[Int]]

  var vertexCount: Int { regions.count }

  /// - Throws: `CheckpointError` when the file is damaged or no such mesh.
  package init(_ path: String) throws {
    let file = try SafetensorsFile(path: path)
    func fault(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: "no face mesh: \(reason)") }
    neutral = try file.tensor("neutral").values
    let count = neutral.count / 3
    guard count > 0, file.shape(of: "neutral") == [count, 3] else { throw fault("neutral is not [vertices, 3]") }
    func vertices(_ name: String) throws -> [Int] {
      let indices = try file.integers(name)
      guard indices.allSatisfy((0..<count).contains) else { throw fault("\(name) points behind the last vertex") }
      return indices
    }
    let quads = try vertices("faces")
    guard quads.count.isMultiple(of: 4) else { throw fault("faces are not quads") }
    regions = try file.integers("region").compactMap(Region.init)
    guard regions.count == count else { throw fault("region has unknown values, or not one for each vertex") }
    let (kinds, points) = (regions, neutral)
    eyeballs = [Float(1), -1].map { side in
      kinds.indices.filter { [.sclera, .iris, .pupil].contains(kinds[$0]) && points[3 * $0] * side > 0 }
    }
    let fromAxis = Self.eyeRadii(neutral, regions)
    eyeRadii = fromAxis
    // An eye is two balls; the outer one is clear before the iris.
    let isClear = zip(regions, fromAxis).map { $0 == .sclera && $1 < Self.irisRadius }
    triangles = stride(from: 0, to: quads.count, by: 4).flatMap { at -> [Int32] in
      if quads[at..<at + 4].contains(where: { isClear[$0] }) { return [] }
      let (a, b, c, d) = (Int32(quads[at]), Int32(quads[at + 1]), Int32(quads[at + 2]), Int32(quads[at + 3]))
      return c == d ? [a, b, c] : [a, b, c, a, c, d]
    }
    landmarks = try vertices("landmarks68_jawline")
    guard landmarks.count == 68 else { throw fault("\(landmarks.count) landmarks, not 68") }
    let modes = try file.tensor("identity")
    guard modes.shape.count == 3, Array(modes.shape.dropFirst()) == [count, 3] else {
      throw fault("identity is not [modes, vertices, 3]")
    }
    identities = (0..<modes.shape[0]).map { Array(modes.values[$0 * 3 * count..<($0 + 1) * 3 * count]) }
    shapes = try Self.shapes(file, vertices("expression_vertex"), fault)
  }

  static let irisRadius: Float = 0.72

  private static func eyeRadii(_ points: [Float], _ regions: [Region]) -> [Float] {
    let isEye = regions.map { $0 == .sclera || $0 == .iris || $0 == .pupil }
    var result = [Float](repeating: 9, count: regions.count)
    for side: Float in [-1, 1] {
      let eye = regions.indices.filter { isEye[$0] && points[3 * $0] * side > 0 }
      let pupil = eye.filter { regions[$0] == .pupil }
      let front = (eye.map { points[3 * $0 + 2] }.max() ?? 0) - 1.2
      func middle(_ axis: Int) -> Float { pupil.reduce(0) { $0 + points[3 * $1 + axis] } / Float(max(1, pupil.count)) }
      let (x, y) = (middle(0), middle(1))
      for vertex in eye where points[3 * vertex + 2] > front {
        let (dx, dy) = (points[3 * vertex] - x, points[3 * vertex + 1] - y)
        result[vertex] = (dx * dx + dy * dy).squareRoot()
      }
    }
    return result
  }

  private static func shapes(
    _ file: SafetensorsFile, _ vertices: [Int], _ fault: (String) -> CheckpointError
  ) throws -> [Shape] {
    let names = (file.metadata["expression_names"] ?? "").split(separator: ",").map(String.init)
    let starts = try file.integers("expression_start")
    let offsets = try file.tensor("expression_delta").values
    guard starts.count == names.count + 1, starts.first == 0, starts.last == vertices.count,
      zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }), offsets.count == 3 * vertices.count
    else { throw fault("the movement shapes do not fit together") }
    return try BlendshapeName.allCases.flatMap { movement -> [Shape] in
      let pair = try movement.shapeNames.map { name -> Shape in
        guard let index = names.firstIndex(of: name) else { throw fault("there is no shape \(name)") }
        let (start, end) = (starts[index], starts[index + 1])
        return Shape(vertices: Array(vertices[start..<end]), offsets: Array(offsets[3 * start..<3 * end]))
      }
      return pair.count == 2 ? pair : pair + [Shape(vertices: [], offsets: [])]
    }
  }

  /// The neutral face of a person. `coefficients` go with the identity modes, from the first on.
  func face(_ coefficients: [Float]) -> [Float] {
    var result = neutral
    for (mode, coefficient) in zip(identities, coefficients) {
      for index in result.indices { result[index] += coefficient * mode[index] }
    }
    return result
  }

  /// `face` with the movements of `pose` made.
  func moved(_ face: [Float], _ pose: FacePose) -> [Float] {
    var result = face
    for (shape, weight) in zip(shapes, pose.weights) where weight != 0 {
      for (place, vertex) in shape.vertices.enumerated() {
        result[3 * vertex] += weight * shape.offsets[3 * place]
        result[3 * vertex + 1] += weight * shape.offsets[3 * place + 1]
        result[3 * vertex + 2] += weight * shape.offsets[3 * place + 2]
      }
    }
    for (side, ball) in eyeballs.enumerated() { turn(ball, pose.eyeDirection(side), in: &result) }
    return result
  }

  /// Turns an eyeball about its middle: the shapes of looking move the lids alone.
  private func turn(_ ball: [Int], _ direction: (yaw: Double, pitch: Double), in points: inout [Float]) {
    guard direction != (0, 0), !ball.isEmpty else { return }
    let m = HeadRotation(yaw: direction.yaw, pitch: direction.pitch, roll: 0).matrix.map { Float($0) }
    let centre = (0..<3).map { axis in
      let values = ball.map { points[3 * $0 + axis] }
      return ((values.min() ?? 0) + (values.max() ?? 0)) / 2
    }
    for vertex in ball {
      let at = 3 * vertex
      let (x, y, z) = (points[at] - centre[0], points[at + 1] - centre[1], points[at + 2] - centre[2])
      for axis in 0..<3 {
        points[at + axis] = centre[axis] + m[3 * axis] * x + m[3 * axis + 1] * y + m[3 * axis + 2] * z
      }
    }
  }
}
