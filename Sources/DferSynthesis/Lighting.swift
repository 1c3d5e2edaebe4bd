import DferTensor
import Foundation

/// Two lamps and the light of the surroundings from above and below.
struct Lighting: Sendable {
  private let key, fill: Lamp
  private let above, below: Colour

  private struct Lamp: Sendable {
    /// Towards the lamp, length 1.
    var x, y, z: Float
    var colour: Colour
  }

  init(random: inout RandomSource) {
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    func tint() -> Colour { Colour(draw(0.92, 1.08), 1, draw(0.88, 1.08)) }
    func lamp(_ colour: Colour, side: Float) -> Lamp {
      let (turn, height) = (side * draw(0.1, 1.2), draw(-0.15, 0.9))
      return Lamp(x: sin(turn) * cos(height), y: sin(height), z: cos(turn) * cos(height), colour: colour)
    }
    let side: Float = draw(0, 1) < 0.5 ? -1 : 1
    // How much comes from the key lamp: soft rooms to hard sun.
    let hardness = draw(0.35, 0.75)
    key = lamp(tint() * (1.35 * hardness), side: side)
    fill = lamp(tint() * (0.45 * (1 - hardness)), side: -side)
    above = tint() * (0.85 * (1 - hardness))
    below = above * draw(0.3, 0.7)
  }

  /// Light that leaves each vertex towards the viewer. Normals need not have length 1.
  ///
  /// - Parameters:
  ///   - albedo: r, g, b of each vertex.
  ///   - gloss: strength of the highlights of each vertex.
  ///   - isSheet: seen from behind the same.
  func shade(normals: [Float], albedo: [Float], gloss: [Float], isSheet: Bool, into corners: inout Corners) {
    // Half way between lamp and viewer.
    let (hx, hy, hz) = (key.x, key.y, key.z + 1)
    let half = 1 / (hx * hx + hy * hy + hz * hz).squareRoot()
    for vertex in gloss.indices {
      let at = 3 * vertex
      var (x, y, z) = (normals[at], normals[at + 1], normals[at + 2])
      let length = (x * x + y * y + z * z).squareRoot()
      let scale = (isSheet && z < 0 ? -1 : 1) / max(1e-12, length)
      (x, y, z) = (x * scale, y * scale, z * scale)
      // Skin lets light round the edge of its own shadow.
      let direct = max(0, (x * key.x + y * key.y + z * key.z + 0.25) * 0.8)
      let second = max(0, x * fill.x + y * fill.y + z * fill.z)
      let up = 0.5 + 0.5 * y
      var shine = max(0, (x * hx + y * hy + z * hz) * half)
      shine *= shine
      shine *= shine
      shine *= shine
      shine *= shine * gloss[vertex]
      func light(_ key: Float, _ fill: Float, _ above: Float, _ below: Float, _ albedo: Float) -> Float {
        albedo * (direct * key + second * fill + up * above + (1 - up) * below) + shine * key
      }
      corners.red[vertex] = light(key.colour.red, fill.colour.red, above.red, below.red, albedo[at])
      corners.green[vertex] = light(key.colour.green, fill.colour.green, above.green, below.green, albedo[at + 1])
      corners.blue[vertex] = light(key.colour.blue, fill.colour.blue, above.blue, below.blue, albedo[at + 2])
    }
  }
}
