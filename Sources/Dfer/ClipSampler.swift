/// How clips lie in time: every clip has `frames` slots of `step` seconds, and a new clip starts every `hop` slots.
///
/// The grid is shared by all faces, so overlapping clips of one face use the same crops, and a row of one face can be
/// put beside the row of another. A slot is read from the frame whose time stamp is nearest to the slot's middle.
public struct ClipGrid: Sendable, Hashable {
  /// Slots of one clip; the network reads one frame for each.
  public let frames: Int
  /// Seconds from the middle of one slot to the next.
  public let step: Double
  /// Slots from the start of one clip to the start of the next.
  public let hop: Int

  public var span: Double { step * Double(frames) }
  public var hopSeconds: Double { step * Double(hop) }

  /// `hop` seconds are rounded to whole slots, so that clips can share their frames.
  public init(frames: Int, span: Double, hop: Double) {
    precondition(frames > 0 && span > 0 && hop > 0, "ClipGrid: frames \(frames), span \(span), hop \(hop)")
    self.frames = frames
    step = span / Double(frames)
    self.hop = max(1, Int((hop / step).rounded()))
  }

  /// Middle of a slot, in seconds from the start of the stretch.
  public func middle(ofSlot slot: Int) -> Double { (Double(slot) + 0.5) * step }
}

/// Gives every slot of a stretch of video its nearest frame, while frames arrive one by one.
///
/// Pure arithmetic on times: no images, no frame rate. Varying frame rates, repeated and missing frames need no
/// special case: a slot in a hole takes the nearer edge, and a fast stretch skips frames.
public struct ClipSampler: Sendable {
  public let grid: ClipGrid
  /// Time of the first frame of this stretch; slot 0 starts here.
  public let origin: Double
  private var nextSlot = 0
  private var lastTime: Double

  public init(grid: ClipGrid, origin: Double) {
    self.grid = grid
    self.origin = origin
    lastTime = origin
  }

  /// Slots that belong to the frame before the one at `time`: call this once for each frame after the first.
  ///
  /// A slot belongs to that earlier frame when its middle is nearer to it; halfway goes to the earlier frame.
  public mutating func slots(before time: Double) -> Range<Int> {
    // A microsecond of slack, so that "halfway" does not depend on rounding.
    let halfway = (lastTime + time) / 2 - origin + 1e-6
    lastTime = time
    return take { $0 <= halfway }
  }

  /// Slots of the last frame, when the stretch ends at `end` (its time plus how long it is shown).
  ///
  /// A slot exists when its middle lies before the end; a stretch of any length has at least one.
  public mutating func slots(untilEnd end: Double) -> Range<Int> {
    let isEmpty = nextSlot == 0
    let length = end - origin
    let slots = take { $0 < length - 1e-9 }
    guard isEmpty && slots.isEmpty else { return slots }
    nextSlot = 1
    return 0..<1
  }

  private mutating func take(while belongs: (Double) -> Bool) -> Range<Int> {
    let first = nextSlot
    while belongs(grid.middle(ofSlot: nextSlot)) { nextSlot += 1 }
    return first..<nextSlot
  }

  /// Evenly repeats `count` available frames over the slots of a clip: the rule for short videos and track ends.
  ///
  /// Position i of n reads frame floor(i * count / n), so the order in time is kept and no frame is left out.
  public static func evenly(_ count: Int, over slots: Int) -> [Int] {
    precondition(count > 0 && count <= slots, "evenly: \(count) frames over \(slots) slots")
    return (0..<slots).map { $0 * count / slots }
  }
}
