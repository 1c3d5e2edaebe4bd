import DferImage
import DferModels
import DferTensor
import Foundation

/// How one labelled clip is looked at: where its crops lie, whether they are mirrored, how they are lit.
package struct Augmentation: Sendable, Hashable {
  /// Side of the crop over the longer side of the box.
  package var side: Double
  /// How far the crop's middle lies from the box's, in longer sides of the box.
  package var dx = 0.0
  package var dy = 0.0
  /// How far the crop is turned, in radians.
  package var angle = 0.0
  /// How the crop moves from frame to frame; nil: not at all.
  package var sway: Sway?
  package var isMirrored = false
  package var photometric = PhotometricChanges()

  /// A slow movement of the crop over a clip, as of a box that is not followed quite right.
  package struct Sway: Sendable, Hashable {
    /// Farthest change of each number of the view.
    var side, dx, dy, angle: Double
    /// Swings over the clip, and where the first one begins.
    var swings, phase: Double
  }

  /// The plain view: what inference does.
  package init(side: Double) { self.side = side }

  /// A random view of the kind that faces in the wild have.
  ///
  /// - Parameters:
  ///   - strength: 0 keeps everything but the mirroring plain; about a third is right at first, because with strong
  ///     changes a small network that has seen little stays where it is; 1 is what a shaky detector and poor light do.
  ///   - domain: further changes; nil for none.
  package init(
    around side: Double, strength: Double, domain: DomainRandomization? = nil, random: inout RandomSource
  ) {
    func spread(_ limit: Double) -> Double { (2 * Double(random.uniform()) - 1) * limit * strength }
    self.init(side: side * (1 + spread(0.18)))
    (dx, dy, angle) = (spread(0.12), spread(0.12), spread(0.25))
    isMirrored = random.uniform() < 0.5
    sway = Sway(
      side: spread(0.05), dx: spread(0.05), dy: spread(0.05), angle: spread(0.08),
      swings: 0.5 + 2 * Double(random.uniform()), phase: Double(random.uniform()))
    photometric = PhotometricChanges(strength: strength, random: &random)
    if let domain { randomize(domain, &random) }
  }

  /// The view of one frame, `time` being 0...1 of the clip.
  func at(_ time: Double) -> Augmentation {
    guard let sway else { return self }
    var augmentation = self
    let swing = sin(2 * Double.pi * (sway.swings * time + sway.phase))
    augmentation.side *= 1 + sway.side * swing
    augmentation.dx += sway.dx * swing
    augmentation.dy += sway.dy * swing
    augmentation.angle += sway.angle * swing
    augmentation.sway = nil
    return augmentation
  }

  /// What is cut out around a face, before it is turned.
  func square(_ box: Rect) -> Rect {
    var square = box.square(factor: side)
    let long = box.longerSide
    square.x += dx * long
    square.y += dy * long
    return square
  }

  func image(_ image: Image, _ box: Rect, size: Int) -> Image {
    let crop = photometric.applied(to: image.resampled(square(box), turnedBy: angle, size: size))
    return isMirrored ? crop.mirrored() : crop
  }

  /// A place of the image in 0...1 of the crop.
  func normalized(_ point: Point, _ box: Rect) -> Point {
    let square = square(box)
    let (x, y) = (point.x - square.centre.x, point.y - square.centre.y)
    let turned = Point(x: cos(angle) * x + sin(angle) * y, y: cos(angle) * y - sin(angle) * x)
    let across = turned.x / square.width
    return Point(x: 0.5 + (isMirrored ? -across : across), y: 0.5 + turned.y / square.height)
  }

  /// And back.
  func pixel(_ place: Point, _ box: Rect) -> Point {
    let square = square(box)
    let x = (isMirrored ? 0.5 - place.x : place.x - 0.5) * square.width
    let y = (place.y - 0.5) * square.height
    return Point(
      x: square.centre.x + cos(angle) * x - sin(angle) * y, y: square.centre.y + sin(angle) * x + cos(angle) * y)
  }

  /// Five points in 0...1 of the crop; left stays the left of the image.
  func normalized(_ points: [Point], _ box: Rect) -> [Point] {
    let positions = points.map { normalized($0, box) }
    return isMirrored && positions.count == 5 ? [1, 0, 2, 4, 3].map { positions[$0] } : positions
  }

  /// Middle and size of the face in 0...1 of the crop. A turned face keeps the outline of an ellipse.
  func face(_ box: Rect) -> (centre: Point, width: Double, height: Double) {
    let square = square(box)
    let (c, s) = (cos(angle), sin(angle))
    func length(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
    return (
      normalized(box.centre, box), length(c * box.width, s * box.height) / square.width,
      length(s * box.width, c * box.height) / square.height
    )
  }
}

/// How the pixels of a crop are changed, the same in all frames of a clip.
package struct PhotometricChanges: Sendable, Hashable {
  /// Pixels become (pixel - 128) * gain + 128 + shift.
  var gain = 1.0
  var shift = 0.0
  /// The crop is shrunk by this factor and enlarged again.
  var softness = 1.0
  /// Deviation of added noise, and its seed.
  var noise = 0.0
  var seed: UInt64 = 0
  /// Quality of a compression, 1...100; nil for none.
  var quality: Double?
  /// A part of the crop, in 0...1, that is painted over with one grey.
  var erased: Rect?
  var paint: UInt8 = 0
  /// The crop is reduced to this side, in pixels, and enlarged again; nil: not.
  var resolution: Int?
  var colour: ColourChange?

  package init() {}

  init(strength: Double, random: inout RandomSource) {
    func spread(_ limit: Double) -> Double { (2 * Double(random.uniform()) - 1) * limit * strength }
    func happens(_ share: Double) -> Bool { Double(random.uniform()) < share * strength }
    (gain, shift) = (1 + spread(0.35), spread(38))
    if happens(0.3) { softness = 1 + Double(random.uniform()) }
    if happens(0.5) { noise = 10 * strength * Double(random.uniform()) }
    seed = random.next()
    if happens(0.3) { quality = 10 + 50 * Double(random.uniform()) }
    if happens(0.25) {
      let (width, height) = (0.1 + 0.25 * Double(random.uniform()), 0.1 + 0.25 * Double(random.uniform()))
      erased = Rect(
        x: Double(random.uniform()) * (1 - width), y: Double(random.uniform()) * (1 - height), width: width,
        height: height)
      paint = UInt8(random.uniform() * 255)
    }
  }

  func applied(to crop: Image) -> Image {
    var crop = crop
    let size = crop.width
    if softness > 1 {
      let small = max(8, Int(Double(size) / softness))
      let whole = Rect(x: 0, y: 0, width: Double(size), height: Double(size))
      let shrunk = crop.resampled(whole, width: small, height: small)
      crop = shrunk.resampled(
        Rect(x: 0, y: 0, width: Double(small), height: Double(small)), width: size, height: size)
    }
    if let resolution, resolution < size {
      func whole(_ side: Int) -> Rect { Rect(x: 0, y: 0, width: Double(side), height: Double(side)) }
      let reduced = crop.resampled(whole(size), width: resolution, height: resolution)
      crop = reduced.resampled(whole(resolution), width: size, height: size)
    }
    colour?.apply(to: &crop)
    if gain != 1 || shift != 0 {
      let table = (0..<256).map { UInt8(min(255, max(0, (Double($0) - 128) * gain + 128 + shift))) }
      for index in crop.pixels.indices { crop.pixels[index] = table[Int(crop.pixels[index])] }
    }
    if noise > 0 {
      // The sum of four bytes is nearly normal, with a deviation of 148.
      var source = RandomSource(seed: seed)
      let factor = noise / 148
      for index in crop.pixels.indices {
        let bits = source.next()
        let sum = (bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + (bits >> 24 & 0xFF)
        let value = Double(crop.pixels[index]) + (Double(sum) - 510) * factor
        crop.pixels[index] = UInt8(min(255, max(0, value)))
      }
    }
    if let quality { crop = crop.compressed(quality: quality) }
    if let erased {
      let side = Double(size)
      for y in Int(erased.y * side)..<min(size, Int(erased.bottom * side)) {
        for x in Int(erased.x * side)..<min(size, Int(erased.right * side)) {
          for colour in 0..<3 { crop.pixels[3 * (y * size + x) + colour] = paint }
        }
      }
    }
    return crop
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
