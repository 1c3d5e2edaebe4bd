/// How regularly the frames of a stream follow each other, to tell a lost part from a camera that is slow.
///
/// Times of a stream do not say that frames are missing. When the last frames came in even steps, a much longer step is
/// a loss. Where steps vary anyway (a webcam in changing light, a screen that sends only changes) nothing is said.
struct FrameRhythm: Sendable {
  private var steps: [Double] = []

  /// Seconds from one frame to the next.
  mutating func add(_ step: Double) {
    steps.append(step)
    if steps.count > 24 { steps.removeFirst() }
  }

  /// The longest step that is no loss; nil when the rhythm is not even, or not known yet.
  var longestStep: Double? {
    guard steps.count >= 12 else { return nil }
    let sorted = steps.sorted()
    let (middle, most) = (sorted[sorted.count / 2], sorted[sorted.count - 1])
    // Dimmed light takes a webcam from 30 to 5 frames a second: that is no loss.
    return most <= 2.5 * middle ? max(0.3, 5 * middle) : nil
  }
}
