import DferTensor
import Foundation

/// What one face does over a clip: the expression, speech, blinks, gaze and small unrest. All of it is drawn at the
/// start, so that any moment can be asked for in any order.
struct FaceAnimation: Sendable {
  let expression: ExpressionClass
  let timing: Timing
  /// Share of the full expression that is reached at the apex.
  let strength: Double
  let speaks: Bool
  private let apex: FacePose
  private let rest: FacePose
  private let unrest: [(BlendshapeName, SmoothNoise)]
  private let syllables: [Syllable]
  private let blinks: [(time: Double, length: Double)]
  private let gaze: [(time: Double, x: Float, y: Float)]
  /// Movements that come and go by themselves beside the expression; none in the usual range.
  private let episodes: [Episode]

  /// One movement that belongs to no expression.
  private struct Episode {
    var movement: BlendshapeName
    var timing: Timing
    /// At its apex, of the subject's left and right side.
    var amounts: [Float]
  }

  /// One opening of the mouth.
  private struct Syllable {
    var time, length: Double
    var moves: [(BlendshapeName, Float)]
  }

  init(
    _ expression: ExpressionClass, seconds: Double, cut: Timing.Cut, range: SynthesisSettings.Range = .usual,
    random: inout RandomSource
  ) {
    func draw(_ low: Double, _ high: Double) -> Double { low + Double(random.uniform()) * (high - low) }
    self.expression = expression
    timing = Timing(cut, seconds: seconds, random: &random)
    strength = draw(0.65, 1)
    let isWide = range == .wide
    apex = isWide ? expression.apexBesideOthers(&random) : expression.apex(&random)
    var rest = FacePose()
    // Faces at rest differ: lids, mouth corners, brows.
    for (movement, most) in [
      (BlendshapeName.mouthFrown, 0.12), (.mouthSmile, 0.1), (.browDown, 0.15), (.browInnerUp, 0.1), (.eyeBlink, 0.15),
      (.mouthPress, 0.2), (.eyeWide, 0.12),
    ] { rest.add(movement, Float(draw(-most, most).magnitude * (draw(0, 1) < 0.5 ? 1 : 0))) }
    self.rest = rest
    let restless: [BlendshapeName] = [
      .browInnerUp, .browDown, .mouthPress, .mouthSmile, .mouthFrown, .jawOpen, .eyeSquint,
    ]
    unrest = restless.map { ($0, SmoothNoise(0.03, rate: 0.4, random: &random)) }
    speaks = draw(0, 1) < 0.4
    syllables = speaks ? Self.speech(seconds, &random) : []
    episodes = isWide ? Self.episodes(seconds, &random) : []
    var blinks: [(Double, Double)] = []
    var time = draw(-2, 2)
    while time < seconds {
      blinks.append((time, draw(0.16, 0.32)))
      time += isWide ? draw(0.4, 1.5) : draw(1, 5)
    }
    self.blinks = blinks
    var gaze: [(Double, Float, Float)] = [(-1, Float(draw(-0.3, 0.3)), Float(draw(-0.2, 0.2)))]
    if isWide { gaze = [(-1, Float(draw(-1, 1)), Float(draw(-1, 1)))] }
    time = isWide ? draw(0, 0.4) : draw(0.3, 2)
    while time < seconds {
      gaze.append(
        isWide
          ? (time, Float(draw(-1, 1)), Float(draw(-1, 1))) : (time, Float(draw(-0.5, 0.5)), Float(draw(-0.35, 0.3))))
      time += isWide ? draw(0.15, 0.5) : draw(0.4, 2.5)
    }
    self.gaze = gaze
  }

