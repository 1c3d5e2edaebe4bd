/// An image of 8-bit RGB bytes, row by row, without padding.
public struct Image: Sendable, Hashable {
  /// Whole pixels.
  public let width, height: Int
  /// `height * width * 3` bytes: R, G, B of the first pixel, then the next one to the right.
  public var pixels: [UInt8]

  /// The image of these bytes.
  /// - Precondition: there are `height * width * 3` of them.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * 3, "Image: \(pixels.count) bytes for \(width)x\(height) RGB")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A black image.
  package init(width: Int, height: Int) {
    self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
  }

  /// Width and height in whole pixels.
  public var size: Size { Size(width: width, height: height) }
}
