import Dfer
import Foundation

/// Whoever reads standard output, or has stopped reading it.
struct OutputReader {
  /// Seconds after which a reader that does not read is spoken of.
  private static let patience = 5.0

  private var isGivenUp = false

  /// Waits until the next row can be written without being held there. A program that is held by its reader must say so,
  /// and still end on Ctrl-C. False when the end was asked for first; then no row is written any more.
  mutating func awaits(isLive: Bool, until isStopped: () -> Bool) -> Bool {
    guard !isGivenUp else { return false }
    let start = ContinuousClock.now
    var hasSaid = false
    while !Self.isReady(within: 0.1) {
      if isStopped() {
        isGivenUp = true
        return false
      }
      guard !hasSaid, (ContinuousClock.now - start).inSeconds > Self.patience else { continue }
      hasSaid = true
      let meanwhile = isLive ? "new frames are dropped meanwhile" : "the reading waits"
      Terminal.write("standard output: nobody has read for \(Int(Self.patience)) s; \(meanwhile)\n")
    }
    if hasSaid {
      Terminal.write("standard output: is read again, after \(Int((ContinuousClock.now - start).inSeconds)) s\n")
    }
    return true
  }

  /// Whether a write of one row would be taken at once (for a pipe: there is room for 4 KB), or would fail at once.
  private static func isReady(within seconds: Double) -> Bool {
    var descriptor = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&descriptor, 1, Int32(seconds * 1000)) > 0
  }
}
