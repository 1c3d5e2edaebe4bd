/// What may be made of raw readings before they become segments. Nothing is done unasked, and raw values stay as they are:
/// the result stands beside them (`ClipResult.modelled`).
///
/// In this order: the neutral baseline of each face is taken off, probabilities are averaged over time, a label stays until
/// another leads clearly, and weak labels are withheld.
package struct TimelineModel: Sendable, Hashable {
  /// Seconds of the centred window over which probabilities are averaged.
  package var smoothing: Double?
  /// How far another class must lead before it takes over, 0...1.
  package var hysteresis: Double?
  /// Probability below which no label is given, 0...1.
  package var abstainBelow: Double?
  /// Whether what a face shows in its neutral moments counts as neutral.
  package var usesNeutralBaseline = false

  package init() {}

  package var isActive: Bool { smoothing != nil || hysteresis != nil || abstainBelow != nil || usesNeutralBaseline }

  /// The options as text, for manifests.
  package var recorded: [String: String] {
    let all: [(String, String?)] = [
      ("smooth", smoothing.map { "\($0)" }), ("hysteresis", hysteresis.map { "\($0)" }),
      ("abstain_below", abstainBelow.map { "\($0)" }), ("neutral_baseline", usesNeutralBaseline ? "true" : nil),
    ]
    return Dictionary(uniqueKeysWithValues: all.compactMap { key, value in value.map { (key, $0) } })
  }

  /// What was found of one face on the way.
  package struct Baseline: Sendable, Hashable, Codable {
    package let faceID: Int
    /// Seconds in which neutral is likeliest.
    package let neutralSeconds: Double
    /// Mean probabilities over them by class; empty when they are fewer than two, and nothing was taken off.
    package let means: [String: Double]
  }

  /// The rows with `modelled` filled in, in the same order, and the baselines that were used.
  ///
  /// - Parameter labels: classes in the order of the rows' probabilities.
  package func apply(_ rows: [ClipResult], labels: [String]) -> (rows: [ClipResult], baselines: [Baseline]) {
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
    var result = rows
    var baselines: [Baseline] = []
    for face in shares.keys.sorted() {
      var own = shares[face] ?? []
      if usesNeutralBaseline, let neutral = labels.firstIndex(of: "neutral") {
        baselines.append(takeOffBaseline(&own, face: face, neutral: neutral, labels: labels))
      }
      for run in unbroken(own) { model(run, into: &result, labels: labels) }
    }
    return (result, baselines)
  }

  // MARK: Steps

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

  /// What is beyond a face's neutral look stays with its class, the rest goes to neutral.
  private func takeOffBaseline(
    _ shares: inout [Share], face: Int, neutral: Int, labels: [String]
  ) -> Baseline {
    let calm = shares.filter { share in share.values.indices.allSatisfy { share.values[$0] <= share.values[neutral] } }
    let seconds = calm.reduce(0) { $0 + $1.seconds }
    guard seconds >= 2 else { return Baseline(faceID: face, neutralSeconds: seconds, means: [:]) }
    let means = labels.indices.map { index in calm.reduce(0) { $0 + $1.values[index] * $1.seconds } / seconds }
    for place in shares.indices {
      for index in labels.indices where index != neutral {
        shares[place].values[index] = max(0, shares[place].values[index] - means[index])
      }
      let others = shares[place].values.enumerated().reduce(0) { $0 + ($1.offset == neutral ? 0 : $1.element) }
      shares[place].values[neutral] = 1 - others
    }
    return Baseline(
      faceID: face, neutralSeconds: seconds, means: Dictionary(uniqueKeysWithValues: zip(labels, means)))
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
