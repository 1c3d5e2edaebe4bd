import DferModels
import Foundation

/// What another source says of the images of a packed set: a CSV file with `frame` and a probability for each class, as a
/// network gives them, or with `frame` and `label`.
package struct SoftLabels: Sendable {
  /// Fraction of the target that this source has a say in.
  package let weight: Float
  /// By frame one number for each label; they sum to 1.
  private let rows: [Int: [Float]]

  /// - Parameter labels: of the set that it will be mixed into.
  /// - Throws: `DataError` with the line of the first row that is wrong.
  package init(_ path: String, weight: Float, labels: [String]) throws {
    self.weight = weight
    let table = try LabelTable(path: path)
    let columns = VoteColumns(table, labels)
    guard table.has("frame"), columns.hasVotes || table.has("label") else {
      throw DataError(
        path: path, line: 1,
        reason: "soft labels need the column frame, and label or a column for each of \(labels.joined(separator: ", "))"
      )
    }
    var known: [Int: [Float]] = [:]
    for (frame, row) in try table.rows({ row -> (Int, [Float]) in
      guard let frame = row.text("frame").flatMap({ Int($0) }), frame >= 0 else { throw row.fault("no frame number") }
      return (frame, try columns.read(row).0)
    }) {
      let sum = row.reduce(0, +)
      if sum > 0 { known[frame] = row.map { $0 / sum } }
    }
    rows = known
  }

  func distribution(_ frame: Int) -> [Float]? { rows[frame] }
  var count: Int { rows.count }
}

extension LabelledSet {
  /// Mixes what other sources say of each image into its label distribution: every source gets its weight, and the set's own
  /// votes the rest. An image that a source says nothing of leaves that weight to the others; one without votes of its own
  /// gets the sources alone.
  ///
  /// - Returns: images that at least one source speaks of.
  @discardableResult
  package mutating func mix(_ sources: [SoftLabels]) -> Int {
    var count = 0
    for index in clips.indices {
      guard let frame = clips[index].frame else { continue }
      let said = sources.compactMap { source in source.distribution(frame).map { (source.weight, $0) } }
      guard !said.isEmpty else { continue }
      count += 1
      let total = clips[index].votes.reduce(0, +)
      let weight = said.reduce(0) { $0 + $1.0 }
      guard weight > 0 else { continue }
      let own = total > 0 ? max(0, 1 - weight) : 0
      let sum = own + weight
      // The count of votes stays, so that rules about minimum votes mean what they did.
      let votes = total > 0 ? total : 1
      clips[index].votes = labels.indices.map { label in
        let mixed = said.reduce(0) { $0 + $1.0 * $1.1[label] }
        return (total > 0 ? own * clips[index].votes[label] : 0) / sum + votes * mixed / sum
      }
      // Nobody's vote for something else stands against a source that is sure of a class.
      if total == 0 { clips[index].otherVotes = 0 }
    }
    return count
  }
}
