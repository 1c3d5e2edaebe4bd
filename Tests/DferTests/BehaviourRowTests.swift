import DferImage
import DferModels
import DferTimeline
import DferTracking
import Foundation
import Testing

@testable import Dfer

/// From what a network says of crops to what a row says of the picture.
struct BehaviourRowTests {
  private static let degree = Double.pi / 180

  /// Says of crop n that the head is turned by n degrees, and where the eyes look.
  private struct Turning: ClipClassifying {
    var eyes = [FaceBehaviour.Eye(yaw: 10 * degree, pitch: 0, open: 1), .init(yaw: 20 * degree, pitch: 0, open: 1)]
    var isFinite = true

    func read(_ clips: [[Image]], points: [[[Point]]]) -> [ExpressionReading] {
      clips.map { clip in
        var reading = ExpressionReading(probabilities: [0.75, 0.25])
        reading.behaviours = clip.indices.map { frame in
          FaceBehaviour(
            points: [Point](repeating: Point(x: 0.25, y: isFinite ? 0.5 : .nan), count: 68),
            rotation: HeadRotation(yaw: Double(frame) * degree, pitch: 5 * degree, roll: 0), eyes: eyes,
            strengths: [Double](repeating: 0.5, count: ActionUnit.all.count))
        }
        return reading
      }
    }

    func behaviours(of frames: [Image]) -> [FaceBehaviour] { read([frames], points: [])[0].behaviours }

    func views(of crop: Image, points: [Point]) -> [Image] { [crop] }
  }

  private func row(
    _ classifier: Turning = Turning(), turn: QuarterTurn = .upright, moments: Bool = false, frames: Int = 0
  ) throws -> ClipResult {
    let seen = (0..<max(16, frames)).map { index in
      FaceSample(
        index: index, frame: 3 * index, time: 0.1 * Double(index), crop: Image(width: 8, height: 8),
        square: Rect(x: 100, y: 50, width: 40, height: 40), box: Rect(x: 105, y: 55, width: 30, height: 30), score: 0.9,
        maskWorn: 0, points: [], turn: turn)
    }
    let samples = Array(seen.prefix(16))
    let clip = PendingClip(
      start: 0, end: 1.6, frames: 0..<48, samples: 0..<16, isWhole: true, wallTime: Date(),
      faces: [.init(id: 0, samples: samples, frames: Array(seen.prefix(frames)))], lastArrival: .now)
    var builder = RowBuilder(frames: 16, includesWallTime: false, isMaskAware: false)
    (builder.keepsMoments, builder.readsEveryFrame) = (moments, frames > 0)
    let readings = try builder.read(clip.faces[...], of: clip, number: 0, classifier: classifier, cache: nil)
    return try #require(builder.rows(of: clip, number: 0, readings: readings).first)
  }

  private func isNear(_ value: Double?, _ expected: Double) -> Bool { value.map { abs($0 - expected) < 1e-6 } ?? false }

  @Test func aRowTellsOfTheClipsMiddle() throws {
    let row = try row()
    #expect(isNear(row.behaviour.yaw, 8) && isNear(row.behaviour.pitch, 5) && isNear(row.rollDegrees, 0))
    #expect(row.behaviour.points.count == 68 && row.behaviour.points[0] == Point(x: 110, y: 70))
    #expect(row.behaviour.strengths.count == ActionUnit.all.count && row.moments.isEmpty)
    let eyes = try #require(row.behaviour.eyes)
    #expect(eyes.open == [1, 1] && isNear(eyes.yaw, 15))
    // The nod turns the eyes' own direction a little.
    #expect(abs((eyes.gazeYaw ?? 0) - 23) < 0.2 && abs((eyes.gazePitch ?? 0) - 5) < 0.3)
  }

  @Test func aHeadUpsideDownIsTurnedInThePicture() throws {
    let row = try row(turn: .upsideDown)
    #expect(isNear(row.behaviour.yaw, -8) && isNear(row.behaviour.pitch, -5))
    #expect(abs(abs(row.rollDegrees ?? 0) - 180) < 1e-6)
    #expect(row.behaviour.points[0] == Point(x: 130, y: 70))
  }

  @Test func aHeadOnItsSideIsTurnedInThePicture() throws {
    for (turn, roll) in [(QuarterTurn.clockwise, 90.0), (.counterclockwise, -90)] {
      let row = try row(turn: turn)
      #expect(abs((row.rollDegrees ?? 0) - roll) < 1, "a head that lies to the right has a positive roll")
    }
    // The nose of a face that looks down points to the left when the head lies to the right.
    #expect((try row(turn: .clockwise).behaviour.yaw ?? 0) < 0)
  }

  @Test func closedEyesLookNowhere() throws {
    var reader = Turning()
    reader.eyes[0].open = 0.1
    #expect(isNear(try row(reader).behaviour.eyes?.yaw, 20), "the other eye is open")
    reader.eyes[1].open = 0
    let eyes = try #require(try row(reader).behaviour.eyes)
    #expect(eyes.open == [0.1, 0] && eyes.yaw == nil && eyes.gazePitch == nil)
  }

  @Test func whatIsNoNumberIsNotWritten() throws {
    var reader = Turning()
    reader.isFinite = false
    #expect(try row(reader).behaviour == Behaviour())
  }

  @Test func everyFrameIsToldWhenATableOfFramesIsWritten() throws {
    let moments = try row(moments: true).moments
    #expect(moments.map(\.frame) == (0..<16).map { 3 * $0 } && isNear(moments[15].behaviour.yaw, 15))
  }

  @Test func everyDecodedFrameIsReadByItself() throws {
    let row = try row(moments: true, frames: 40)
    #expect(row.moments.map(\.frame) == (0..<40).map { 3 * $0 } && isNear(row.moments[39].behaviour.yaw, 39))
    #expect(isNear(row.behaviour.yaw, 8), "the row itself is told from the clip")
  }
}
