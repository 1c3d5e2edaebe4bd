import DferImage

/// A network that reads expressions and that dfer does not train: a published classifier, one that ONNX Runtime runs, or
/// several that are averaged. Free to use from many threads.
package protocol ExpressionClassifier: Sendable {
  var modelInfo: FaceReader.ModelInfo { get }

  /// One reading for each clip of as many crops as `modelInfo.clip` says, of `modelInfo.imageSize` pixels a side.
  ///
  /// - Parameter points: for each clip and crop five landmarks in 0...1 of it; empty when not known.
  /// - Throws: an `ONNXError` when another program computes and fails.
  func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading]

  /// What the network looks at of one crop.
  func views(of crop: Image, points: [Point]) -> [Image]

  /// Whether clips are means over their frames, however many.
  var readsSingleImages: Bool { get }

  /// Multiplications of one clip, each with its addition; 0 when not known.
  var multiplications: Int { get }

  /// Whether another program computes, with threads of its own.
  var isComputedElsewhere: Bool { get }
}

extension ExpressionClassifier {
  package func views(of crop: Image, points: [Point]) -> [Image] { [crop] }
  package var readsSingleImages: Bool { false }
  package var isComputedElsewhere: Bool { false }
}
