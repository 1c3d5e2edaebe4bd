import DferImage

/// What a row says of a face beside its expression. Angles are in degrees and follow the picture: positive to the right,
/// down, and clockwise as seen.
package struct Behaviour: Sendable, Hashable {
  /// Both eyes. Looking straight ahead in the head, or into the camera, is 0.
  package struct Eyes: Sendable, Hashable {
    /// 0 closed to 1, this face's usual opening: the eye on the left of the picture, then the other.
    package var open: [Double]
    /// Direction in the head, mean of both eyes; nil behind closed lids.
    package var yaw, pitch: Double?
    /// The same with the head's own turn: relative to the line of sight to the face.
    package var gazeYaw, gazePitch: Double?

    package init(
      open: [Double], yaw: Double? = nil, pitch: Double? = nil, gazeYaw: Double? = nil,
      gazePitch: Double? = nil
    ) {
      (self.open, self.yaw, self.pitch) = (open, yaw, pitch)
      (self.gazeYaw, self.gazePitch) = (gazeYaw, gazePitch)
    }

    /// Directions are not given when an eye is less open than this.
    package static let leastOpen = 0.2
  }

  /// Turn of the head about the upright axis and nod, relative to the line of sight to the face.
  package var yaw, pitch: Double?
  package var eyes: Eyes?
  /// 0...1 for each of the layout's strengths.
  package var strengths: [Double] = []
  /// The usual 68 points, in upright full-frame pixels.
  package var points: [Point] = []

  package init() {}
}

/// A number between -1 and 1 for how pleasant the shown expression is: the classes' probabilities times the classes'
/// places on the pleasure axis. It carries nothing that the probabilities do not.
package enum DerivedValence {
  /// Mean ratings of the words by Russell and Mehrabian, "Evidence for a three-factor theory of emotions" (Journal of
  /// Research in Personality 11, 1977). Contempt is not among them and counts as 0, like neutral.
  package static let places = [
    "anger": -0.51, "contempt": 0, "disgust": -0.60, "fear": -0.64, "happiness": 0.81, "neutral": 0,
    "sadness": -0.63,
    "surprise": 0.40,
  ]

  /// Nil without probabilities, or with a class that has no place.
  package static func of(_ probabilities: [Float], labels: [String]) -> Double? {
    guard !probabilities.isEmpty, probabilities.count == labels.count else { return nil }
    var sum = 0.0
    for (label, probability) in zip(labels, probabilities) {
      guard let place = places[label] else { return nil }
      sum += place * Double(probability)
    }
    return sum
  }
}
