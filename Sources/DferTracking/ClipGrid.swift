/// How clips lie in time: every clip has `frames` samples, `step` seconds apart, and a new clip starts every `hop`
/// samples.
///
/// The grid is shared by all faces, so overlapping clips of one face use the same crops, and a row of one face can be
/// put beside the row of another. Sample i stands for the time from `i * step` to `(i + 1) * step` of its segment, and is
/// read from the frame whose time stamp is nearest to the middle, or that is on the screen then.
package struct ClipGrid: Sendable, Hashable {
  /// Samples of one clip; the network reads one frame for each.
  package let frames: Int
  /// Seconds from one sample to the next.
  package let step: Double
  /// Samples from the start of one clip to the start of the next.
  package let hop: Int

  /// Seconds of one clip.
  package var span: Double { step * Double(frames) }
  /// Seconds from the start of one clip to the start of the next.
  package var hopSeconds: Double { step * Double(hop) }

  /// `hop` seconds are rounded to whole samples, so that clips can share their frames.
  package init(frames: Int, span: Double, hop: Double) {
    precondition(frames > 0 && span > 0 && hop > 0, "ClipGrid: frames \(frames), span \(span), hop \(hop)")
    self.frames = frames
    step = span / Double(frames)
    self.hop = max(1, Int((hop / step).rounded()))
  }

  /// Middle of a sample, in seconds from the start of the segment.
  package func middle(ofSample index: Int) -> Double { (Double(index) + 0.5) * step }

  /// Samples of clip `number`, counted from the start of the segment.
  package func samples(ofClip number: Int) -> Range<Int> { number * hop..<number * hop + frames }
}
