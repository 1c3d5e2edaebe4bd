import DferTensor

/// Reads a face off close-ups of the frames themselves: where the decoder's points are wrong, how the head is turned, eyes and
/// movements. The network's tokens have lost where an iris lies within an eye.
///
/// Everything is read twice, as it is and in a mirror, and the mean is taken: both eyes by one tower, the eye on the right of
/// the picture as in a mirror; mouth and face as they are and mirrored. So a mirrored picture gives a mirrored face, as far as
/// the points that say where to look are mirrored. And it looks twice, the second time where the better points are.
struct PartReader: Sendable {
  private let config: BehaviourConfig
  private let eye, mouth, face: CloseUpTower
  private let context: Linear
  private let shifts, rotation, eyes, strengths: Hidden
  private let eyeShifts, mouthShifts: Linear

  /// Widths of the vectors of a part and of the face, of context and hidden layers.
  private static let (partWidth, faceWidth, contextWidth, hiddenWidth) = (128, 192, 64, 192)
  /// A shift of 1 in the units of an upright face.
  private static let reach: Float = 0.2
  /// Points that an eye's close-up shows, of the eye on the left of the picture: its brow and itself.
  private static let eyePoints = Array(17...21) + Array(36...41)

  /// A hidden layer and what is made of it.
  private struct Hidden: Sendable {
    let first, second: Linear

    init(_ inputs: Int, _ outputs: Int, at path: String, in store: inout ParameterStore) {
      first = Linear(inputs, PartReader.hiddenWidth, at: "\(path).fc1", in: &store)
      second = Linear(PartReader.hiddenWidth, outputs, at: "\(path).fc", in: &store)
    }

    func callAsFunction(_ parts: [Value], _ tape: inout Tape) -> Value {
      // A tenth of the hidden numbers while training.
      second(tape.dropout(first.withGELU(tape.concatColumns(parts), &tape), rate: 0.1), &tape)
    }
  }

  /// What is read of some frames; each row stands for one of them.
  struct Reading {
    /// How far the points lie from where the decoder says, in 0...1 of the image, [rows, 136].
    let shifts: Value
    /// [rows, 6], [rows, 6] and [rows, strengths], as in `BehaviourOutput`.
    let rotation, eyes, strengths: Value
  }

  init(_ config: BehaviourConfig, in store: inout ParameterStore) {
    self.config = config
    func tower(_ layers: [(Int, Int)], _ part: FaceCloseUps.Part, _ outputs: Int, _ name: String) -> CloseUpTower {
      CloseUpTower(
        config.channels, layers: layers, pixels: part.pixels, outputs: outputs, at: "parts.\(name)", in: &store)
    }
    let small = [(32, 2), (64, 2), (96, 1)]
    eye = tower(small, FaceCloseUps.eye, Self.partWidth, "eye")
    mouth = tower(small, FaceCloseUps.mouth, Self.partWidth, "mouth")
    face = tower([(32, 2), (64, 2), (64, 1), (96, 2), (96, 1)], FaceCloseUps.face, Self.faceWidth, "face")
    context = Linear(
      config.decoderHiddenSize, Self.contextWidth * config.tubeletSize, at: "parts.context", in: &store)
    let (part, whole, points) = (Self.partWidth, Self.faceWidth, 2 * BehaviourDecoder.pointCount)
    shifts = Hidden(whole + points, points, at: "heads.shifts", in: &store)
    eyeShifts = Linear(part, 2 * Self.eyePoints.count, at: "heads.shifts.eye.fc", in: &store)
    mouthShifts = Linear(part, 40, at: "heads.shifts.mouth.fc", in: &store)
    rotation = Hidden(whole + points, 6, at: "heads.rotation", in: &store)
    eyes = Hidden(2 * part + whole + 6, 3, at: "heads.eyes", in: &store)
    strengths = Hidden(
      2 * part + whole + Self.contextWidth + 6 + points, config.numStrengths, at: "heads.strengths", in: &store)
  }

  /// What the decoder knows for each frame of a temporal index: [rows, width] -> [rows, frames, context].
  func contexts(_ known: Value, _ tape: inout Tape) -> Value {
    tape.reshape(context.withGELU(known, &tape), [known.shape[0], config.tubeletSize, Self.contextWidth])
  }

