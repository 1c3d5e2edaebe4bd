/// Where a square part of an image is looked at from near.
package struct CloseUp: Sendable, Hashable {
  /// Number of the image in its batch.
  package var image: Int
  /// Middle of the part, in pixels from the image's edge.
  package var x, y: Float
  /// Pixels of the image that lie between neighbouring pixels of the part, along its rows: to the right and down. Its columns
  /// go at a right angle to that.
  package var right, down: Float
  /// Whether left and right are exchanged.
  package var isMirrored: Bool

  package init(image: Int, x: Float, y: Float, right: Float, down: Float, isMirrored: Bool = false) {
    (self.image, self.x, self.y) = (image, x, y)
    (self.right, self.down, self.isMirrored) = (right, down, isMirrored)
  }

  /// As `Kernels.closeUps` has it.
  var map: [Float] {
    let sign: Float = isMirrored ? -1 : 1
    return [sign * right, -down, sign * down, right, x, y]
  }
}

extension Tape {
  /// Square parts of images, [images, channels, height, width] -> [parts, channels, size, size]: bilinear, with the image's
  /// border repeated outside. Neither the images nor the places get a gradient.
  package mutating func closeUps(_ images: Tensor, _ parts: [CloseUp], size: Int) -> Value {
    precondition(
      images.shape.count == 4 && parts.allSatisfy { 0..<images.shape[0] ~= $0.image },
      "closeUps: parts of images that are not among \(images.shape)")
    return Value(Kernels.closeUps(images, parts.map { ($0.image, $0.map) }, size: size))
  }
}
