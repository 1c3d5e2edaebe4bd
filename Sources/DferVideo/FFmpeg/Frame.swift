import CFFmpeg
import DferImage

/// One shown image of a video. It stays in the decoder's own format until somebody asks for pixels, and then only
/// what is asked for is converted.
///
/// Pixels are RGB, with BT.601 below 720 lines and BT.709 from there on where the stream does not say; limited and full
/// range as tagged (limited where it does not say). Transparent parts are on black.
package final class Frame: @unchecked Sendable {
  /// Number of the frame among those that were shown, from 0.
  package let index: Int
  /// Exact presentation time minus the container's start.
  package let time: MediaTime
  /// Seconds that the frame is shown, when the container says so.
  package let duration: Double?
  /// Pixels of the upright image with square pixels.
  package let size: Size
  /// When the frame came out of its source, by a monotonic clock.
  package private(set) var arrivedAt = ContinuousClock.now

  private let raw: UnsafeMutablePointer<AVFrame>
  private let stored: Size
  private let pixelAspect: Double
  private let orientation: Orientation

  /// Takes over `raw`.
  init(
    _ raw: UnsafeMutablePointer<AVFrame>, index: Int, time: MediaTime, duration: Double?, pixelAspect: Double,
    orientation: Orientation
  ) {
    self.raw = raw
    self.index = index
    self.time = time
    self.duration = duration
    self.orientation = orientation
    stored = Size(width: Int(raw.pointee.width), height: Int(raw.pointee.height))
    self.pixelAspect = pixelAspect
    size = uprightSize(of: stored, pixelAspect: pixelAspect, orientation: orientation)
  }

  /// The same image as another frame: its pixels are shared.
  func shown(as index: Int, at time: MediaTime, for duration: Double) -> Frame {
    guard let copy = av_frame_clone(raw) else { fatalError("out of memory") }
    return Frame(copy, index: index, time: time, duration: duration, pixelAspect: pixelAspect, orientation: orientation)
  }

  deinit {
    var raw: UnsafeMutablePointer<AVFrame>? = raw
    av_frame_free(&raw)
  }

  /// Bytes of its image in memory, about.
  var byteCount: Int {
    max(0, Int(av_image_get_buffer_size(AVPixelFormat(raw.pointee.format), raw.pointee.width, raw.pointee.height, 1)))
  }

  /// Says that the frame comes now: called by the thread that got it from a source, before any other can see it. A
  /// source that waits for a frame's time decodes it earlier.
  func arrived() { arrivedAt = .now }

  /// The whole upright image, scaled so that its longer side has `longSide` pixels.
  package func image(longSide: Int) -> Image {
    let scale = Double(longSide) / Double(max(size.width, size.height))
    let target = Size(
      width: max(1, Int((Double(size.width) * scale).rounded())),
      height: max(1, Int((Double(size.height) * scale).rounded())))
    let whole = StoredArea(x: 0, y: 0, width: stored.width, height: stored.height)
    return orientation.upright(Scaler.convert(raw, whole, to: orientation.upright(target)))
  }

  /// The part of the upright image inside `square`, scaled to `side` x `side` pixels. Fractions of pixels count, and
  /// outside the image its border is repeated.
  package func crop(_ square: Rect, side: Int) -> Image {
    let turned = orientation.upright(size)
    let inTurned = orientation.stored(square, upright: size)
    let (sx, sy) = (Double(stored.width) / Double(turned.width), Double(stored.height) / Double(turned.height))
    let wanted = Rect(
      x: inTurned.x * sx, y: inTurned.y * sy, width: inTurned.width * sx, height: inTurned.height * sy)
    let area = StoredArea(around: wanted, in: stored)
    // Large faces are first brought near to the wanted size by the scaler, which is quicker; never below twice of it.
    let shrink = max(1, Int(min(wanted.width, wanted.height) / Double(side) / 2))
    let near = Size(width: max(1, area.width / shrink), height: max(1, area.height / shrink))
    let pixels = Scaler.convert(raw, area, to: near)
    let (fx, fy) = (Double(near.width) / Double(area.width), Double(near.height) / Double(area.height))
    let inside = Rect(
      x: (wanted.x - Double(area.x)) * fx, y: (wanted.y - Double(area.y)) * fy, width: wanted.width * fx,
      height: wanted.height * fy)
    return orientation.upright(pixels.resampled(inside, width: side, height: side))
  }
}

/// A part of the stored image, in whole pixels, that starts where colour samples start.
struct StoredArea: Hashable {
  let x, y, width, height: Int

  init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The smallest area that holds what `rect` shows of the image, with a pixel to spare. Its size grows in steps of
  /// 32, so that the scaler rarely has to be set up anew while a face moves.
  init(around rect: Rect, in size: Size) {
    (x, width) = Self.side(from: rect.x, to: rect.right, limit: size.width)
    (y, height) = Self.side(from: rect.y, to: rect.bottom, limit: size.height)
  }

  private static func side(from low: Double, to high: Double, limit: Int) -> (start: Int, length: Int) {
    let bounded = { (value: Double) in Int(min(max(value, -1e6), Double(limit) + 1e6)) }
    let first = min(max(0, bounded(low.rounded(.down)) - 1), limit - 1) / 4 * 4
    let last = min(limit, max(first + 1, bounded(high.rounded(.up)) + 1))
    let length = min(limit, (last - first + 31) / 32 * 32)
    return length <= limit - first
      ? (first, length) : (max(0, limit - length) / 4 * 4, limit - max(0, limit - length) / 4 * 4)
  }
}