  /// - Parameters:
  ///   - images: frames, [images, channels, side, side].
  ///   - numbers: of each row's image.
  ///   - points: where to look, without a gradient, [rows, 136].
  ///   - context: [rows, context].
  func callAsFunction(
    _ images: Tensor, numbers: [Int], points: Tensor, context: Value, _ tape: inout Tape
  ) -> Reading {
    let count = points.shape[0]
    let first = look(images, numbers: numbers, points: points, &tape)
    var found: [Value] = []
    for way in 0...1 {
      let there = way == 0 ? first.upright : mirrored(first.upright, &tape)
      let shift = shift(
        eyes: [first.eyes[way], first.eyes[1 - way]], mouth: first.mouth[way], face: first.face[way], points: there,
        &tape)
      found.append(way == 0 ? shift : mirrored(shift, &tape))
    }
    let shift = inImage(tape.scale(tape.add(found[0], found[1]), by: Self.reach / 2), first.places, &tape)

    // A second look at the better points, from which all else is read; it does not move them.
    let better = tape.add(Value(points), Value(shift.tensor)).tensor
    let look = look(images, numbers: numbers, points: better, &tape)
    let (e, m, f) = (look.eyes, look.mouth, look.face)
    let ways = [look.upright, mirrored(look.upright, &tape)]
    let signs: [Float] = [1, -1, -1, -1, 1, 1]
    let heads = (0...1).map { rotation([f[$0], ways[$0]], &tape) }
    let turn = tape.scale(tape.add(heads[0], tape.mask(heads[1], repeated(signs, count))), by: 0.5)
    let plain = Value(turn.tensor)
    let turns = [plain, Value(tape.mask(plain, repeated(signs, count)).tensor)]
    let left = eyes([e[0], e[1], f[0], turns[0]], &tape)
    let right = tape.mask(eyes([e[1], e[0], f[1], turns[1]], &tape), repeated([-1, 1, 1], count))
    let both = tape.add(e[0], e[1])
    let moved = (0...1).map { strengths([both, m[$0], f[$0], context, turns[$0], ways[$0]], &tape) }
    return Reading(
      shifts: shift, rotation: tilted(turn, look.places, &tape), eyes: tape.concatColumns([left, right]),
      strengths: tape.scale(tape.add(moved[0], moved[1]), by: 0.5))
  }

  /// What the towers make of the close-ups at some points.
  private struct Look {
    let places: [FaceCloseUps.Alignment]
    /// The points as an upright face has them.
    let upright: Value
    /// One vector for each row: of both eyes, and of mouth and face as they are and in a mirror.
    let eyes, mouth, face: [Value]
  }

  private func look(_ images: Tensor, numbers: [Int], points: Tensor, _ tape: inout Tape) -> Look {
    let (count, size) = (points.shape[0], points.columns)
    let side = Float(images.shape[3])
    // Points are learned at the same time and better known of faces that are learned from: while training, parts are looked
    // for a little beside them.
    let closeUps = (0..<count).map { row in
      FaceCloseUps(
        points: Array(points.values[row * size..<(row + 1) * size]), image: numbers[row], side: side,
        jitter: tape.isTraining ? FaceCloseUps.Jitter(random: &tape.random) : .none)
    }
    let upright = closeUps.enumerated().flatMap { row, closeUp in
      closeUp.alignment.upright(points.values[row * size..<(row + 1) * size])
    }
    func read(
      _ tower: CloseUpTower, _ parts: KeyPath<FaceCloseUps, [CloseUp]>, _ part: FaceCloseUps.Part, _ tape: inout Tape
    ) -> [Value] {
      let all = closeUps.map { $0[keyPath: parts][0] } + closeUps.map { $0[keyPath: parts][1] }
      let seen = tower(taken(images, all, pixels: part.pixels, &tape), &tape)
      let whole = tape.reshape(seen, [1] + seen.shape)
      return [0..<count, count..<2 * count].map { tape.reshape(tape.slice(whole, $0), [count, seen.shape[1]]) }
    }
    return Look(
      places: closeUps.map(\.alignment), upright: Value(Tensor(upright, shape: [count, size])),
      eyes: read(eye, \.eyes, FaceCloseUps.eye, &tape), mouth: read(mouth, \.mouth, FaceCloseUps.mouth, &tape),
      face: read(face, \.face, FaceCloseUps.face, &tape))
  }

  // MARK: Points

