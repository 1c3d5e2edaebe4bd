import DferImage

/// What one frame of a clip shows of one face. Rows carry them only when a table of frames is written.
package struct Moment: Sendable, Hashable {
  /// Displayed frame, from 0.
  package var frame: Int
  /// Seconds from the container's start.
  package var time: Double
  package var box: Rect
  package var behaviour: Behaviour
  /// Tilt of the head, in degrees, clockwise as seen.
  package var rollDegrees: Double?

  package init(frame: Int, time: Double, box: Rect, behaviour: Behaviour, rollDegrees: Double?) {
    (self.frame, self.time, self.box) = (frame, time, box)
    (self.behaviour, self.rollDegrees) = (behaviour, rollDegrees)
  }
}
