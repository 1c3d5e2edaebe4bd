import DferImage
import DferTensor
import Foundation

/// Makes the images that the face detector learns from: a scene at a random scale and place on a square canvas, sometimes
/// mirrored and in other light, and faces of other images pasted where there are none.
struct DetectorComposer: Sendable {
  /// Side of the canvas in pixels, a multiple of 32.
  let side: Int

  /// A canvas with the faces on it.
  func compose(_ scene: DetectorScene, pasting faces: [DetectorScene], random: inout RandomSource) -> DetectorScene {
    let whole = Self.area(scene, canvas: side, random: &random)
    var result = cut(scene, whole)
    for face in faces { paste(face, into: &result, random: &random) }
    if random.uniform() < 0.5 { result = result.mirrored() }
    result.image = Self.relit(result.image, random: &random)
    return result
  }

  /// Which part of a scene fills the canvas: a face of it gets a size between 10 pixels and the whole canvas, all sizes
  /// being equally likely on a logarithmic scale.
  private static func area(_ scene: DetectorScene, canvas: Int, random: inout RandomSource) -> Rect {
    let (width, height) = (Double(scene.image.width), Double(scene.image.height))
    let seen = scene.faces.filter { !$0.isIgnored }
    let pick = random.uniform()
    guard !seen.isEmpty else {
      let length = max(width, height) * (0.5 + Double(random.uniform()))
      return Rect(
        x: (width - length) * Double(random.uniform()), y: (height - length) * Double(random.uniform()), width: length,
        height: length)
    }
    let face = seen[min(seen.count - 1, Int(pick * Float(seen.count)))]
    let size = (face.box.width * face.box.height).squareRoot()
    let wanted = 10 * pow(Double(canvas) * 0.9 / 10, Double(random.uniform()))
    // Enlarging a small face shows nothing new; shrinking a scene to a dot shows only border.
    let scale = min(2.5, max(wanted / size, 0.3 * Double(canvas) / max(width, height)))
    let length = Double(canvas) / scale
    func start(_ middle: Double) -> Double { middle - length * (0.25 + 0.5 * Double(random.uniform())) }
    return Rect(x: start(face.box.centre.x), y: start(face.box.centre.y), width: length, height: length)
  }

  /// Part of a scene on a canvas; what lies outside of the scene is black, as the detector's own border is.
  private func cut(_ scene: DetectorScene, _ area: Rect) -> DetectorScene {
    let scale = Double(side) / area.width
    var result = DetectorScene(
      name: scene.name, image: scene.image.resampled(area, width: side, height: side), faces: [])
    let inside = Rect(
      x: -area.x * scale, y: -area.y * scale, width: Double(scene.image.width) * scale,
      height: Double(scene.image.height) * scale)
    result.image.blacken(outside: inside)
    let canvas = Rect(x: 0, y: 0, width: Double(side), height: Double(side))
    for face in scene.faces {
      var face = face.moved(scale: scale, dx: -area.x * scale, dy: -area.y * scale)
      let share = face.box.intersection(canvas).area / face.box.area
      guard share > 0.05 else { continue }
      // A face that is mostly cut off, or smaller than a cell can tell, is neither face nor background.
      if share < 0.5 || (face.box.width * face.box.height).squareRoot() < 8 { face.isIgnored = true }
      result.faces.append(face)
    }
    return result
  }

  private func paste(_ other: DetectorScene, into scene: inout DetectorScene, random: inout RandomSource) {
    guard let face = other.faces.first(where: { !$0.isIgnored }) else { return }
    let image = other.image
    let size = (face.box.width * face.box.height).squareRoot()
    let wanted = 10 * pow(Double(side) / 20, Double(random.uniform()))
    let scale = min(2, wanted / size)
    let (width, height) = (Int(Double(image.width) * scale), Int(Double(image.height) * scale))
    guard width >= 8, height >= 8, width < side, height < side else { return }
    let (x, y) = (Int(random.uniform() * Float(side - width)), Int(random.uniform() * Float(side - height)))
    let place = Rect(x: Double(x), y: Double(y), width: Double(width), height: Double(height))
    guard scene.faces.allSatisfy({ $0.box.intersection(place).area == 0 }) else { return }
    let patch = image.resampled(
      Rect(x: 0, y: 0, width: Double(image.width), height: Double(image.height)), width: width, height: height)
    for row in 0..<height {
      let target = 3 * ((y + row) * side + x)
      scene.image.pixels.replaceSubrange(
        target..<target + 3 * width, with: patch.pixels[3 * row * width..<3 * (row + 1) * width])
    }
    for face in other.faces {
      var moved = face.moved(scale: scale, dx: Double(x), dy: Double(y))
      if (moved.box.width * moved.box.height).squareRoot() < 8 { moved.isIgnored = true }
      scene.faces.append(moved)
    }
  }

  /// Light from dim to glaring, other colours, sometimes grey.
  private static func relit(_ image: Image, random: inout RandomSource) -> Image {
    var image = image
    let gamma = exp((2 * Double(random.uniform()) - 1) * 0.5)
    let gain = 0.5 + 0.7 * Double(random.uniform())
    let tables = (0..<3).map { _ in
      let tint = gain * (0.9 + 0.2 * Double(random.uniform()))
      return (0..<256).map { UInt8(min(255, 255 * pow(Double($0) / 255, gamma) * tint + 0.5)) }
    }
    for index in image.pixels.indices { image.pixels[index] = tables[index % 3][Int(image.pixels[index])] }
    if random.uniform() < 0.15 {
      for start in stride(from: 0, to: image.pixels.count, by: 3) {
        let luma = Luma.in256ths(image.pixels[start], image.pixels[start + 1], image.pixels[start + 2]) >> 8
        for colour in 0..<3 { image.pixels[start + colour] = UInt8(luma) }
      }
    }
    return image
  }
}

extension DetectorScene.Face {
  func moved(scale: Double, dx: Double, dy: Double) -> Self {
    var face = self
    face.box = Rect(
      x: box.x * scale + dx, y: box.y * scale + dy, width: box.width * scale, height: box.height * scale)
    face.points = points.map { Point(x: $0.x * scale + dx, y: $0.y * scale + dy) }
    return face
  }
}

extension DetectorScene {
  fileprivate func mirrored() -> DetectorScene {
    var scene = self
    let width = Double(image.width)
    scene.image = image.mirrored()
    for index in faces.indices {
      scene.faces[index].box.x = width - faces[index].box.right
      let points = faces[index].points.map { Point(x: width - $0.x, y: $0.y) }
      scene.faces[index].points = points.count == 5 ? [1, 0, 2, 4, 3].map { points[$0] } : points
    }
    return scene
  }
}

extension Image {
  fileprivate mutating func blacken(outside area: Rect) {
    let (left, right) = (max(0, Int(area.x.rounded())), min(width, Int(area.right.rounded())))
    let (top, bottom) = (max(0, Int(area.y.rounded())), min(height, Int(area.bottom.rounded())))
    for y in 0..<height {
      let isRow = top..<max(top, bottom) ~= y
      let (first, end) = isRow ? (min(left, width), max(min(left, width), right)) : (width, width)
      for index in 3 * y * width..<3 * (y * width + first) { pixels[index] = 0 }
      for index in 3 * (y * width + end)..<3 * (y + 1) * width { pixels[index] = 0 }
    }
  }
}
