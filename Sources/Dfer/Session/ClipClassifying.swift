import DferImage
import DferModels

/// Whatever reads the expression of clips: the network of the weights, or plain arithmetic in a test.
package protocol ClipClassifying: Sendable {
  /// One reading for each clip of square crops.
  ///
  /// - Parameter points: for each clip and crop five landmarks in 0...1 of it; empty when not known.
  /// - Throws: when another program computes and fails.
  func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading]

  /// The same for clips of number `clip` of a video. Parts of them may be in `cache`: the same readings, sooner.
  ///
  /// - Parameter single: for each clip the one frame whose behaviour is wanted; nil for all frames.
  func read(
    _ clips: [[Image]], points: [[[Point]]], cache: EmbeddingCache?, clip: Int, behaviourOf single: [Int]?
  ) throws -> [ExpressionReading]

  /// What a face does in each of some frames in a row; empty without a behaviour decoder.
  func behaviours(of frames: [Image]) -> [FaceBehaviour]

  /// What the network looks at of one crop.
  func views(of crop: Image, points: [Point]) -> [Image]

  /// Whether another program computes, with threads of its own.
  var isComputedElsewhere: Bool { get }
}

extension ClipClassifying {
  package func read(
    _ clips: [[Image]], points: [[[Point]]], cache: EmbeddingCache?, clip: Int, behaviourOf single: [Int]?
  ) throws -> [ExpressionReading] {
    try read(clips, points: points)
  }

  package var isComputedElsewhere: Bool { false }

  package func behaviours(of frames: [Image]) -> [FaceBehaviour] { [] }
}

extension FaceReader: ClipClassifying {
  package func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
    try read(clips, points: points, behaviourOf: nil)
  }
}
