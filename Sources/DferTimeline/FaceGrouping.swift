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
  package init(_ faces: [Face], similarity: Double, persons: Int? = nil) {
    var left = faces.sorted { $0.id < $1.id }.filter { !$0.embeddings.isEmpty }.map(Group.init)
    unclear = faces.filter(\.embeddings.isEmpty).map(\.id).sorted()
    while left.count > 1 {
      var best: (one: Int, other: Int, similarity: Double)?
      for one in left.indices {
        for other in left.indices[(one + 1)...] where !left[one].isThere(with: left[other]) {
          let alike = left[one].similarity(to: left[other])
          if alike > best?.similarity ?? -2 { best = (one, other, alike) }
        }
      }
      guard let best else { break }
      let join = Join(one: left[best.one].ids[0], other: left[best.other].ids[0], similarity: best.similarity)
      guard persons.map({ left.count > $0 }) ?? (join.similarity >= similarity) else {
        nearest = join
        break
      }
      joins.append(join)
      left[best.one].take(left.remove(at: best.other))
    }
    groups = (left.map(\.ids) + unclear.map { [$0] }).sorted { $0[0] < $1[0] }
  }

  /// The lowest number of the person that each face is.
  package var numbers: [Int: Int] {
    Dictionary(uniqueKeysWithValues: groups.flatMap { group in group.map { ($0, group[0]) } })
  }

  /// Faces that are taken for one person.
  private struct Group {
    var ids: [Int]
    /// Sum of all embeddings.
    var sum: [Float]
    var coverage: [Int: Double]

    init(_ face: Face) {
      (ids, coverage) = ([face.id], face.coverage)
      sum = face.embeddings.dropFirst().reduce(face.embeddings[0]) { zip($0, $1).map(+) }
    }

    /// Cosine of the angle between the mean embeddings.
    func similarity(to other: Group) -> Double {
      let product = zip(sum, other.sum).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      let lengths = [sum, other.sum].map { $0.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot() }
      let length = lengths[0] * lengths[1]
      return length > 0 ? Double(product / length) : -1
    }

    /// Whether both are seen in one frame: of a clip that shows both, one of them is gone before the other comes when
    /// their parts are not more than the whole.
    func isThere(with other: Group) -> Bool {
      let (few, many) = coverage.count < other.coverage.count ? (coverage, other.coverage) : (other.coverage, coverage)
      return few.contains { clip, part in many[clip].map { $0 + part > 1 } ?? false }
    }

    mutating func take(_ other: Group) {
      ids = (ids + other.ids).sorted()
      sum = zip(sum, other.sum).map(+)
      coverage.merge(other.coverage, uniquingKeysWith: +)
    }
  }
}
