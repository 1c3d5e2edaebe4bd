import DferImage
import DferTracking
import Testing

@Suite struct CropGeometryTests {
  @Test func aDetectedBoxIsShrunkToALabelledOneAndWidenedToASquare() {
    let square = CropGeometry(sideFactor: 1.3).square(aroundDetected: Rect(x: 100, y: 50, width: 80, height: 100))
    #expect(abs(square.width - 100 * 0.85 * 1.3) < 1e-9 && square.width == square.height)
    #expect(abs(square.centre.x - 140) < 1e-9 && abs(square.centre.y - 100) < 1e-9)
    #expect(CropGeometry(sideFactor: 2).square(aroundLabelled: Rect(x: 0, y: 0, width: 10, height: 20)).width == 40)
  }

  @Test func pointsGoToTheCropAndBack() {
    let square = Rect(x: 30, y: -10, width: 50, height: 50)
    let point = Point(x: 55, y: 15)
    #expect(CropGeometry.inCrop(point, of: square) == Point(x: 0.5, y: 0.5))
    #expect(CropGeometry.inFrame(CropGeometry.inCrop(point, of: square), of: square) == point)
    let corner = Point(x: 30, y: -10)
    #expect(CropGeometry.inCrop(corner, of: square, turn: .upsideDown) == Point(x: 1, y: 1))
    #expect(CropGeometry.inFrame(Point(x: 1, y: 1), of: square, turn: .upsideDown) == corner)
    // The chin of a head that lies on its right is on the left.
    #expect(CropGeometry.inFrame(Point(x: 0.5, y: 1), of: square, turn: .clockwise) == Point(x: 30, y: 15))
    for turn in QuarterTurn.allCases {
      #expect(
        CropGeometry.inFrame(CropGeometry.inCrop(corner, of: square, turn: turn), of: square, turn: turn) == corner)
    }
  }
}

@Suite struct FaceDetectionTests {
  private struct Fixed: FaceDetecting {
    let found: [FaceDetection]
    func detect(_ image: Image, threshold: Float?) -> [FaceDetection] {
      found.filter { $0.score > Double(threshold ?? 0) }
    }
  }

  @Test func detectionsAreCarriedToTheFrame() {
    let detector = Fixed(found: [
      FaceDetection(box: Rect(x: 10, y: 20, width: 30, height: 40), score: 0.9, points: [Point(x: 15, y: 25)]),
      FaceDetection(box: Rect(x: 0, y: 0, width: 5, height: 5), score: 0.3),
    ])
    let found = detector.detect(
      Image(width: 320, height: 180), of: Size(width: 1280, height: 720), threshold: 0.5)
    #expect(found.map(\.box) == [Rect(x: 40, y: 80, width: 120, height: 160)])
    #expect(found[0].points == [Point(x: 60, y: 100)])
    #expect(found[0].points(movedTo: Rect(x: 0, y: 0, width: 60, height: 80)) == [Point(x: 10, y: 10)])
  }

  @Test func theBestOfOverlappingFacesIsKept() {
    let faces = [0.7, 0.9, 0.8].enumerated().map { index, score in
      FaceDetection(box: Rect(x: index == 2 ? 200 : 4 * Double(index), y: 0, width: 50, height: 50), score: score)
    }
    #expect(faces.withoutOverlaps(above: 0.4).map(\.score) == [0.9, 0.8])
  }
}

@Suite struct FrameIndexTests {
  @Test func aTimeHasTheFirstFrameFromThereOn() {
    var index = FrameIndex(first: 7, time: 1)
    for step in 1...5 { index.append(7 + step, time: 1 + 0.04 * Double(step)) }
    #expect(
      index.index(at: 1) == 7 && index.index(at: 1.05) == 9 && index.index(at: 1.08) == 9 && index.index(at: 9) == 12)
    index.forget(before: 1.1)
    #expect(index.index(at: 1.12) == 10 && abs((index.lastStep ?? 0) - 0.04) < 1e-9)
  }
}
