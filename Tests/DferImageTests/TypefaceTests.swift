import DferImage
import Testing

/// Letters, whether the machine has a font or not.
struct TypefaceTests {
  /// The rows and columns that a text of black on white touches.
  private func touched(_ text: String, height: Double) -> (rows: [Int], columns: [Int]) {
    var image = Image(width: 400, height: 80)
    image.fill(Rect(x: 0, y: 0, width: 400, height: 80), .white)
    var typeface = Typeface(height: height)
    typeface.draw(text, at: Point(x: 20, y: 20), .black, on: &image)
    let dark = (0..<80).flatMap { y -> [(x: Int, y: Int)] in
      (0..<400).filter { image.pixels[(y * 400 + $0) * 3] < 128 }.map { (x: $0, y: y) }
    }
    return (Set(dark.map(\.y)).sorted(), Set(dark.map(\.x)).sorted())
  }

  @Test(arguments: [8.0, 12.0, 24.0]) func capitalsAreAsHighAsAskedFor(height: Double) throws {
    let rows = touched("H", height: height).rows
    #expect(abs(Double(rows.count) - height) <= 2, "\(rows)")
    #expect(abs(try #require(rows.first) - 20) <= 1)
  }

  @Test func textIsAsWideAsItSays() throws {
    let typeface = Typeface(height: 12)
    let columns = touched("surprise 98 %", height: 12).columns
    let width = typeface.width(of: "surprise 98 %")
    #expect(abs(try #require(columns.last) - 20 - Int(width)) <= 3 && columns[0] >= 19)
    #expect(typeface.width(of: "surprise") < width && typeface.width(of: "") <= 0 && typeface.lineHeight >= 12)
  }

  /// What a font lacks is drawn all the same, and nothing outside the image is touched.
  @Test func anyTextCanBeDrawn() {
    var image = Image(width: 40, height: 20)
    var typeface = Typeface(height: 30)
    for text in ["m\u{FC}de", "\u{1F600}\u{0}\n", "\u{6012}\u{308}"] {
      typeface.draw(text, at: Point(x: -10, y: -5), .white, on: &image)
      typeface.draw(text, at: Point(x: 35, y: 15), .white, on: &image)
    }
    #expect(image.width == 40 && image.height == 20)
  }
}
