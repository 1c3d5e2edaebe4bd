import DferImage

/// One shown image of a video, whatever made it. `Frame` holds a decoded one; tests paint theirs.
package protocol VideoFrame: AnyObject, Sendable {
  /// Number of the frame among those that were shown, from 0.
  var index: Int { get }
  /// Presentation time minus the container's start.
  var time: MediaTime { get }
  /// Seconds that the frame is shown, when the container says so.
  var duration: Double? { get }
  /// Pixels of the upright image with square pixels.
  var size: Size { get }
  /// When the frame came out of its source, by a monotonic clock.
  var arrivedAt: ContinuousClock.Instant { get }

  /// The whole upright image, scaled so that its longer side has `longSide` pixels.
  func image(longSide: Int) -> Image
  /// The part of the upright image inside `square`, scaled to `side` x `side` pixels. Outside the image its border is
  /// repeated.
  func crop(_ square: Rect, side: Int) -> Image
}

extension Frame: VideoFrame {}
