/// A movement of the face that the mesh has a shape for, named as in ICT-FaceKit. Paired ones exist for each side.
package enum BlendshapeName: String, CaseIterable, Sendable {
  case browDown, browInnerUp, browOuterUp, cheekPuff, cheekRaiser, cheekSquint, eyeBlink, eyeLookDown, eyeLookIn
  case eyeLookOut, eyeLookUp, eyeSquint, eyeWide, mouthDimple, mouthFrown, mouthLowerDown, mouthPress, mouthSmile
  case mouthStretch, mouthUpperUp, noseSneer
  case jawForward, jawLeft, jawOpen, jawRight, mouthClose, mouthFunnel, mouthLeft, mouthPucker, mouthRight
  case mouthRollLower, mouthRollUpper, mouthShrugLower, mouthShrugUpper

  package var isPaired: Bool { index < BlendshapeName.jawForward.index }

  /// Whether it turns the eyes or closes them: what gaze and blinks do.
  var movesEyes: Bool { [.eyeLookDown, .eyeLookIn, .eyeLookOut, .eyeLookUp, .eyeBlink].contains(self) }

  /// The mesh's names: one, or the subject's left (the right of the image) and right.
  var shapeNames: [String] { isPaired ? ["\(rawValue)_L", "\(rawValue)_R"] : [rawValue] }

  var index: Int { Self.indices[self]! }
  private static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// How strongly each movement is made, by side: 0 not at all, 1 fully.
package struct FacePose: Sendable, Hashable {
  /// [movements * 2]: the subject's left, then right; unpaired movements use the first.
  private(set) var weights = [Float](repeating: 0, count: 2 * BlendshapeName.allCases.count)

  package init() {}

  subscript(_ movement: BlendshapeName, side: Int) -> Float {
    get { weights[2 * movement.index + side] }
    set { weights[2 * movement.index + side] = newValue }
  }

  /// Adds to both sides of a paired movement, or to an unpaired one.
  mutating func add(_ movement: BlendshapeName, _ amount: Float) {
    for side in 0..<(movement.isPaired ? 2 : 1) { self[movement, side] += amount }
  }

  mutating func add(_ other: FacePose, times factor: Float) {
    for index in weights.indices { weights[index] += factor * other.weights[index] }
  }

  /// Where an eye looks relative to the head, in radians: positive to the right of the image, and down.
  ///
  /// - Parameter side: 0 the subject's left eye, on the right of the image; 1 the other.
  func eyeDirection(_ side: Int) -> (yaw: Double, pitch: Double) {
    let outwards = Double(self[.eyeLookOut, side] - self[.eyeLookIn, side])
    let (up, down) = (Double(self[.eyeLookUp, side]), Double(self[.eyeLookDown, side]))
    let yaw = outwards * Self.farthestLook.aside
    return (side == 0 ? yaw : -yaw, down * Self.farthestLook.down - up * Self.farthestLook.up)
  }

  /// How far an eye turns at a coefficient of 1, in radians: about as far as eyes go.
  private static let farthestLook = (aside: 35 * Double.pi / 180, up: 25 * Double.pi / 180, down: 30 * Double.pi / 180)

  /// Within what the shapes were made for. The brow shapes are weak, and still sound at one and a half.
  mutating func limit() {
    let brows = 2 * BlendshapeName.browDown.index..<2 * BlendshapeName.cheekPuff.index
    for index in weights.indices { weights[index] = min(brows.contains(index) ? 1.5 : 1, max(0, weights[index])) }
  }
}