  /// Shifts of all points as one way of looking sees them: those of the face, and for brows, eyes and mouth those of their parts.
  private func shift(eyes: [Value], mouth: Value, face: Value, points: Value, _ tape: inout Tape) -> Value {
    let (count, all) = (points.shape[0], BehaviourDecoder.pointCount)
    func places(_ x: Value, _ tape: inout Tape) -> Value { tape.reshape(x, [count, x.shape[1] / 2, 2]) }
    let near = Self.eyePoints.count
    let own = places(eyeShifts(eyes[0], &tape), &tape)
    let other = places(
      tape.mask(eyeShifts(eyes[1], &tape), repeated((0..<near).flatMap { _ in [-1, 1] }, count)), &tape)
    let nothing = Value(Tensor(zeros: [count, 1, 2]))
    let parts = tape.concatChannels([own, other, places(mouthShifts(mouth, &tape), &tape), nothing])
    // Which of these each point has; most of the jaw and the nose have none.
    let order = (0..<all).map { point -> Int in
      if let index = Self.eyePoints.firstIndex(of: point) { return index }
      if let index = Self.eyePoints.firstIndex(of: FaceBehaviour.mirroredPoints[point]) { return near + index }
      return point >= 48 ? 2 * near + point - 48 : 2 * near + 20
    }
    let extra = tape.gatherTokens(parts, [[Int]](repeating: order, count: count))
    return tape.add(shifts([face, points], &tape), tape.reshape(extra, [count, 2 * all]))
  }

  /// Points as a mirror shows them, from the middle, [rows, 136].
  private func mirrored(_ x: Value, _ tape: inout Tape) -> Value {
    let (count, all) = (x.shape[0], BehaviourDecoder.pointCount)
    let order = [[Int]](repeating: FaceBehaviour.mirroredPoints, count: count)
    let swapped = tape.gatherTokens(tape.reshape(x, [count, all, 2]), order)
    return tape.mask(
      tape.reshape(swapped, x.shape), repeated((0..<all).flatMap { _ in [-1, 1] }, count))
  }

  /// Shifts of upright faces where the faces are.
  private func inImage(_ x: Value, _ places: [FaceCloseUps.Alignment], _ tape: inout Tape) -> Value {
    let pairs = x.shape[1] / 2
    func numbers(_ values: (FaceCloseUps.Alignment) -> [Float]) -> Tensor {
      Tensor(places.flatMap { place in (0..<pairs).flatMap { _ in values(place) } }, shape: x.shape)
    }
    let swapped = columns(x, (0..<pairs).flatMap { [2 * $0 + 1, 2 * $0] }, &tape)
    return tape.add(tape.mask(x, numbers { [$0.a, $0.a] }), tape.mask(swapped, numbers { [-$0.b, $0.b] }))
  }

  /// Heads as they are tilted in the picture; the head's y axis goes up.
  private func tilted(_ x: Value, _ places: [FaceCloseUps.Alignment], _ tape: inout Tape) -> Value {
    func numbers(_ values: ((cosine: Float, sine: Float)) -> [Float]) -> Tensor {
      Tensor(places.flatMap { values($0.turn) + values($0.turn) }, shape: x.shape)
    }
    let swapped = columns(x, [1, 0, 2, 4, 3, 5], &tape)
    return tape.add(
      tape.mask(x, numbers { [$0.cosine, $0.cosine, 1] }), tape.mask(swapped, numbers { [$0.sine, -$0.sine, 0] }))
  }

  // MARK: Helpers

  /// Columns in another order.
  private func columns(_ x: Value, _ order: [Int], _ tape: inout Tape) -> Value {
    let single = tape.reshape(x, x.shape + [1])
    return tape.reshape(tape.gatherTokens(single, [[Int]](repeating: order, count: x.shape[0])), x.shape)
  }

  private func repeated(_ signs: [Float], _ count: Int) -> Tensor {
    Tensor([[Float]](repeating: signs, count: count).flatMap { $0 }, shape: [count, signs.count])
  }

  /// Close-ups; while training each a little brighter or darker, and of more or less contrast.
  private func taken(_ images: Tensor, _ parts: [CloseUp], pixels: Int, _ tape: inout Tape) -> Value {
    let taken = tape.closeUps(images, parts, size: pixels)
    guard tape.isTraining else { return taken }
    var lit = taken.tensor
    let size = lit.count / parts.count
    for number in parts.indices {
      let (gain, shift) = (1 + 0.12 * tape.random.normal(), 0.12 * tape.random.normal())
      for index in number * size..<(number + 1) * size { lit.values[index] = gain * lit.values[index] + shift }
    }
    return Value(lit)
  }
}
