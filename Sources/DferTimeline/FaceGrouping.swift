/// Which faces of one video are one person's, judged by how alike they look and by when they are there.
///
/// Agglomerative clustering: the two most alike groups are joined, again and again, as long as they are alike enough. Faces that
/// are in the image at the same time are two persons, however alike they look.
package struct FaceGrouping: Sendable {
  /// A face as the tracker numbered it.
  package struct Face: Sendable {
    package let id: Int
    /// Of its clearest moments, each of length 1; empty when it was never seen clearly.
    package let embeddings: [[Float]]
    /// Part of each clip in which the face is seen, 0...1, by the clip's number.
    package let coverage: [Int: Double]

    package init(id: Int, embeddings: [[Float]], coverage: [Int: Double]) {
      (self.id, self.embeddings, self.coverage) = (id, embeddings, coverage)
    }
  }

  /// Two groups that became one.
  package struct Join: Sendable, Hashable {
    /// Lowest numbers of the two.
    package let one, other: Int
    /// -1...1.
    package let similarity: Double
  }

  /// Numbers of the faces of each person, ascending; persons by their lowest number.
  package private(set) var groups: [[Int]]
  /// In the order in which they were made.
  package private(set) var joins: [Join] = []
  /// The most alike groups that were not joined, though nothing but their likeness speaks against it.
  package private(set) var nearest: Join?
  /// Faces that were never seen clearly, and so are joined with none.
  package let unclear: [Int]

  /// - Parameters:
  ///   - similarity: groups that are at least as alike are joined, -1...1.
  ///   - persons: how many persons there are: the most alike groups are joined until there are as many, or until all that are
  ///     left are in the image at the same time.
  ///   - isCancelled: asked before each join; when true, no more are made.
  package init(_ faces: [Face], similarity: Double, persons: Int? = nil, isCancelled: () -> Bool = { false }) {
    var left = faces.sorted { $0.id < $1.id }.filter { !$0.embeddings.isEmpty }.map(Group.init)
    unclear = faces.filter(\.embeddings.isEmpty).map(\.id).sorted()
    // Of each group the most alike one behind it: only those of the last two groups change with a join.
    var best = left.indices.map { Self.mostAlike($0, left) }
    while left.count > 1, !isCancelled() {
      guard let one = best.indices.max(by: { best[$0].similarity < best[$1].similarity }), best[one].similarity > -2
      else {
        break
      }
      let other = best[one].other
      let join = Join(one: left[one].ids[0], other: left[other].ids[0], similarity: best[one].similarity)
      guard persons.map({ left.count > $0 }) ?? (join.similarity >= similarity) else {
        nearest = join
        break
      }
      joins.append(join)
      left[one].take(left.remove(at: other))
      best.remove(at: other)
      for index in left.indices {
        if index == one || best[index].other == one || best[index].other == other {
          best[index] = Self.mostAlike(index, left)
        } else {
          if best[index].other > other { best[index].other -= 1 }
          if index < one, !left[index].isThere(with: left[one]) {
            let alike = left[index].similarity(to: left[one])
            if alike > best[index].similarity { best[index] = (one, alike) }
          }
        }
      }
    }
    groups = (left.map(\.ids) + unclear.map { [$0] }).sorted { $0[0] < $1[0] }
  }

  /// The group behind this one that is most like it, of those that are not in the image at the same time; a similarity of -2
  /// when there is none.
  private static func mostAlike(_ index: Int, _ groups: [Group]) -> (other: Int, similarity: Double) {
    var best = (other: index, similarity: -2.0)
    for other in groups.indices.dropFirst(index + 1) where !groups[index].isThere(with: groups[other]) {
      let alike = groups[index].similarity(to: groups[other])
      if alike > best.similarity { best = (other, alike) }
    }
    return best
  }

  /// The lowest number of the person that each face is.
  package var numbers: [Int: Int] {
    Dictionary(uniqueKeysWithValues: groups.flatMap { group in group.map { ($0, group[0]) } })
  }

  /// Faces that are taken for one person.
  private struct Group {
    var ids: [Int]
    /// Sum of all embeddings, and its length.
    var sum: [Float]
    var length: Float
    /// Of each of its faces.
    var coverages: [[Int: Double]]

    init(_ face: Face) {
      (ids, coverages) = ([face.id], [face.coverage])
      sum = face.embeddings.dropFirst().reduce(face.embeddings[0]) { zip($0, $1).map(+) }
      length = Self.length(sum)
    }

    private static func length(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// Cosine of the angle between the mean embeddings.
    func similarity(to other: Group) -> Double {
      var product: Float = 0
      for index in sum.indices { product += sum[index] * other.sum[index] }
      return length * other.length > 0 ? Double(product / (length * other.length)) : -1
    }

    /// Whether any two of their faces are seen in one frame.
    func isThere(with other: Group) -> Bool {
      coverages.contains { one in other.coverages.contains { Self.areTogether(one, $0) } }
    }

    /// Of clips that show two faces, one is gone before the other comes only when their parts are not more than the whole, and
    /// when one of them was there earlier and the other is there later.
    private static func areTogether(_ one: [Int: Double], _ other: [Int: Double]) -> Bool {
      let (few, many) = one.count < other.count ? (one, other) : (other, one)
      let shared = few.filter { many[$0.key] != nil }
      guard !shared.isEmpty, let first = one.keys.min(), let last = one.keys.max(), let otherFirst = other.keys.min(),
        let otherLast = other.keys.max()
      else { return false }
      let follow = first < otherFirst && last < otherLast || otherFirst < first && otherLast < last
      return !follow || shared.contains { clip, part in part + (many[clip] ?? 0) > 1 }
    }

    mutating func take(_ other: Group) {
      ids = (ids + other.ids).sorted()
      sum = zip(sum, other.sum).map(+)
      length = Self.length(sum)
      coverages += other.coverages
    }
  }
}
