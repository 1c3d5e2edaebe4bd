import DferImage

extension VideoInfo {
  /// What is to be said of frames that come from no container: one stream, square pixels, upright.
  package init(location: String, format: String, size: Size, frameRate: Double?, isLive: Bool = false) {
    self.init(
      location: location, format: format, codec: "", pixelFormat: "rgb24", storedSize: size, size: size, pixelAspect: 1,
      orientation: Orientation(), frameRate: frameRate, duration: nil, containerStart: 0, stream: 0, videoStreams: [0],
      byteSize: nil, isLive: isLive)
  }
}

extension DecodeCounts {
  /// Counts of a source that has given nothing yet.
  package static var none: DecodeCounts { DecodeCounts() }
}
