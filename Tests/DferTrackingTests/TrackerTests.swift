import DferImage
@testable import DferTracking
import Testing

private func face(_ x: Double, _ y: Double = 100, side: Double = 80, score: Double = 0.9) -> FaceDetection {
  FaceDetection(box: Rect(x: x - side / 2, y: y - side / 2, width: side, height: side), score: score)
}

/// A tracker fed at 5 Hz with `scene(run)`.
private func tracked(
  _ runs: Range<Int>, options: TrackerOptions = TrackerOptions(), _ scene: (Int) -> [FaceDetection]
) -> FaceTracker {
  var tracker = FaceTracker(options)
  for run in runs { tracker.observe(scene(run), at: Double(run) * 0.2) }
  return tracker
}

@Suite struct TrackerTests {
  @Test func confirmedBackToFirstSighting() {
    var short = tracked(0..<2) { _ in [face(100)] }
    var long = tracked(0..<3) { _ in [face(100)] }
    #expect(short.faces(at: 0).isEmpty)
    #expect(long.faces(at: 0).map(\.box) == [face(100).box] && long.faces(at: 0.41).isEmpty)
  }

  @Test func steadyMotionIsKept() throws {
    var tracker = tracked(0..<10) { [face(100 + 10 * Double($0))] }
    for time in [0.0, 0.05, 0.5, 1.13, 1.8] {
      let found = try #require(tracker.faces(at: time).first)
      #expect(abs(found.box.centre.x - (100 + 50 * time)) < 1e-6)
    }
  }

  /// A camera that swings moves a face by two and a half times its size from one detector run to the next.
  @Test func aLoneFaceThatSwingsIsFollowed() {
    var tracker = tracked(0..<6) { [face(100 + 190 * Double($0))] }
    #expect(tracker.nextID == 1 && tracker.faces(at: 0.6).first.map { abs($0.box.centre.x - 670) < 1 } == true)
    // Farther than that, of another size, or one of several: nobody knows.
    #expect(tracked(0..<6) { [face(100 + 230 * Double($0))] }.nextID == 0)
    #expect(tracked(0..<2) { [face(100 + 190 * Double($0), side: $0 == 0 ? 80 : 120)] }.tracks.count == 2)
    #expect(tracked(0..<2) { [face(100 + 190 * Double($0)), face(900 + 190 * Double($0))] }.tracks.count == 4)
  }

  @Test func crossingFacesKeepTheirIds() {
    var tracker = tracked(0..<21) { run in
      let (a, b) = (face(100 + 20 * Double(run), 100), face(500 - 20 * Double(run), 130))
      return run % 2 == 0 ? [a, b] : [b, a]
    }
    #expect(tracker.nextID == 2)
    for time in [2.0, 4.0] {
      let faces = tracker.faces(at: time)
      #expect(faces.map { $0.box.centre.y.rounded() } == [100, 130])
    }
  }

  @Test func missedRunsAndWeakScoresAreBridged() {
    var tracker = tracked(0..<10) { $0 == 5 ? [] : [face(100 + 8 * Double($0), score: $0 > 3 ? 0.45 : 0.9)] }
    #expect(tracker.nextID == 1 && tracker.faces(at: 1.0).count == 1)
  }

  @Test func weakAndShortFindsAreNotReported() {
    #expect(tracked(0..<10) { _ in [face(100, score: 0.5)] }.nextID == 0)
    #expect(tracked(0..<10) { $0 == 4 ? [face(100)] : [] }.nextID == 0)
  }

  /// Scores of a room behind a head, of a corner of a picture, and of a tilted face, as a detector gave them ten times a
  /// second: three good frames make no face, half a second that is good throughout does.
  @Test(arguments: [
    ([0.53, 0.52, 0.52, 0.59, 0.59, 0.64, 0.74, 0.73, 0.68, 0.63, 0.56, 0.64, 0.64, 0.63, 0.59, 0.64], 0),
    ([0.47, 0.61, 0.71, 0.65, 0.77, 0.65, 0.48, 0.69], 0),
    ([0.66, 0.72, 0.79, 0.78, 0.76, 0.68, 0.71, 0.74], 1),
  ])
  func aFaceIsSeenWellForAWhile(scores: [Double], faces: Int) {
    var tracker = FaceTracker()
    for (run, score) in scores.enumerated() { tracker.observe([face(100, score: score)], at: Double(run) * 0.1) }
    #expect(tracker.nextID == faces)
  }

  @Test func returnAfterTheGapAndAfterACutIsANewFace() {
    var tracker = tracked(0..<14) { (4..<8).contains($0) ? [] : [face(100)] }
    #expect(tracker.faces(at: 2.4).map(\.id) == [1])
    // The next segment has a tracker of its own and goes on counting.
    var next = FaceTracker(firstID: tracker.nextID)
    for run in 14..<18 { next.observe([face(100)], at: Double(run) * 0.2) }
    #expect(next.faces(at: 3).map(\.id) == [2])
  }

  /// A face that trembles around the smallest size, or passes through it, is one person.
  @Test func theSmallestSizeCutsNoFace() {
    var options = TrackerOptions()
    options.minimumFace = 80
    var trembling = tracked(0..<30, options: options) { [face(100, side: $0 % 3 == 0 ? 76 : 83)] }
    #expect(trembling.nextID == 1 && (20..<28).allSatisfy { trembling.faces(at: Double($0) * 0.2).map(\.id) == [0] })
    var nearer = tracked(0..<40, options: options) { [face(300, 300, side: 40 + 2 * Double($0))] }
    #expect(nearer.nextID == 1 && nearer.faces(at: 7).map(\.id) == [0])
    // What is left out is still hidden where faces are.
    var far = tracked(0..<10, options: options) { [face(300, 300, side: 40 + 2 * Double($0))] }
    #expect(far.nextID == 0 && far.faces(at: 1).isEmpty && far.allBoxes(at: 1).count == 1)
    #expect(tracked(0..<20, options: options) { _ in [face(100, side: 70)] }.nextID == 0)
  }

  @Test func thirtyFaces() {
    var tracker = tracked(0..<50) { run in (0..<30).map { face(Double($0) * 100 + Double(run)) } }
    #expect(tracker.faces(at: 9).map(\.id) == Array(0..<30))
  }
}
