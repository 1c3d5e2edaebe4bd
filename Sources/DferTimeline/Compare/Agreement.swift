import DferImage

/// How far two annotations of the same video agree, by the time that both label. The first is the reference.
///
/// Seconds are counted, not segments: how finely somebody cuts does not matter. Neighbouring moments depend on each
/// other, so these figures describe, and are no basis for a significance test.
package struct Agreement: Sendable, Hashable {
  /// Two tracks that are the same face.
  package struct Pair: Sendable, Hashable {
    package let reference, other: String
    /// Seconds that both label.
    package let seconds: Double
  }

  /// A track by itself.
  package struct Single: Sendable, Hashable {
    package let name: String
    package let seconds: Double
  }

  /// Beyond this many labels there is no table to look at, and most likely a track is a transcript.
  package static let mostLabels = 200

  /// All labels of the paired tracks, in alphabetical order.
  package let labels: [String]
  /// Seconds by the reference's label, then by the other's.
  package let confusion: [[Double]]
  /// Seconds that only one of them labels, over paired tracks.
  package let onlyReference, onlyOther: Double
  package let pairs: [Pair]
  /// Tracks that are compared with none, with the seconds that they label.
  package let unpairedReference, unpairedOther: [Single]
  /// Seconds that both label.
  package let total: Double
  private let rows, columns: [Double]

  /// Compares paired tracks. Without `pairs`, tracks are paired by where and when they are: the pair that shares most
  /// comes first, and each track is used once. Throws `AnnotationError` when the tracks have too many labels.
  package init(_ reference: Annotation, _ other: Annotation, pairs names: [(reference: String, other: String)]? = nil)
    throws
  {
    let paired =
      names.map { names in
        names.compactMap { name -> (Annotation.Track, Annotation.Track)? in
          guard let first = reference.tracks.first(where: { $0.name == name.reference }),
            let second = other.tracks.first(where: { $0.name == name.other })
          else { return nil }
          return (first, second)
        }
      } ?? Self.pair(reference.tracks, other.tracks)
    let all = Set(paired.flatMap { $0.0.intervals + $0.1.intervals }.map(\.label))
    guard all.count <= Self.mostLabels else { throw Self.tooMany(all.count, paired) }
    let labels = all.sorted()
    self.labels = labels
    var confusion = Array(repeating: Array(repeating: 0.0, count: labels.count), count: labels.count)
    let index = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    var pairs: [Pair] = []
    var (onlyReference, onlyOther) = (0.0, 0.0)
    for (first, second) in paired {
      var shared = 0.0
      forEachOverlap(first.intervals, second.intervals, \.start, \.end) { one, two, seconds in
        guard let row = index[one.label], let column = index[two.label] else { return }
        confusion[row][column] += seconds
        shared += seconds
      }
      onlyReference += max(0, first.seconds - shared)
      onlyOther += max(0, second.seconds - shared)
      pairs.append(Pair(reference: first.name, other: second.name, seconds: shared))
    }
    self.pairs = pairs
    func singles(_ tracks: [Annotation.Track], _ used: [String]) -> [Single] {
      let names = Set(used.map { ExactName($0) })
      return tracks.filter { !names.contains(ExactName($0.name)) && $0.seconds > 0 }
        .map { Single(name: $0.name, seconds: $0.seconds) }
    }
    unpairedReference = singles(reference.tracks, paired.map(\.0.name))
    unpairedOther = singles(other.tracks, paired.map(\.1.name))
    self.confusion = confusion
    (self.onlyReference, self.onlyOther) = (onlyReference, onlyOther)
    rows = confusion.map { $0.reduce(0, +) }
    columns = confusion.reduce(into: Array(repeating: 0.0, count: labels.count)) { sums, row in
      for (column, seconds) in row.enumerated() { sums[column] += seconds }
    }
    total = rows.reduce(0, +)
  }

  private static func tooMany(_ count: Int, _ paired: [(Annotation.Track, Annotation.Track)]) -> AnnotationError {
    let tracks = paired.flatMap { [$0.0, $0.1] }
    let most = tracks.map { (name: $0.name, labels: Set($0.intervals.map(\.label)).count) }.max {
      $0.labels < $1.labels
    }
    return AnnotationError(
      "\(count) different labels, \(most?.labels ?? 0) of them in \"\(most?.name ?? "")\": a transcript? At most \(mostLabels) can be "
        + "compared; --pair names the tier with expressions, --map joins labels")
  }

  // MARK: Figures

  /// Share of time with the same label (weighted average recall, accuracy); nil without shared time.
  package var weightedRecall: Double? {
    total > 0 ? labels.indices.reduce(0) { $0 + confusion[$1][$1] } / total : nil
  }

  /// Mean recall over the labels that the reference has in shared time (unweighted average recall).
  package var unweightedRecall: Double? {
    let recalls = labels.indices.compactMap { recall($0) }
    return recalls.isEmpty ? nil : recalls.reduce(0, +) / Double(recalls.count)
  }

  /// Cohen's kappa; nil where it is not defined: no shared time, or one label only.
  package var kappa: Double? {
    guard let observed = weightedRecall else { return nil }
    let expected = zip(rows, columns).reduce(0) { $0 + $1.0 * $1.1 } / (total * total)
    return expected < 1 - 1e-12 ? (observed - expected) / (1 - expected) : nil
  }

  /// Of the reference's seconds of a label, the share that the other gives the same label.
  package func recall(_ label: Int) -> Double? { rows[label] > 0 ? confusion[label][label] / rows[label] : nil }
  /// Of the other's seconds of a label, the share that the reference gives the same label.
  package func precision(_ label: Int) -> Double? {
    columns[label] > 0 ? confusion[label][label] / columns[label] : nil
  }
  /// Seconds of a label in the reference and in the other, in shared time.
  package func seconds(_ label: Int) -> (reference: Double, other: Double) { (rows[label], columns[label]) }

  // MARK: Pairing

  private static func pair(
    _ first: [Annotation.Track], _ second: [Annotation.Track]
  ) -> [(Annotation.Track, Annotation.Track)] {
    var candidates: [(score: Double, first: Int, second: Int)] = []
    let spans = second.map(\.span)
    for (i, one) in first.enumerated() {
      let span = one.span
      for (j, two) in second.enumerated() where span.start < spans[j].end && spans[j].start < span.end {
        let score = closeness(one, two)
        if score > 0 { candidates.append((score, i, j)) }
      }
    }
    candidates.sort { ($1.score, $0.first, $0.second) < ($0.score, $1.first, $1.second) }
    var (usedFirst, usedSecond): (Set<Int>, Set<Int>) = ([], [])
    var result: [(Int, Int)] = []
    for candidate in candidates where !usedFirst.contains(candidate.first) && !usedSecond.contains(candidate.second) {
      usedFirst.insert(candidate.first)
      usedSecond.insert(candidate.second)
      result.append((candidate.first, candidate.second))
    }
    return result.sorted { $0 < $1 }.map { (first[$0], second[$1]) }
  }

  /// Seconds in the same place where both say where the face was, else seconds that both label.
  private static func closeness(_ one: Annotation.Track, _ two: Annotation.Track) -> Double {
    var sum = 0.0
    if !one.boxes.isEmpty && !two.boxes.isEmpty {
      forEachOverlap(one.boxes, two.boxes, \.start, \.end) { one, two, seconds in
        if let first = one.row.box, let second = two.row.box { sum += first.overlap(second) * seconds }
      }
    } else {
      forEachOverlap(one.intervals, two.intervals, \.start, \.end) { sum += $2 }
    }
    return sum
  }
}

