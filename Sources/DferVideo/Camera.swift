import DferImage

/// A camera of this machine with what it says it can do.
package struct Camera: Sendable, Hashable {
  /// What to give to `dfer watch`.
  package var location: String
  package var name: String
  package var access: Access
  /// Every image size with its rates and format, as the driver lists them.
  package var modes: [CameraMode]

  package enum Access: String, Sendable, Hashable {
    case free, busy, forbidden, failed
  }
}

/// One way in which a camera can send images.
package struct CameraMode: Sendable, Hashable {
  /// FFmpeg's name of the pixel format or codec, or the driver's own code where FFmpeg has none.
  package var format: String
  package var size: Size
  /// Frames a second, highest first; empty when the driver does not list them.
  package var rates: [Double]

  package init(format: String, size: Size, rates: [Double]) {
    self.format = format
    self.size = size
    self.rates = rates
  }
}

/// What a camera or a screen is asked for. Nil: dfer chooses.
package struct CaptureRequest: Sendable, Hashable {
  package var size: Size?
  /// Frames a second.
  package var rate: Double?
  package var format: String?

  package init(size: Size? = nil, rate: Double? = nil, format: String? = nil) {
    self.size = size
    self.rate = rate
    self.format = format
  }

  /// The wish with everything that was left open chosen among `modes`: 24 frames a second or more before a large
  /// image, and then the largest image up to 1280x720, because a face detector of 320 pixels gains nothing above it.
  /// Of equals, uncompressed images, which cost no decoding. Unchanged when no mode fits.
  func completed(from modes: [CameraMode]) -> CaptureRequest {
    let fitting = modes.filter { mode in
      (size == nil || mode.size == size) && (format.map { $0 == mode.format } ?? Self.preference.contains(mode.format))
        && (rate.map { wanted in mode.rates.contains { abs($0 - wanted) < 0.5 } } ?? true)
    }
    guard let best = fitting.max(by: { Self.rank($0).lexicographicallyPrecedes(Self.rank($1)) }) else { return self }
    return CaptureRequest(
      size: size ?? best.size, rate: rate ?? best.rates.filter { $0 >= Self.quick }.min() ?? best.rates.max(),
      format: format ?? best.format)
  }

  private static let quick = 24.0
  /// Formats that FFmpeg can be asked for by these names, best last.
  private static let preference = ["h264", "mjpeg", "gray", "bgr24", "rgb24", "nv12", "yuv420p", "uyvy422", "yuyv422"]

  private static func rank(_ mode: CameraMode) -> [Double] {
    let isQuick = mode.rates.isEmpty || mode.rates.contains { $0 >= quick }
    let fits = mode.size.width <= 1280 && mode.size.height <= 720
    let area = Double(mode.size.width * mode.size.height)
    return [
      isQuick ? 1 : 0, fits ? 1 : 0, fits ? area : -area, Double(preference.firstIndex(of: mode.format) ?? -1),
    ]
  }
}
