import DferImage
import Testing

@testable import DferModels

/// Clips in which nothing moves are read once.
@Suite struct StillReadingsTests {
  private func image(_ grey: UInt8) -> Image {
    Image(width: 4, height: 4, pixels: [UInt8](repeating: grey, count: 48))
  }

  private func still(_ grey: UInt8) -> [Image] { (0..<16).map { _ in image(grey) } }

  @Test func oneImageIsReadOnce() {
    let (readings, makes) = (StillReadings(), Counter())
    func read(_ clip: [Image], frame: Int? = 8) -> Float {
      readings.reading(of: clip, frame: frame) {
        makes.count += 1
        return ExpressionReading(probabilities: [Float(makes.count)])
      }.probabilities[0]
    }
    #expect((0..<5).map { _ in read(still(1)) } == [1, 1, 1, 1, 1])
    // Another image, another frame of interest, and one pixel that differs are other readings.
    #expect(read(still(2)) == 2 && read(still(1), frame: nil) == 3)
    var moving = still(1)
    moving[15].pixels[47] = 0
    #expect(read(moving) == 4 && read(moving) == 5)
    #expect(read(still(1)) == 1 && read(still(2)) == 2)
    // The oldest is forgotten.
    for grey in 10..<26 { _ = read(still(UInt8(grey))) }
    #expect(makes.count == 21 && read(still(1)) == 22)
  }

  private final class Counter {
    var count = 0
  }
}