  /// Single movements, four a second: what belongs together in expressions must not always be seen together.
  private static func episodes(_ seconds: Double, _ random: inout RandomSource) -> [Episode] {
    func draw(_ low: Double, _ high: Double) -> Double { low + Double(random.uniform()) * (high - low) }
    let movements = BlendshapeName.allCases.filter { !$0.movesEyes }
    return (0..<Int(4 * (seconds + 1))).map { _ in
      let (start, onset, hold) = (draw(-1, seconds), draw(0.1, 0.4), draw(0.05, 0.8))
      let movement = movements[Int(random.next() % UInt64(movements.count))]
      let amount = Float(draw(0.2, 1))
      // Most movements are made on both sides.
      var amounts = [amount, amount]
      if movement.isPaired, random.uniform() < 0.2 { amounts[Int(random.next() % 2)] = 0 }
      let end = start + onset + hold + draw(0.1, 0.4)
      return Episode(
        movement: movement,
        timing: Timing(start: start, apex: start + onset, release: start + onset + hold, end: end), amounts: amounts)
    }
  }

  private static func speech(_ seconds: Double, _ random: inout RandomSource) -> [Syllable] {
    func draw(_ low: Double, _ high: Double) -> Double { low + Double(random.uniform()) * (high - low) }
    var syllables: [Syllable] = []
    var time = draw(-0.5, 0.5)
    let loudness = draw(0.5, 1.2)
    while time < seconds {
      let length = draw(0.16, 0.3)
      var moves: [(BlendshapeName, Float)] = [(.jawOpen, Float(loudness * draw(0.04, 0.28)))]
      let shapes: [[BlendshapeName]] = [
        [.mouthFunnel], [.mouthPucker], [.mouthStretch], [.mouthLowerDown, .mouthUpperUp], [],
      ]
      for movement in shapes[Int(random.next() % 5)] { moves.append((movement, Float(loudness * draw(0.1, 0.45)))) }
      if draw(0, 1) < 0.2 { moves = [(.mouthPress, 0.4), (.mouthClose, 0.05)] }
      syllables.append(Syllable(time: time, length: length, moves: moves))
      time += length * draw(0.6, 0.95)
      if draw(0, 1) < 0.08 { time += draw(0.2, 0.7) }
    }
    return syllables
  }

  /// 0...1 of the full expression.
  func intensity(at time: Double) -> Double { strength * timing.intensity(at: time) }

  func pose(at time: Double) -> FacePose {
    let shown = Float(intensity(at: time))
    var pose = rest
    pose.add(apex, times: shown)
    for (movement, wander) in unrest { pose.add(movement, Float(wander.value(at: time))) }
    for episode in episodes {
      let shown = Float(episode.timing.intensity(at: time))
      guard shown > 0 else { continue }
      for side in 0..<(episode.movement.isPaired ? 2 : 1) {
        pose[episode.movement, side] += shown * episode.amounts[side]
      }
    }
    // A pressed or wide mouth leaves less room for speech.
    let room = 1 - 0.45 * shown
    for syllable in syllables where time > syllable.time && time < syllable.time + syllable.length {
      let opening = 0.5 - 0.5 * cos(2 * Double.pi * (time - syllable.time) / syllable.length)
      for (movement, amount) in syllable.moves { pose.add(movement, Float(opening) * amount * room) }
    }
    look(at: time, &pose)
    for blink in blinks where time > blink.time && time < blink.time + blink.length {
      let closed = Float(sin(Double.pi * (time - blink.time) / blink.length))
      pose.add(.eyeBlink, min(1, 1.3 * closed))
      for side in 0..<2 { pose[.eyeWide, side] *= 1 - closed }
    }
    pose.limit()
    return pose
  }

  /// Both eyes turn together; the upper lids follow.
  private func look(at time: Double, _ pose: inout FacePose) {
    guard let (since, x, y) = gaze.last(where: { $0.time <= time }) else { return }
    let before = gaze.last { $0.time < since } ?? (since, x, y)
    let t = Float(min(1, (time - since) / 0.06))
    let (right, up) = (before.x + (x - before.x) * t, before.y + (y - before.y) * t)
    // The right of the image is the subject's left: outwards for the left eye.
    pose[.eyeLookOut, 0] += max(0, right)
    pose[.eyeLookIn, 1] += max(0, right)
    pose[.eyeLookIn, 0] += max(0, -right)
    pose[.eyeLookOut, 1] += max(0, -right)
    pose.add(.eyeLookUp, max(0, up))
    pose.add(.eyeLookDown, max(0, -up))
  }
}
