extension Kernels {
  /// Square parts of images, each turned, scaled or mirrored: bilinear, outside the image its border is repeated.
  ///
  /// - Parameters:
  ///   - images: [images, channels, height, width].
  ///   - maps: which image, and a, b, c, d, x, y: the middle of the part's pixel (u, v), counted from the part's middle, lies at
  ///     (a u + b v + x, c u + d v + y) of the image, in pixels from its edge.
  ///   - size: pixels of a part along one side.
  /// - Returns: [maps, channels, size, size].
  static func closeUps(_ images: Tensor, _ maps: [(image: Int, map: [Float])], size: Int) -> Tensor {
    let (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3])
    let (plane, half) = (height * width, Float(size) / 2)
    return read(images) { images in
      make([maps.count, channels, size, size]) { y in
        for (number, (image, map)) in maps.enumerated() {
          let source = images + image * channels * plane
          let target = y + number * channels * size * size
          for row in 0..<size {
            for column in 0..<size {
              let (u, v) = (Float(column) + 0.5 - half, Float(row) + 0.5 - half)
              let px = min(Float(width - 1), max(0, map[0] * u + map[1] * v + map[4] - 0.5))
              let py = min(Float(height - 1), max(0, map[2] * u + map[3] * v + map[5] - 0.5))
              let (left, top) = (Int(px), Int(py))
              let (right, bottom) = (min(width - 1, left + 1), min(height - 1, top + 1))
              let (fx, fy) = (px - Float(left), py - Float(top))
              for channel in 0..<channels {
                let from = source + channel * plane
                let above = from[top * width + left] * (1 - fx) + from[top * width + right] * fx
                let below = from[bottom * width + left] * (1 - fx) + from[bottom * width + right] * fx
                target[(channel * size + row) * size + column] = above * (1 - fy) + below * fy
              }
            }
          }
        }
      }
    }
  }
}
