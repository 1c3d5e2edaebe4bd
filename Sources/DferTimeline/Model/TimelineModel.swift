import Foundation

/// What may be made of raw readings before they become segments. Nothing is done unasked, and raw values stay as they are:
/// the result stands beside them (`ClipResult.modelled`).
///
/// In this order: readings are corrected by what each face shows at rest, probabilities are averaged over time, a label
/// stays until another leads clearly, and weak labels are withheld.
package struct TimelineModel: Sendable, Hashable {
  /// Seconds of the centred window over which probabilities are averaged.
  package var smoothing: Double?
  /// How far another class must lead before it takes over, 0...1.
  package var hysteresis: Double?
  /// Probability below which no label is given, 0...1.
  package var abstainBelow: Double?
  /// Where each face shows its own neutral expression, which then counts as neutral; nil: it is not asked for.
  package var neutralBaseline: NeutralMoments?

  /// Which moments of a face are its neutral ones.
  package enum NeutralMoments: Sendable, Hashable {
    /// Those in which `neutral` is likeliest; at least 2 s of them.
    case whereNeutralIsLikeliest
    /// Those of a period, in seconds from the container's start, whatever is read there; at least 1 s of them.
    case period(ClosedRange<Double>)
    /// All of another recording of the only person: its mean reading by class, with sum 1, and its name.
    case recording(means: [String: Double], seconds: Double, name: String)

    var leastSeconds: Double {
      switch self {
      case .whereNeutralIsLikeliest: 2
      case .period, .recording: TimelineModel.leastRest
      }
    }
  }

  // Chosen among 28 pairs, by performers, portraits and pieces of real clips read by four networks; MODELS.md has the trial.

  /// Power of the correction: 1 would turn the mean reading at rest into `plainNeutral` itself.
  static let baselineStrength = 0.75
  /// What a plain reading of a face at rest gives `neutral`; the other classes share the rest.
  static let plainNeutral = 0.6
  /// Seconds of rest that a mean is taken of, at least.
  package static let leastRest = 1.0
  /// Rows hold four decimals, so nothing smaller is known.
  private static let leastProbability = 1e-4

  package init() {}

  package var isActive: Bool { smoothing != nil || hysteresis != nil || abstainBelow != nil || neutralBaseline != nil }

  /// The options as text, for manifests.
  package var recorded: [String: String] {
    let all: [(String, String?)] = [
      ("smooth", smoothing.map { "\($0)" }), ("hysteresis", hysteresis.map { "\($0)" }),
      ("abstain_below", abstainBelow.map { "\($0)" }), ("neutral_baseline", neutralBaseline.map { _ in "true" }),
      ("neutral_period", neutralPeriod.map { "\($0.lowerBound)-\($0.upperBound)" }),
      ("neutral_rows", neutralRecording),
    ]
    return Dictionary(uniqueKeysWithValues: all.compactMap { key, value in value.map { (key, $0) } })
  }

  private var neutralPeriod: ClosedRange<Double>? {
    if case .period(let period) = neutralBaseline { period } else { nil }
  }

  private var neutralRecording: String? {
    if case .recording(_, _, let name) = neutralBaseline { name } else { nil }
  }

  /// What was found of one face on the way.
  package struct Baseline: Sendable, Hashable, Codable {
    package let faceID: Int
    /// Seconds in which the face shows its neutral expression.
    package let neutralSeconds: Double
    /// Geometric mean probabilities over them by class, with sum 1; empty when they are too few, and nothing was
    /// changed.
    package let means: [String: Double]
  }

  /// The rows with `modelled` filled in, in the same order, and the baselines that were used.
  ///
  /// - Parameter labels: classes in the order of the rows' probabilities.
  package func apply(_ rows: [ClipResult], labels: [String]) -> (rows: [ClipResult], baselines: [Baseline]) {
    let shares = Self.shares(rows, labels: labels)
    var result = rows
    var baselines: [Baseline] = []
    for face in shares.keys.sorted() {
      var own = shares[face] ?? []
      if let neutralBaseline, let neutral = labels.firstIndex(of: "neutral") {
        baselines.append(correct(&own, by: neutralBaseline, face: face, neutral: neutral, labels: labels))
      }
      for run in unbroken(own) { model(run, into: &result, labels: labels) }
    }
    return (result, baselines)
  }

  /// What a recording of one person at rest shows, for `NeutralMoments.recording`: the geometric mean of its readings, with
  /// sum 1, and the seconds it is taken of. Its faces are that person, however many tracks they are.
  package static func rest(
    in rows: [ClipResult], labels: [String]
  ) -> (means: [String: Double], seconds: Double) {
    let all = shares(rows, labels: labels).sorted { $0.key < $1.key }.flatMap(\.value)
    let (means, seconds) = mean(all, of: labels.count) { $0.seconds }
    return (Dictionary(uniqueKeysWithValues: zip(labels, means)), seconds)
  }

  /// Start of the first clip in which two faces are read; nil: there is one person at a time.
  package static func secondFace(in rows: [ClipResult]) -> Double? {
    var clip: Int?
    for row in rows where [.ok, .partialClip].contains(row.status) && !row.probabilities.isEmpty {
      if row.clip == clip { return row.startSeconds }
      clip = row.clip
    }
    return nil
  }

  // MARK: Steps

  /// The time that each face's readings stand for, by face.
  private static func shares(_ rows: [ClipResult], labels: [String]) -> [Int: [Share]] {
    var shares: [Int: [Share]] = [:]
    var splitter = ShareSplitter()
    var places: [RowKey: Int] = [:]
    for (place, row) in rows.enumerated() { places[RowKey(row)] = place }
    var all: [TimeShare] = []
    for row in rows { all += splitter.add(row) }
    all += splitter.finish()
    for share in all where share.rawReading(labels) != nil {
      guard let face = share.row.faceID, let place = places[RowKey(share.row)] else { continue }
      shares[face, default: []].append(
        Share(place: place, start: share.start, end: share.end, values: share.row.probabilities.map(Double.init)))
    }
    return shares
  }

  /// Mean of the logarithms of readings, each counted for the seconds that `length` gives, as probabilities with sum 1.
  private static func mean(
    _ shares: [Share], of classes: Int, length: (Share) -> Double
  ) -> (means: [Double], seconds: Double) {
    var (seconds, sums) = (0.0, [Double](repeating: 0, count: classes))
    for share in shares {
      let time = length(share)
      seconds += time
      for index in sums.indices { sums[index] += log(max(share.values[index], leastProbability)) * time }
    }
    return (normalized(sums.map { exp(seconds > 0 ? $0 / seconds : 0) }), seconds)
  }

  private struct RowKey: Hashable {
    let clip: Int
    let face: Int?

    init(_ row: ClipResult) { (clip, face) = (row.clip, row.faceID) }
  }

  private struct Share {
    let place: Int
    let start, end: Double
    var values: [Double]
    var seconds: Double { end - start }
  }

  /// Takes a face's mean reading at rest most of the way to a plain one, and every other reading by the same factors.
  private func correct(
    _ shares: inout [Share], by moments: NeutralMoments, face: Int, neutral: Int, labels: [String]
  ) -> Baseline {
    let (rest, seconds): ([Double], Double)
    switch moments {
    case .whereNeutralIsLikeliest:
      (rest, seconds) = Self.mean(shares, of: labels.count) { share in
        share.values.allSatisfy { $0 <= share.values[neutral] } ? share.seconds : 0
      }
    case .period(let period):
      (rest, seconds) = Self.mean(shares, of: labels.count) { share in
        max(0, min(share.end, period.upperBound) - max(share.start, period.lowerBound))
      }
    case .recording(let means, let length, _):
      (rest, seconds) = (labels.map { means[$0] ?? 0 }, length)
    }
    guard seconds >= moments.leastSeconds - 1e-6 else {
      return Baseline(faceID: face, neutralSeconds: seconds, means: [:])
    }
    let others = (1 - Self.plainNeutral) / Double(max(labels.count - 1, 1))
    let factors = rest.indices.map { index in
      pow(
        (index == neutral ? Self.plainNeutral : others) / max(rest[index], Self.leastProbability), Self.baselineStrength
      )
    }
    for place in shares.indices {
      shares[place].values = Self.normalized(
        zip(shares[place].values, factors).map { max($0, Self.leastProbability) * $1 })
    }
    return Baseline(
      faceID: face, neutralSeconds: seconds, means: Dictionary(uniqueKeysWithValues: zip(labels, rest)))
  }

  private static func normalized(_ values: [Double]) -> [Double] {
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  /// Stretches without a break: nothing is carried over one.
  private func unbroken(_ shares: [Share]) -> [[Share]] {
    shares.reduce(into: []) { runs, share in
      if let last = runs.last?.last, abs(last.end - share.start) < 1e-6 {
        runs[runs.count - 1].append(share)
      } else {
        runs.append([share])
      }
    }
  }

  private func model(_ run: [Share], into rows: inout [ClipResult], labels: [String]) {
    let smooth = smoothing.map { smoothed(run, window: $0) } ?? run.map(\.values)
    var current: Int?
    for (share, values) in zip(run, smooth) {
      guard let best = values.indices.max(by: { values[$0] < values[$1] }) else { continue }
      if let old = current, let hysteresis, values[best] - values[old] < hysteresis {
        current = old
      } else {
        current = best
      }
      let label = current ?? best
      let isCertain = abstainBelow.map { values[label] >= $0 } ?? true
      rows[share.place].modelled = ClipResult.Modelled(
        probabilities: values.map(Float.init), label: isCertain ? label : nil, confidence: Float(values[label]))
    }
  }

  /// Means over `window` seconds around each share's middle, weighted by time; shorter at the ends.
  private func smoothed(_ run: [Share], window: Double) -> [[Double]] {
    var first = 0
    return run.map { share in
      let middle = (share.start + share.end) / 2
      let (from, to) = (middle - window / 2, middle + window / 2)
      while first < run.count - 1 && run[first].end <= from { first += 1 }
      var sums = [Double](repeating: 0, count: share.values.count)
      var weight = 0.0
      var place = first
      while place < run.count && run[place].start < to {
        let seconds = min(to, run[place].end) - max(from, run[place].start)
        if seconds > 0 {
          weight += seconds
          for index in sums.indices { sums[index] += run[place].values[index] * seconds }
        }
        place += 1
      }
      return weight > 0 ? sums.map { $0 / weight } : share.values
    }
  }
}

extension ClipResult {
  /// A reading after `TimelineModel`.
  package struct Modelled: Sendable, Hashable {
    /// In the order of the row's own probabilities.
    package var probabilities: [Float]
    /// Place of the label among them; nil when it is withheld.
    package var label: Int?
    /// Probability of the label, withheld or not.
    package var confidence: Float

    package init(probabilities: [Float], label: Int?, confidence: Float) {
      self.probabilities = probabilities
      self.label = label
      self.confidence = confidence
    }
  }

  /// What figures and charts show: modelled probabilities where there are some, else the raw ones.
  package var shownProbabilities: [Float] { modelled?.probabilities ?? probabilities }
}
