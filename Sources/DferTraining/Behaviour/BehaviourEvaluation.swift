import DferImage
import DferModels
import DferTensor
import Foundation

/// How wrong a behaviour decoder is on faces that it never learned from.
package struct BehaviourEvaluation: Sendable, Encodable {
  /// Against points placed by people; mean distance over that of the outer eye corners.
  package struct Points: Sendable, Encodable {
    package var faces: Int
    package var all, inner51: Double
  }

  /// Against rendered heads, in degrees.
  package struct Rotation: Sendable, Encodable {
    package var frames: Int
    /// Mean absolute errors, and their mean.
    package var yaw, pitch, roll, mean: Double
    /// Angle of the rotation between estimate and truth, mean.
    package var rotation: Double
    /// Slopes of the estimates over the truth: below 1 turns are shrunk.
    package var yawSlope, pitchSlope, rollSlope: Double?
  }

  /// Against rendered eyes that are open by more than a fifth, relative to the head, in degrees.
  package struct Eyes: Sendable, Encodable {
    package var eyes: Int
    package var yaw, pitch, mean: Double
    package var yawSlope, pitchSlope: Double?
    /// Correlation and mean absolute error of the opening, closed eyes included.
    package var openCorrelation: Double?
    package var openError: Double
    /// Of heads that are turned by less than 30 degrees and nod by less than 20, where both eyes are well seen.
    package var frontYaw, frontPitch: Double?
  }

  package private(set) var points: Points?
  package private(set) var rotation: Rotation?
  package private(set) var eyes: Eyes?
  /// Correlation with the rendered movement, by column.
  package private(set) var strengths: [String: Double] = [:]
  /// Area under the ROC curve of a movement for photographs in which most people saw the emotion, against those in which
  /// they saw none.
  package private(set) var direction: [String: Double] = [:]

  /// Emotions with the movements that should show them.
  private static let shown = [("happiness", [12]), ("surprise", [1, 2]), ("anger", [4]), ("disgust", [9])]

  package var meanStrengthCorrelation: Double? {
    strengths.isEmpty ? nil : strengths.values.reduce(0, +) / Double(strengths.count)
  }

  /// What is good enough to be written into rows: points within 8 % of the eye distance, heads within 8 degrees, eyes within
  /// 8 degrees and with openings that correlate by 0.7, and strengths where at least one is.
  package var gives: [BehaviourModel.Estimate] {
    BehaviourModel.Estimate.allCases.filter { estimate in
      switch estimate {
      case .points: points.map { $0.all < 0.08 } ?? false
      case .rotation: rotation.map { $0.mean < 8 } ?? false
      case .eyes: eyes.map { $0.mean < 8 && $0.openCorrelation ?? 0 >= 0.7 } ?? false
      case .strengths: !givenStrengths.isEmpty
      }
    }
  }

  /// Columns of the strengths that are good enough to be written: those that correlate by 0.6 with the truth, each by itself.
  package var givenStrengths: [String] {
    ActionUnit.all.map(\.column).filter { strengths[$0] ?? 0 >= 0.6 }
  }

  /// Says in a card what was measured, and what of it is good enough to be written.
  func note(in card: inout BehaviourModel.Card) {
    (card.metrics, card.gives, card.givenStrengths) = (CanonicalJSON.text(self), gives, givenStrengths)
  }

  /// Measures a decoder and writes it to `path` with a card that says what was found.
  ///
  /// - Throws: `CheckpointError` when a record is damaged, or what Foundation says of a file that cannot be written.
  package static func measure(_ decoder: BehaviourModel, on records: BehaviourRecords, to path: String) throws -> Self {
    let result = try BehaviourEvaluation(decoder.network, decoder.weights, on: records)
    var card = decoder.card
    result.note(in: &card)
    try SafetensorsFile.write(
      tensors: zip(decoder.weights.names, decoder.weights.tensors).map { (name: $0.0, tensor: $0.1) },
      metadata: card.metadata, to: path, as: .f16)
    return result
  }

  /// Each error over what would be good, with the sign turned.
  var score: Double {
    -((points?.all ?? 0) / 0.05 + (rotation?.mean ?? 0) / 3 + (eyes?.mean ?? 0) / 5
      + (1 - (meanStrengthCorrelation ?? 1)) / 0.2)
  }

  /// Reads all records.
  package init(_ network: BehaviourDecoder, _ weights: ParameterStore, on records: BehaviourRecords) throws {
    var decoder = BehaviourModel(
      BehaviourModel.Card(
        version: "", date: "", licence: "", config: network.config, base: "", metrics: "", training: ""))
    decoder.take(weights)
    var labelled: [(label: String, found: FaceBehaviour)] = []
    var pairs: [(truth: BehaviourFace.Truth, source: BehaviourFace.Source, found: FaceBehaviour)] = []
    for start in stride(from: 0, to: records.count, by: 64) {
      let indices = Array(start..<min(records.count, start + 64))
      for (index, frames) in zip(indices, decoder.read(try records.features(indices))) {
        let target = records.targets[index]
        if let label = target.label, let face = frames.first { labelled.append((label, face)) }
        pairs += zip(target.frames, frames).map { ($0, target.source, $1) }
      }
    }
    points = Self.points(
      pairs.filter { $0.source == .people && $0.truth.points.count == 68 }.map { ($0.truth.points, $0.found.points) })
    rotation = Self.rotation(
      pairs.compactMap { pair in
        guard let truth = pair.truth.rotation, let found = pair.found.rotation else { return nil }
        return (truth, found)
      })
    let rendered = pairs.filter { $0.source == .renderer }
    eyes = Self.eyes(rendered.flatMap { Array(zip($0.truth.eyes, $0.found.eyes)) })
    let front = Self.eyes(
      rendered.filter { Self.isFrontal($0.truth.rotation) }.flatMap { Array(zip($0.truth.eyes, $0.found.eyes)) })
    eyes?.frontYaw = front?.yaw
    eyes?.frontPitch = front?.pitch
    setDirection(labelled)
    for (index, unit) in ActionUnit.all.enumerated() {
      let known = pairs.filter { $0.source == .renderer }.compactMap { pair in
        pair.truth.strengths[index].map { ($0, pair.found.strengths[index]) }
      }
      if let r = Self.line(known)?.correlation { strengths[unit.column] = r }
    }
  }

  private mutating func setDirection(_ faces: [(label: String, found: FaceBehaviour)]) {
    for (emotion, numbers) in Self.shown {
      func strengths(_ label: String) -> [Double] {
        faces.filter { $0.label == label }.map { face in
          numbers.compactMap(ActionUnit.index).reduce(0) { $0 + face.found.strengths[$1] }
        }
      }
      let (positive, negative) = (strengths(emotion), strengths("neutral").sorted())
      guard positive.count >= 10, negative.count >= 10 else { continue }
      let wins = positive.reduce(0.0) { sum, value in
        sum + Double(negative.count { $0 < value }) + 0.5 * Double(negative.count { $0 == value })
      }
      let name = numbers.map { "au\($0 < 10 ? "0" : "")\($0)" }.joined(separator: "+")
      direction["\(name) for \(emotion)"] = wins / Double(positive.count * negative.count)
    }
  }

  private static func points(_ pairs: [(truth: [Point], found: [Point])]) -> Points? {
    guard !pairs.isEmpty else { return nil }
    func error(_ range: Range<Int>) -> Double {
      pairs.reduce(0) { sum, pair in
        let eyes = Agreement.distance(pair.truth[36], pair.truth[45])
        let distances = range.reduce(0) { $0 + Agreement.distance(pair.truth[$1], pair.found[$1]) }
        return sum + distances / Double(range.count) / max(1e-6, eyes)
      } / Double(pairs.count)
    }
    return Points(faces: pairs.count, all: error(0..<68), inner51: error(17..<68))
  }

  private static func rotation(_ pairs: [(truth: HeadRotation, found: HeadRotation)]) -> Rotation? {
    guard !pairs.isEmpty else { return nil }
    func part(_ angle: (HeadRotation) -> Double) -> (error: Double, slope: Double?) {
      let values = pairs.map { (angle($0.truth) * 180 / .pi, angle($0.found) * 180 / .pi) }
      return (error(values), line(values)?.slope)
    }
    let (yaw, pitch, roll) = (part(\.yaw), part(\.pitch), part(\.roll))
    return Rotation(
      frames: pairs.count, yaw: yaw.error, pitch: pitch.error, roll: roll.error,
      mean: (yaw.error + pitch.error + roll.error) / 3,
      rotation: pairs.reduce(0) { $0 + $1.truth.angle(to: $1.found) } / Double(pairs.count) * 180 / .pi,
      yawSlope: yaw.slope, pitchSlope: pitch.slope, rollSlope: roll.slope)
  }

  private static func isFrontal(_ rotation: HeadRotation?) -> Bool {
    rotation.map { abs($0.yaw) < .pi / 6 && abs($0.pitch) < .pi / 9 } ?? false
  }

  private static func eyes(_ pairs: [(truth: FaceBehaviour.Eye, found: FaceBehaviour.Eye)]) -> Eyes? {
    let open = pairs.filter { $0.truth.open > 0.2 }
    guard !open.isEmpty else { return nil }
    let yaw = open.map { ($0.truth.yaw * 180 / .pi, $0.found.yaw * 180 / .pi) }
    let pitch = open.map { ($0.truth.pitch * 180 / .pi, $0.found.pitch * 180 / .pi) }
    let openings = pairs.map { (min(1, $0.truth.open), $0.found.open) }
    return Eyes(
      eyes: open.count, yaw: error(yaw), pitch: error(pitch), mean: (error(yaw) + error(pitch)) / 2,
      yawSlope: line(yaw)?.slope, pitchSlope: line(pitch)?.slope,
      openCorrelation: line(openings)?.correlation, openError: error(openings))
  }

  private static func error(_ pairs: [(Double, Double)]) -> Double {
    pairs.reduce(0) { $0 + abs($1.0 - $1.1) } / Double(max(1, pairs.count))
  }

  /// Slope of the second over the first by least squares, and their correlation; nil where the first does not vary.
  private static func line(_ pairs: [(Double, Double)]) -> (slope: Double, correlation: Double)? {
    let count = Double(pairs.count)
    let (mx, my) = (pairs.reduce(0) { $0 + $1.0 } / max(1, count), pairs.reduce(0) { $0 + $1.1 } / max(1, count))
    let xx = pairs.reduce(0) { $0 + ($1.0 - mx) * ($1.0 - mx) }
    let yy = pairs.reduce(0) { $0 + ($1.1 - my) * ($1.1 - my) }
    let xy = pairs.reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
    guard xx > 1e-9 else { return nil }
    return (xy / xx, yy > 1e-12 ? xy / (xx * yy).squareRoot() : 0)
  }

  /// The figures in words.
  package var lines: [String] {
    func one(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
    func two(_ value: Double?) -> String { value.map { "\(($0 * 100).rounded() / 100)" } ?? "-" }
    var lines: [String] = []
    if let points { lines.append("points \(one(points.all * 1000 / 10)) % (inner 51: \(one(points.inner51 * 100)) %)") }
    if let r = rotation {
      lines.append(
        "yaw \(one(r.yaw)), pitch \(one(r.pitch)), roll \(one(r.roll)) degrees, slopes \(two(r.yawSlope)) "
          + "\(two(r.pitchSlope)) \(two(r.rollSlope))")
    }
    if let e = eyes {
      lines.append(
        "eyes: yaw \(one(e.yaw)), pitch \(one(e.pitch)) degrees, slopes \(two(e.yawSlope)) \(two(e.pitchSlope)), "
          + "opening r \(two(e.openCorrelation))")
    }
    if !strengths.isEmpty {
      let all = strengths.sorted { $0.key < $1.key }.map { "\($0.key.prefix(4)) \(two($0.value))" }
      lines.append("strengths r: " + all.joined(separator: ", "))
    }
    if !direction.isEmpty {
      lines.append(
        "AUC: " + direction.sorted { $0.key < $1.key }.map { "\($0.key) \(two($0.value))" }.joined(separator: ", "))
    }
    return [lines.joined(separator: "; ")]
  }
}
