import DferImage
import Testing

/// Boxes and points of rows may lie anywhere: faces are cut off by the image's edge, and tables can be edited.
struct DrawingTests {
  @Test(arguments: [-1e7, -500, -0.5, 0, 19.5, 40, 4000, 1e7, .nan, .infinity], [-1e7, -30, 0, 20, 300, 1e7, .nan])
  func whatLiesOutsideIsLeftOut(x: Double, y: Double) {
    var image = Image(width: 40, height: 20)
    for size in [0.0, 0.3, 7, 5000, 1e9] {
      let box = Rect(x: x, y: y, width: size, height: size)
      image.outline(box, .white, thickness: 2)
      image.hatch(box, .white, step: 5, thickness: 1)
      image.dot(Point(x: x, y: y), radius: size, .white)
      image.line(from: Point(x: x, y: y), to: Point(x: y, y: x), thickness: 2, .white)
      image.line(from: Point(x: x, y: y), to: Point(x: 20, y: 10), thickness: 2, .white)
      image = image.hiding([box])
    }
    #expect(image.pixels.count == 40 * 20 * 3)
  }

  @Test func aLineIsDrawnUpToTheEdges() {
    var image = Image(width: 40, height: 20)
    image.line(from: Point(x: -100, y: 10), to: Point(x: 100, y: 10), thickness: 3, .white)
    #expect((0..<40).allSatisfy { image.pixels[(10 * 40 + $0) * 3] == 255 && image.pixels[$0 * 3] == 0 })
  }
}
