/// Tells when frames that can be decoded only in part have become so many that none of them shows anything: a part that is decoded
/// with the settings of another one, or a stream that has begun without a whole image.
struct BrokenFrames: Sendable {
  /// Half a second of frames.
  private let most: Int
  /// Broken frames less whole ones.
  private var weight = 0
  /// Whole frames in a row that end it.
  private static let enough = 3

  init(frameRate: Double?) { most = max(3, Int(min(frameRate ?? 25, 1000) / 2)) }

  /// Whether the next frame shows nothing.
  ///
  /// - Parameters:
  ///   - isBroken: whether it could be decoded only in part.
  ///   - isIntra: whether it is a whole image that needs no other.
  mutating func hide(isBroken: Bool, isIntra: Bool) -> Bool {
    weight = !isBroken && isIntra ? 0 : max(0, min(most + Self.enough, weight + (isBroken ? 1 : -1)))
    return weight > most
  }
}
