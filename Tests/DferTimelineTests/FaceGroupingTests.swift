import Testing

@testable import DferTimeline

/// Which faces are one person, on embeddings of two numbers: a direction in the plane.
@Suite struct FaceGroupingTests {
  /// - Parameters:
  ///   - degrees: directions of its embeddings.
  ///   - clips: in which it is seen, and how much of each it is there.
  private func face(_ id: Int, _ degrees: [Float], clips: ClosedRange<Int>, coverage: Double = 1) -> FaceGrouping.Face {
    FaceGrouping.Face(
      id: id, embeddings: degrees.map { [cosine($0), cosine($0 - 90)] },
      coverage: Dictionary(uniqueKeysWithValues: clips.map { ($0, coverage) }))
  }

  private func cosine(_ degrees: Float) -> Float {
    // Without Foundation: exact enough for angles that are told apart by tens of degrees.
    let x = Double(degrees) * Double.pi / 180
    var (term, sum) = (1.0, 1.0)
    for n in 1...20 {
      term *= -x * x / Double((2 * n - 1) * 2 * n)
      sum += term
    }
    return Float(sum)
  }

  @Test func alikeFacesAreOnePerson() {
    let grouping = FaceGrouping(
      [face(0, [0, 4], clips: 0...3), face(1, [90], clips: 4...5), face(2, [10], clips: 6...9)], similarity: 0.8)
    #expect(grouping.groups == [[0, 2], [1]])
    #expect(grouping.numbers == [0: 0, 1: 1, 2: 0])
    #expect(grouping.joins.map { [$0.one, $0.other] } == [[0, 2]] && grouping.joins[0].similarity > 0.98)
  }

  /// Twins side by side are two persons.
  @Test func facesOfOneMomentStayApart() {
    let twins = [face(0, [0], clips: 0...3), face(1, [0], clips: 3...5), face(2, [1], clips: 6...7)]
    let grouping = FaceGrouping(twins, similarity: 0.8)
    #expect(grouping.groups.count == 2 && !grouping.groups.contains { $0.contains(0) && $0.contains(1) })
    // Also through a third face that both resemble, and when fewer persons are asked for.
    #expect(FaceGrouping(twins, similarity: 0.8, persons: 1).groups.count == 2)
  }

  /// A face that is lost and found within a clip is there twice, one after the other.
  @Test func aClipMayShowBothWhenTheyFollowEachOther() {
    let lost = face(0, [0], clips: 0...3, coverage: 0.5)
    #expect(FaceGrouping([lost, face(1, [5], clips: 3...5, coverage: 0.45)], similarity: 0.8).groups == [[0, 1]])
    #expect(
      FaceGrouping([lost, face(1, [5], clips: 3...5, coverage: 0.55)], similarity: 0.8).groups == [[0], [1]])
  }

  /// Two who come and go together are two, however short that is.
  @Test func aShortMomentTogetherIsEnough() {
    let pair = [0, 1].map { face($0, [0], clips: 2...4, coverage: 0.3) }
    #expect(FaceGrouping(pair, similarity: 0.8).groups == [[0], [1]])
    #expect(
      FaceGrouping([face(0, [0], clips: 0...4, coverage: 0.3), pair[1]], similarity: 0.8).groups == [[0], [1]])
  }

  /// The same as by comparing all pairs anew after each join.
  @Test func manyFacesOfFewPersons() {
    let faces = (0..<300).map { face($0, [Float($0 % 3) * 120 + Float($0 % 7)], clips: $0...$0) }
    let grouping = FaceGrouping(faces, similarity: 0.8)
    #expect(grouping.groups == (0..<3).map { Array(stride(from: $0, to: 300, by: 3)) })
    #expect(grouping.joins.count == 297 && grouping.nearest.map { $0.similarity < 0 } == true)
    let stopped = FaceGrouping(faces, similarity: 0.8, isCancelled: { true })
    #expect(stopped.groups.count == 300)
  }

  @Test func aNumberOfPersonsOverridesTheSimilarity() {
    let faces = [face(0, [0], clips: 0...0), face(1, [50], clips: 1...1), face(2, [120], clips: 2...2)]
    let strict = FaceGrouping(faces, similarity: 0.9)
    #expect(strict.groups == [[0], [1], [2]] && strict.nearest.map { [$0.one, $0.other] } == [0, 1])
    #expect(FaceGrouping(faces, similarity: 0.9, persons: 2).groups == [[0, 1], [2]])
    #expect(FaceGrouping(faces, similarity: -1, persons: 3).groups == [[0], [1], [2]])
  }

  @Test func aFaceNeverSeenClearlyIsLeftAlone() {
    let grouping = FaceGrouping(
      [face(0, [0], clips: 0...1), face(3, [], clips: 2...2), face(4, [2], clips: 3...3)], similarity: 0.8)
    #expect(grouping.groups == [[0, 4], [3]] && grouping.unclear == [3])
    #expect(FaceGrouping([], similarity: 0.5).groups.isEmpty)
  }

  // MARK: The table

  private let layout = RowLayout(labels: ["anger", "neutral"])

  private func row(_ clip: Int, _ face: Int?, coverage: Double = 1) -> ClipResult {
    var row = ClipResult(
      clip: clip, startSeconds: Double(clip), endSeconds: Double(clip) + 1, status: face == nil ? .noFace : .ok)
    (row.faceID, row.coverage) = (face, face.map { _ in coverage })
    if face != nil { row.probabilities = [0.25, 0.75] }
    return row
  }

  private func table(_ rows: [ClipResult], note: String = "a \"b\", c") -> String {
    let lines = rows.map { DelimitedWriter.line($0, layout) + "," + Quoting.cell(note) }
    return ([layout.columns.joined(separator: ",") + ",note"] + lines).map { $0 + "\n" }.joined()
  }

  @Test func onlyNumbersOfFacesChange() throws {
    let rows = [row(0, 0), row(0, 1), row(1, nil), row(2, 2), row(2, 3)]
    let result = try FaceRenumbering(Array(table(rows).utf8), numbers: [0: 0, 1: 1, 2: 1, 3: 0])
    // In order of clip and face again, with what people have added.
    #expect(result.text == table([row(0, 0), row(0, 1), row(1, nil), row(2, 0), row(2, 1)]))
    #expect(result.keptRows == 0)
    // With tabs, whatever the table came with.
    let tabbed = try FaceRenumbering(Array(table(rows).utf8), numbers: [:], separator: "\t").text
    #expect(try FaceRenumbering(Array(tabbed.utf8), numbers: [0: 0, 1: 1, 2: 1, 3: 0]).text == result.text)
    #expect(try CSVTimeline(text: result.text).videos()[0].rows.map(\.faceID) == [0, 1, nil, 0, 1])
  }

  /// Nothing is dropped where one person would have two rows of a clip.
  @Test func theRowThatShowsLessKeepsItsNumber() throws {
    let rows = [row(0, 0), row(1, 4, coverage: 0.3), row(1, 6, coverage: 0.6), row(2, 0, coverage: 0.4), row(2, 6)]
    let result = try FaceRenumbering(Array(table(rows).utf8), numbers: [0: 0, 4: 0, 6: 0])
    #expect(result.keptRows == 2)
    let read = try CSVTimeline(text: result.text).videos()[0].rows
    // Clip 1: the one that shows more; clip 2: the one that has the number.
    #expect(read.map(\.faceID) == [0, 0, 4, 0, 6] && read.map(\.coverage) == [1, 0.6, 0.3, 0.4, 1])
  }
}
