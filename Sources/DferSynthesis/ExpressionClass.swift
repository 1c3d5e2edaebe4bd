import DferTensor

/// The eight classes that can be rendered.
package enum ExpressionClass: String, CaseIterable, Sendable {
  case anger, contempt, disgust, fear, happiness, neutral, sadness, surprise

  /// A face that shows the class fully, one of the many that do: movements after the facial action coding system (FACS).
  ///
  /// The action units of each class are the usual ones of the literature on prototypes (Ekman and Friesen); strengths
  /// and the rarer parts are drawn anew each time.
  func apex(_ random: inout RandomSource) -> FacePose {
    var pose = FacePose()
    func draw(_ range: ClosedRange<Float>) -> Float {
      range.lowerBound + random.uniform() * (range.upperBound - range.lowerBound)
    }
    func make(_ movement: BlendshapeName, _ range: ClosedRange<Float>) {
      let amount = draw(range)
      guard movement.isPaired else { return pose.add(movement, amount) }
      // No face is quite even.
      for side in 0..<2 { pose[movement, side] += amount * draw(0.85...1.1) }
    }
    func perhaps(_ chance: Float, _ movement: BlendshapeName, _ range: ClosedRange<Float>) {
      if random.uniform() < chance { make(movement, range) }
    }
    switch self {
    case .neutral: break
    case .happiness:  // AU 6 + 12 (+ 25, 26)
      make(.mouthSmile, 0.65...1)
      make(.cheekSquint, 0.4...0.9)
      make(.cheekRaiser, 0.3...0.8)
      make(.eyeSquint, 0.1...0.45)
      perhaps(0.7, .mouthUpperUp, 0.1...0.45)
      perhaps(0.55, .jawOpen, 0.05...0.3)
      perhaps(0.4, .mouthLowerDown, 0.1...0.3)
      perhaps(0.3, .mouthDimple, 0.1...0.4)
      perhaps(0.2, .browOuterUp, 0.1...0.3)
    case .sadness:  // AU 1 + 4 + 15 (+ 11, 17)
      make(.browInnerUp, 0.7...1)
      make(.browDown, 0.1...0.35)
      make(.mouthFrown, 0.7...1)
      make(.mouthShrugLower, 0.25...0.6)
      make(.eyeBlink, 0.1...0.35)
      perhaps(0.6, .eyeLookDown, 0.1...0.5)
      perhaps(0.4, .cheekRaiser, 0.1...0.4)
      perhaps(0.4, .mouthPress, 0.1...0.4)
      perhaps(0.2, .mouthStretch, 0.1...0.3)
      perhaps(0.2, .jawOpen, 0.05...0.15)
    case .anger:  // AU 4 + 5 + 7 + 23, with 24 (pressed) or 10 + 22 + 25 (shouting)
      make(.browDown, 1.1...1.5)
      // The shape lowers the whole brow; in faces its inner end goes furthest.
      make(.browOuterUp, 0.3...0.6)
      make(.eyeSquint, 0.3...0.7)
      make(.noseSneer, 0.2...0.6)
      perhaps(0.4, .eyeWide, 0.1...0.4)
      perhaps(0.4, .jawForward, 0.1...0.4)
      if random.uniform() < 0.6 {
        make(.mouthPress, 0.5...1)
        make(.mouthRollUpper, 0.15...0.4)
        make(.mouthRollLower, 0.15...0.4)
        make(.mouthFrown, 0.15...0.5)
      } else {
        make(.mouthUpperUp, 0.25...0.6)
        make(.mouthLowerDown, 0.4...0.9)
        make(.cheekSquint, 0.2...0.6)
        make(.jawOpen, 0.05...0.35)
        perhaps(0.6, .mouthStretch, 0.1...0.5)
        perhaps(0.5, .mouthFunnel, 0.1...0.3)
      }
    case .fear:  // AU 1 + 2 + 4 + 5 + 20 (+ 25, 26)
      make(.browInnerUp, 0.7...1)
      make(.browOuterUp, 0.15...0.5)
      make(.browDown, 0.15...0.4)
      make(.eyeWide, 0.8...1)
      make(.mouthStretch, 0.6...1)
      make(.mouthLowerDown, 0.15...0.5)
      perhaps(0.7, .jawOpen, 0.08...0.35)
      perhaps(0.4, .mouthFrown, 0.1...0.4)
    case .surprise:  // AU 1 + 2 + 5 + 26
      make(.browInnerUp, 0.75...1)
      make(.browOuterUp, 0.8...1)
      make(.eyeWide, 0.5...1)
      make(.jawOpen, 0.3...0.8)
      perhaps(0.6, .mouthFunnel, 0.1...0.4)
      perhaps(0.3, .mouthUpperUp, 0.05...0.2)
    case .disgust:  // AU 9 + 10 (+ 4, 7, 15, 16, 17)
      make(.noseSneer, 0.75...1)
      make(.mouthUpperUp, 0.45...0.9)
      make(.browDown, 0.4...0.9)
      make(.eyeSquint, 0.3...0.7)
      make(.cheekRaiser, 0.3...0.7)
      perhaps(0.6, .mouthFrown, 0.2...0.6)
      perhaps(0.5, .mouthShrugLower, 0.2...0.6)
      perhaps(0.4, .mouthLowerDown, 0.2...0.5)
      perhaps(0.3, .jawOpen, 0.05...0.25)
      perhaps(0.3, .mouthShrugUpper, 0.1...0.4)
    case .contempt:  // AU 12 + 14 on one side only
      let side = Int(random.next() % 2)
      for (movement, range) in [
        (BlendshapeName.mouthSmile, 0.5...0.9), (.mouthDimple, 0.6...1), (.cheekSquint, 0.2...0.5),
      ]
        as [(BlendshapeName, ClosedRange<Float>)]
      { pose[movement, side] += draw(range) }
      pose[.mouthUpperUp, side] += draw(0...0.35)
      pose.add(side == 0 ? .mouthLeft : .mouthRight, draw(0.1...0.35))
      pose[.mouthPress, 1 - side] += draw(0.1...0.4)
      make(.eyeSquint, 0.1...0.4)
      perhaps(0.5, .eyeBlink, 0.05...0.2)
      if random.uniform() < 0.3 { pose[.browOuterUp, Int(random.next() % 2)] += draw(0.2...0.6) }
    }
    pose.limit()
    return pose
  }

  /// The class with up to four movements that need not belong to it, so that each movement is also seen alone.
  func apexBesideOthers(_ random: inout RandomSource) -> FacePose {
    var pose = FacePose()
    // A third of the faces show the others alone.
    if random.uniform() > 0.33 { pose.add(apex(&random), times: 0.3 + 0.7 * random.uniform()) }
    let others = BlendshapeName.allCases.filter { !$0.movesEyes }
    for _ in 0..<random.next() % 5 {
      let movement = others[Int(random.next() % UInt64(others.count))]
      let amount = random.uniform()
      // Most movements are made on both sides.
      if movement.isPaired, random.uniform() < 0.2 {
        pose[movement, Int(random.next() % 2)] += amount
      } else {
        pose.add(movement, amount)
      }
    }
    pose.limit()
    return pose
  }
}