extension Annotation.Track {
  fileprivate var seconds: Double { intervals.reduce(0) { $0 + max(0, $1.end - $1.start) } }

  /// From its first moment to its last.
  fileprivate var span: (start: Double, end: Double) {
    let starts = intervals.first.map { min($0.start, boxes.first?.start ?? .infinity) } ?? boxes.first?.start ?? 0
    return (starts, max(intervals.map(\.end).max() ?? 0, boxes.map(\.end).max() ?? 0))
  }
}

extension Rect {
  /// Intersection over union.
  fileprivate func overlap(_ other: Rect) -> Double {
    let across = min(x + width, other.x + other.width) - max(x, other.x)
    let down = min(y + height, other.y + other.height) - max(y, other.y)
    guard across > 0, down > 0 else { return 0 }
    return across * down / (width * height + other.width * other.height - across * down)
  }
}

/// Walks two lists that are sorted by start and calls `body` for every overlap with its seconds. Overlaps inside one
/// list are allowed and counted each; annotations that come from files have none.
private func forEachOverlap<T>(
  _ first: [T], _ second: [T], _ start: KeyPath<T, Double>, _ end: KeyPath<T, Double>, body: (T, T, Double) -> Void
) {
  var base = 0
  let longest = second.map { $0[keyPath: end] - $0[keyPath: start] }.max() ?? 0
  for one in first {
    // No earlier entry can reach this far.
    while base < second.count && second[base][keyPath: start] + longest <= one[keyPath: start] { base += 1 }
    var place = base
    while place < second.count && second[place][keyPath: start] < one[keyPath: end] {
      let two = second[place]
      let seconds =
        min(one[keyPath: end], two[keyPath: end]) - max(one[keyPath: start], two[keyPath: start])
      if seconds > 1e-9 { body(one, two, seconds) }
      place += 1
    }
  }
}
