import DferImage
import DferModels
import DferTensor

/// How one labelled clip is looked at: where its crops lie, whether they are mirrored, how they are lit.
public struct View: Sendable, Hashable {
  /// Side of the crop over the longer side of the box.
  public var side: Double
  /// How far the crop's middle lies from the box's, in longer sides of the box.
  public var dx = 0.0
  public var dy = 0.0
  public var isMirrored = false
  /// Pixels become (pixel - 128) * gain + 128 + shift.
  public var gain = 1.0
  public var shift = 0.0

  /// The plain view: what inference does.
  public init(side: Double) { self.side = side }

  /// A random view of the kind that faces in the wild have. Light on purpose: with strong changes a small network that
  /// has seen little stays where it is.
  ///
  /// - Parameter strength: 0 keeps everything but the mirroring plain; 1 is about what a shaky finder and poor light do.
  public init(around side: Double, strength: Double, random: inout RandomSource) {
    func spread(_ limit: Double) -> Double { (2 * Double(random.uniform()) - 1) * limit * strength }
    self.init(side: side * (1 + spread(0.15)))
    (dx, dy) = (spread(0.12), spread(0.12))
    isMirrored = random.uniform() < 0.5
    (gain, shift) = (1 + spread(0.3), spread(35))
  }

  /// What is cut out around a face.
  func square(_ box: Rect) -> Rect {
    var square = box.square(factor: side)
    let long = max(box.width, box.height)
    square.x += dx * long
    square.y += dy * long
    return square
  }

  func picture(_ picture: Image, _ box: Rect, size: Int) -> Image {
    var crop = picture.resampled(square(box), width: size, height: size)
    if gain != 1 || shift != 0 {
      let table = (0..<256).map { UInt8(min(255, max(0, (Double($0) - 128) * gain + 128 + shift))) }
      for index in crop.pixels.indices { crop.pixels[index] = table[Int(crop.pixels[index])] }
    }
    return isMirrored ? crop.mirrored() : crop
  }

  /// A place of the picture in 0...1 of the crop.
  func place(_ point: Point, _ box: Rect) -> Point {
    let square = square(box)
    let x = (point.x - square.x) / square.width
    return Point(x: isMirrored ? 1 - x : x, y: (point.y - square.y) / square.height)
  }

  /// And back.
  func pixel(_ place: Point, _ box: Rect) -> Point {
    let square = square(box)
    let x = isMirrored ? 1 - place.x : place.x
    return Point(x: square.x + x * square.width, y: square.y + place.y * square.height)
  }

  /// Five points in 0...1 of the crop; left stays the left of the picture.
  func places(_ points: [Point], _ box: Rect) -> [Point] {
    let places = points.map { place($0, box) }
    return isMirrored && places.count == 5 ? [1, 0, 2, 4, 3].map { places[$0] } : places
  }
}

extension Image {
  /// Left and right exchanged.
  func mirrored() -> Image {
    var result = self
    for y in 0..<height {
      for x in 0..<width {
        let (from, to) = (3 * (y * width + width - 1 - x), 3 * (y * width + x))
        for colour in 0..<3 { result.pixels[to + colour] = pixels[from + colour] }
      }
    }
    return result
  }
}
