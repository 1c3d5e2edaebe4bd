/// Keeps the clock of a stream's packets going where they begin a new count, as after a splice: before anything is decoded, so
/// that the time of packets that cannot be decoded is known too.
///
/// A decoding stamp more than a second behind the newest one begins a new count, unless the one after it goes on with the old
/// count. A key frame is the first to be shown of what follows: it is moved to where the latest image before it ended, and so are
/// all after it. Without one, as where a clock has run through all its numbers, decoding goes on. Stamps may be any 64-bit number.
struct PacketClock {
  /// Ticks of a second, and of an image that does not say how long it is shown.
  private let second: Int64
  private let step: Int64
  private var count = Count()
  /// The count before the newest packet stepped out of it.
  private var former: Count?
  /// Whether the next packets may have another clock.
  private var mayDiffer = false
  /// New counts so far.
  private(set) var restarts = 0

  private struct Count {
    /// Ticks that are added to stamps.
    var shift: Int64 = 0
    /// The newest decoding stamp, and where the latest image ends, both moved.
    var newest: Int64?
    var end: Int64 = .min
    /// Ticks for which the newest image is shown.
    var length: Int64 = 0
  }

  /// An eighth of what fits: differences and sums of a few such numbers fit too.
  private static let largest: Int64 = 1 << 60

  init(second: Int64, step: Int64) {
    self.second = min(max(1, second), Self.largest >> 20)
    self.step = min(max(1, step), self.second)
  }

  /// What has to be added to the stamps of the packet that was noted last.
  var shift: Int64 { count.shift }

  mutating func note(decoding: Int64?, shown: Int64?, duration: Int64, isKey: Bool) {
    // Without a decoding stamp nothing says whether an image is only shown earlier than the one before.
    guard let decoding, decoding.magnitude <= Self.largest.magnitude else { return }
    // An image is shown soon after it is decoded; a stamp that says something else is wrong.
    let shown = shown.flatMap { $0.magnitude <= Self.largest.magnitude && abs($0 - decoding) <= 10 * second ? $0 : nil }
    if let old = former, goesOn(decoding, in: old) {
      if old.shift != count.shift { restarts -= 1 }
      count = old
    }
    let isNext = goesOn(decoding, in: count)
    former = isNext ? nil : count
    if let newest = count.newest, newest - (decoding + count.shift) > second || (mayDiffer && !isNext) {
      if mayDiffer { former = nil }
      count.shift = isKey ? count.end - (shown ?? decoding) : newest + count.length - decoding
      restarts += 1
    }
    mayDiffer = false
    count.newest = max(-Self.largest, min(Self.largest, decoding + count.shift))
    count.length = (1...10 * second).contains(duration) ? duration : step
    count.end = max(count.end, min(Self.largest, (shown ?? decoding) + count.shift) + count.length)
  }

  /// Says that what comes next is of another sender, whose clock says nothing beside the one before.
  mutating func expectAnotherClock() { mayDiffer = true }

  /// Whether a packet may follow the newest one of a count.
  private func goesOn(_ decoding: Int64, in count: Count) -> Bool {
    guard let newest = count.newest else { return true }
    return (-second...2 * second).contains(decoding + count.shift - newest)
  }
}
