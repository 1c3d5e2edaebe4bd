import DferImage
import Synchronization

/// The last readings of clips that show one image all the time: of slides, of a recording that pauses, of frames that stay for
/// minutes, whose clips are alike one after the other.
///
/// A reading is found by the image, every pixel of it, so that it is the one that would have been computed. Free to use from many
/// threads; two that want the same reading at the same time both compute it.
final class StillReadings: Sendable {
  private struct Entry {
    let image: Image
    /// The one frame whose behaviour was wanted; nil for all frames.
    let frame: Int?
    let reading: ExpressionReading
  }

  /// As many faces as a meeting on slides has.
  private static let most = 16

  /// The one that was wanted last comes last.
  private let entries = Mutex<[Entry]>([])

  /// - Parameters:
  ///   - clip: its crops.
  ///   - frame: the one frame whose behaviour is wanted; nil for all frames.
  /// - Returns: what `make` made of this clip or of one like it.
  func reading(of clip: [Image], frame: Int?, _ make: () -> ExpressionReading) -> ExpressionReading {
    guard let image = clip.first, clip.allSatisfy({ $0 == image }) else { return make() }
    let known = entries.withLock { entries -> ExpressionReading? in
      guard let place = entries.firstIndex(where: { $0.frame == frame && $0.image == image }) else { return nil }
      entries.append(entries.remove(at: place))
      return entries.last?.reading
    }
    if let known { return known }
    let reading = make()
    entries.withLock { $0 = $0.suffix(Self.most - 1) + [Entry(image: image, frame: frame, reading: reading)] }
    return reading
  }
}
