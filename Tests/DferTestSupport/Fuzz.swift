import Foundation
import Testing

/// Damages bytes in the ways that files get damaged. The same seed gives the same damage.
package struct Mutator: Sendable {
  private var random: SplitMix
  /// Pieces that mean something in the format, put in at odd places.
  private let words: [[UInt8]]

  package init(seed: UInt64, words: [String] = []) {
    random = SplitMix(state: seed)
    self.words = words.map { Array($0.utf8) }
  }

  /// One to six changes: bits flipped, bytes replaced, parts removed, doubled, moved or cut off, words put in.
  package mutating func damaged(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<6, using: &random) {
      guard !bytes.isEmpty else { return bytes }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...32, using: &random))
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
      case 4: bytes.removeSubrange(place...)
      case 5:
        // Numbers at their edges are where sums overflow.
        let edges = [
          "-1", "0", "1e308", "9223372036854775807", "-9223372036854775808", "nan", "1e-400", "00", "4294967296",
        ]
        bytes.replaceSubrange(place..<end, with: Array((edges.randomElement(using: &random) ?? "").utf8))
      default:
        let word = words.randomElement(using: &random) ?? [UInt8.random(in: 0...255, using: &random)]
        bytes.insert(contentsOf: word, at: place)
      }
    }
    return bytes
  }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  private struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }
}

/// Feeds damaged files to a reader for a while. A reader may refuse them; it may not stop the program or take long.
///
/// `$DFER_FUZZ_SECONDS` (default 0.4) is the time for each reader, `$DFER_FUZZ_SEED` (default 1) where the damage starts, and
/// `$DFER_FUZZ_KEEP` a folder that always holds the input being read, so that what stopped the program can be seen.
package enum Fuzz {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seconds = environment["DFER_FUZZ_SECONDS"].flatMap(Double.init) ?? 0.4
  private static let seed = environment["DFER_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
  /// Seconds of this thread's own work after which an input is a hang.
  private static let patience = 5.0

  package static func run(
    _ name: String, seeds: [[UInt8]], words: [String] = [], _ read: ([UInt8]) throws -> Void
  ) {
    let keep = environment["DFER_FUZZ_KEEP"].map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
    let start = ContinuousClock.now
    var (inputs, accepted) = (0, 0)
    while ContinuousClock.now - start < .seconds(seconds) || inputs < 100 {
      var mutator = Mutator(seed: seed &+ UInt64(inputs), words: words)
      let input = mutator.damaged(seeds[inputs % seeds.count])
      if let keep { try? Data(input).write(to: keep) }
      let before = threadSeconds()
      do {
        try read(input)
        accepted += 1
      } catch {}
      inputs += 1
      if threadSeconds() - before > patience {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("dfer-fuzz-\(name)-slow")
        try? Data(input).write(to: file)
        Issue.record(
          "\(name): input \(seed &+ UInt64(inputs - 1)) took \(threadSeconds() - before) s; kept as \(file.path)")
        return
      }
    }
    if keep != nil { print("fuzz \(name): \(inputs) inputs, \(accepted) accepted, seed \(seed)") }
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
