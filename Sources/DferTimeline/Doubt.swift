/// When a reading is in doubt, for everything that people look at: such labels carry a question mark or are hatched.
/// Tables hold the numbers, so that everybody may draw their own line.
package enum Doubt {
  /// Confidence below which a label is in doubt.
  package static let threshold = 0.6

  package static func isDoubtful(_ confidence: Double) -> Bool { confidence < threshold }
}

extension Segment {
  /// Whether its mean confidence is in doubt; false where there is no face.
  package var isDoubtful: Bool { faceID != nil && Doubt.isDoubtful(confidence) }
  /// The label for people: "fear?" when it is in doubt.
  package var shownLabel: String { isDoubtful ? label + "?" : label }
}
