import Testing

@testable import DferTensor

struct CloseUpTests {
  /// Pixel (x, y) of a 6 x 4 image is 10 y + x, of its second channel 100 more.
  private let image: Tensor = {
    let rows: [Int] = (0..<8).map { 10 * ($0 % 4) + 100 * ($0 / 4) }
    let values: [Float] = rows.flatMap { row in (0..<6).map { Float(row + $0) } }
    return Tensor(values, shape: [1, 2, 4, 6])
  }()

  private func taken(_ part: CloseUp, size: Int = 2) -> [Float] {
    var tape = Tape(ParameterStore())
    return tape.closeUps(image, [part], size: size).tensor.values
  }

  @Test func anUprightPartIsCutOut() {
    let part = CloseUp(image: 0, x: 2, y: 2, right: 1, down: 0)
    #expect(taken(part) == [11, 12, 21, 22, 111, 112, 121, 122])
    // Half a pixel further lies between two.
    #expect(taken(CloseUp(image: 0, x: 2.5, y: 2, right: 1, down: 0)).prefix(2) == [11.5, 12.5])
  }

  @Test func partsAreMirroredTurnedAndScaled() {
    #expect(
      taken(CloseUp(image: 0, x: 2, y: 2, right: 1, down: 0, isMirrored: true)).prefix(4) == [12, 11, 22, 21])
    // Turned by a quarter, clockwise as seen: the part's rows go down the image.
    #expect(taken(CloseUp(image: 0, x: 2, y: 2, right: 0, down: 1)).prefix(4) == [12, 22, 11, 21])
    #expect(taken(CloseUp(image: 0, x: 3, y: 2, right: 2, down: 0)).prefix(4) == [6.5, 8.5, 26.5, 28.5])
  }

  @Test func outsideTheBorderIsRepeated() {
    #expect(taken(CloseUp(image: 0, x: -5, y: 2, right: 1, down: 0)).prefix(4) == [10, 10, 20, 20])
    #expect(taken(CloseUp(image: 0, x: .nan, y: .infinity, right: 1, down: 0)).allSatisfy { $0.isFinite })
  }
}
