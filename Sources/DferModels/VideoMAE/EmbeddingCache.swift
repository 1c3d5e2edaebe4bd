import DferImage
import DferTensor
import Dispatch
import Synchronization

/// What an embedding makes of one half of a clip, before the tokens are told where in time they lie: it depends on the
/// crops alone.
struct EmbeddedHalf: Sendable {
  /// [1, tokens, width].
  let tokens: Tensor
  /// [1, tokens, `detailSize`]; nil where nobody asked.
  let detail: Tensor?
  /// The frames themselves, normalised, [frames, channels, side, side]; nil as above.
  let frames: Tensor?
}

/// Halves of clips that were embedded lately. Clips that overlap by half share their crops, so the second half of one is the
/// first half of the next.
///
/// A half is found by its crops, every pixel of them: whoever reads with a cache gets the numbers that would have been computed.
/// Free to use from many threads: who wants a half that another thread is computing waits for it.
package final class EmbeddingCache: Sendable {
  private struct Entry {
    let crops: [Image]
    let promise: Promise
    /// The clip that it was made for.
    let clip: Int
  }

  private final class Promise: Sendable {
    private let half = Mutex<EmbeddedHalf?>(nil)
    private let group = DispatchGroup()

    init() { group.enter() }

    func keep(_ made: EmbeddedHalf) {
      half.withLock { $0 = made }
      group.leave()
    }

    var kept: EmbeddedHalf? {
      group.wait()
      return half.withLock { $0 }
    }
  }

  private let entries = Mutex<[Int: [Entry]]>([:])
  /// Whole readings of clips in which nothing moves.
  let stills = StillReadings()

  package init() {}

  /// Forgets halves that were made for clips before number `clip`.
  package func forget(before clip: Int) {
    entries.withLock { entries in
      entries = entries.compactMapValues { bucket in
        let young = bucket.filter { $0.clip >= clip }
        return young.isEmpty ? nil : young
      }
    }
  }

  /// The half of these crops, from `make` unless it is known. Once a second clip has had it, it is let go: no third one shares it.
  ///
  /// - Parameter clip: number of the clip that wants it.
  func half(_ crops: [Image], clip: Int, _ make: () -> EmbeddedHalf) -> EmbeddedHalf {
    let key = Self.key(crops)
    let (promise, isMine) = entries.withLock { entries -> (Promise, Bool) in
      var bucket = entries[key, default: []]
      if let index = bucket.firstIndex(where: { $0.crops == crops }) {
        let entry = bucket[index]
        if clip > entry.clip {
          bucket.remove(at: index)
          entries[key] = bucket.isEmpty ? nil : bucket
        }
        return (entry.promise, false)
      }
      let entry = Entry(crops: crops, promise: Promise(), clip: clip)
      entries[key] = bucket + [entry]
      return (entry.promise, true)
    }
    if !isMine, let half = promise.kept { return half }
    let half = make()
    promise.keep(half)
    return half
  }

  /// A few bytes of each crop: enough to tell faces apart before all pixels are compared.
  private static func key(_ crops: [Image]) -> Int {
    var hasher = Hasher()
    for crop in crops {
      for place in stride(from: 0, to: crop.pixels.count, by: 997) { hasher.combine(crop.pixels[place]) }
    }
    return hasher.finalize()
  }
}
