import DferImage
import DferTracking
import Foundation

/// A clip whose crops are complete and that waits for the network.
struct PendingClip: Sendable {
  /// One face of the clip, with the samples that show it, in order of time.
  struct Face: Sendable {
    let id: Int
    let samples: [FaceSample]
    /// All decoded frames of the clip's time that show the face and that no clip before it has, in order of time; empty
    /// unless every frame is cut.
    var frames: [FaceSample] = []

    /// The samples that the network reads, one for each of its `count` frames: all of them, repeated evenly in order
    /// when the face is seen in fewer.
    func spread(over count: Int) -> [FaceSample] {
      ClipSampler.evenly(samples.count, over: count).map { samples[$0] }
    }
  }

  /// Seconds from the container's start; the end is exclusive.
  let start, end: Double
  /// Displayed frames, end exclusive.
  let frames: Range<Int>
  /// Samples of the segment's grid.
  let samples: Range<Int>
  /// False when the end of the segment cuts the clip short.
  let isWhole: Bool
  /// Date of the start, by the clock of this machine.
  let wallTime: Date
  /// In order of their ids.
  let faces: [Face]
  /// Number of the shot, from 0; set by who knows the shots before it.
  var shot = 0
  /// When the clip's last frame came.
  let lastArrival: ContinuousClock.Instant
}
