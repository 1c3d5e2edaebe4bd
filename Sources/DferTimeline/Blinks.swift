/// A time in which both eyes of a face were closed.
package struct Blink: Sendable, Hashable {
  /// One frame of it.
  package struct Point: Sendable, Hashable {
    package var frame: Int
    /// Seconds from the container's start.
    package var time: Double

    package init(frame: Int, time: Double) { (self.frame, self.time) = (frame, time) }
  }

  /// The last frame with open eyes, the one with the least open eyes, and the first one with open eyes again.
  package var onset, apex, offset: Point
  /// Mean opening of both eyes at the apex, over what is usual for this face.
  package var leastOpen: Double

  package var seconds: Double { offset.time - onset.time }

  /// The longest blink; what takes longer is a closure. Voluntary and spontaneous blinks last 0.1 to 0.4 s.
  package static let longest = 0.5
  package var kind: String { seconds <= Self.longest ? "blink" : "closure" }
}

/// Finds blinks of one face in the openings of its eyes, frame by frame; it remembers some seconds.
///
/// Openings are taken relative to what is usual for the face: the upper quarter of its open frames in the last seconds. So
/// narrow eyes are not closed ones.
package struct BlinkFinder: Sendable {
  private var openings: [(time: Double, open: Double)] = []
  private var lastOpen: Blink.Point?
  private var lastTime: Double?
  private var closing: (onset: Blink.Point, apex: Blink.Point, least: Double)?

  /// Seconds that tell what is usual, and between frames that still belong together.
  private static let (memory, longestStep) = (6.0, 0.25)
  /// Nobody's usual opening is less: a face that begins with closed eyes.
  private static let leastUsual = 0.5
  /// Eyes are open above the first, closing below the second, and must come below the third.
  private static let (open, closing, closed) = (0.8, 0.65, 0.5)

  package init() {}

  /// Takes the next frame of the face.
  /// - Parameter eyes: openings of both eyes; nil where they are not known.
  /// - Returns: a blink that ends in this frame.
  package mutating func add(frame: Int, time: Double, eyes: [Double]?) -> Blink? {
    if let last = lastTime, time - last > Self.longestStep { (closing, lastOpen) = (nil, nil) }
    lastTime = time
    guard let eyes, !eyes.isEmpty else {
      // Nobody knows what the eyes did here.
      (closing, lastOpen) = (nil, nil)
      return nil
    }
    let opening = eyes.reduce(0, +) / Double(eyes.count)
    openings.removeAll { $0.time < time - Self.memory }
    let relative = opening / usual(with: opening)
    let here = Blink.Point(frame: frame, time: time)
    if relative >= Self.closing { openings.append((time, opening)) }
    guard relative < Self.open else {
      defer { (closing, lastOpen) = (nil, here) }
      guard let closing, closing.least < Self.closed else { return nil }
      return Blink(onset: closing.onset, apex: closing.apex, offset: here, leastOpen: closing.least)
    }
    if let known = closing {
      if relative < known.least { closing = (known.onset, here, relative) }
    } else if relative < Self.closing, let onset = lastOpen {
      closing = (onset, here, relative)
    }
    return nil
  }

  private func usual(with opening: Double) -> Double {
    let sorted = (openings.map(\.open) + [opening]).sorted()
    return max(Self.leastUsual, sorted[sorted.count * 3 / 4])
  }
}
