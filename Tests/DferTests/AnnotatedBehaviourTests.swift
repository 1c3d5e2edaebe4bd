import DferImage
import DferTimeline
import Testing

@testable import Dfer

struct AnnotatedBehaviourTests {
  private let box = Rect(x: 60, y: 60, width: 80, height: 80)

  private func drawn(yaw: Double, pitch: Double, roll: Double, gaze: Double? = nil, points: Bool = true) -> Image {
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .ok)
    (row.behaviour.yaw, row.behaviour.pitch, row.rollDegrees) = (yaw, pitch, roll)
    if let gaze {
      row.behaviour.points = [Point](repeating: box.centre, count: 68)
      row.behaviour.eyes = Behaviour.Eyes(open: [1, 1], yaw: gaze, pitch: 0, gazeYaw: gaze, gazePitch: 0)
    }
    var image = Image(width: 200, height: 200)
    AnnotatedBehaviour(row, box: box).draw(on: &image, .white, line: 2, showsPoints: points)
    return image
  }

  /// Middle of the pixels in which one colour stands out: 0 red, 1 green, 2 blue.
  private func middle(_ image: Image, _ colour: Int) -> Point {
    var (x, y, count) = (0.0, 0.0, 0.0)
    for place in 0..<image.width * image.height {
      let pixel = (0..<3).map { Int(image.pixels[3 * place + $0]) }
      guard pixel[colour] > 120, (0..<3).allSatisfy({ $0 == colour || pixel[colour] > pixel[$0] + 60 }) else {
        continue
      }
      (x, y, count) = (x + Double(place % image.width), y + Double(place / image.width), count + 1)
    }
    return Point(x: x / count, y: y / count)
  }

  @Test func axesPointWhereTheHeadDoes() {
    let ahead = drawn(yaw: 0, pitch: 0, roll: 0)
    let (right, down) = (middle(ahead, 0), middle(ahead, 1))
    #expect(right.x > 112 && abs(right.y - 100) < 2 && down.y > 112 && abs(down.x - 100) < 2)
    // Turned to the right the nose goes right, nodding it goes down; tilted clockwise the right side goes down.
    let turned = middle(drawn(yaw: 40, pitch: 0, roll: 0), 2)
    #expect(turned.x > 106 && abs(turned.y - 100) < 2)
    let nodding = middle(drawn(yaw: 0, pitch: 40, roll: 0), 2)
    #expect(nodding.y > 106 && abs(nodding.x - 100) < 2)
    #expect(middle(drawn(yaw: 0, pitch: 0, roll: 30), 0).y > 104)
  }

  @Test func gazeIsALineFromTheEyes() {
    /// Columns of the yellow pixels.
    func yellow(_ image: Image) -> [Int] {
      (0..<image.width * image.height).filter { place in
        image.pixels[3 * place] > 180 && image.pixels[3 * place + 1] > 150 && image.pixels[3 * place + 2] < 90
      }.map { $0 % image.width }
    }
    let right = yellow(drawn(yaw: 0, pitch: 0, roll: 0, gaze: 50, points: false))
    let left = yellow(drawn(yaw: 0, pitch: 0, roll: 0, gaze: -50, points: false))
    #expect(!right.isEmpty && right.allSatisfy { $0 >= 98 } && (right.max() ?? 0) > 130)
    #expect(!left.isEmpty && left.allSatisfy { $0 <= 101 } && (left.min() ?? 200) < 70)
  }

  @Test func whatIsNotKnownIsNotDrawn() {
    var image = Image(width: 200, height: 200)
    let row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .ok)
    AnnotatedBehaviour(row, box: box).draw(on: &image, .white, line: 2, showsPoints: true)
    #expect(image == Image(width: 200, height: 200))
  }

  @Test func betweenTwoRowsAnglesGoTheShortWay() {
    var rows = [170.0, -170].map { roll in
      var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .ok)
      (row.behaviour.yaw, row.behaviour.pitch, row.rollDegrees) = (0, 0, roll)
      return row
    }
    func image(_ behaviour: AnnotatedBehaviour) -> Image {
      var image = Image(width: 200, height: 200)
      behaviour.draw(on: &image, .white, line: 2, showsPoints: true)
      return image
    }
    let between = image(AnnotatedBehaviour(rows[0], rows[1], 0.5, box: box))
    rows[0].rollDegrees = 180
    #expect(between == image(AnnotatedBehaviour(rows[0], box: box)))
  }
}
