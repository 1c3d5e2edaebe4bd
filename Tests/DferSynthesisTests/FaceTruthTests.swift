import DferImage
import DferTensor
import Foundation
import Testing

@testable import DferSynthesis

/// What the renderer says of a face against what it draws.
@Suite(.enabled(if: hasMesh, "no face mesh")) struct FaceTruthTests {
  private static let shared = Result { try FaceMesh(meshPath) }
  private static let degree = Double.pi / 180
  private let mesh: FaceMesh

  init() throws { mesh = try Self.shared.get() }

  /// One person, straight before the camera, who is turned as `change` says.
  private func drawn(_ change: (inout HeadPlace) -> Void) -> (points: [Point], truth: FaceTruth) {
    var random = RandomSource(seed: 5)
    let subject = Subject(mesh, .neutral, seconds: 1, cut: .whole, masks: 0, random: &random)
    var place = HeadPlace()
    change(&place)
    var canvas = Canvas(width: 64, height: 64)
    let camera = Camera(distance: 100, focal: 200, centre: Point(x: 32, y: 32))
    return subject.draw(at: 0.5, place, on: &canvas, camera, Lighting(random: &random), owner: 1)
  }

  @Test func twentyDegreesComeOutWithTheirSigns() {
    let front = drawn { _ in }
    #expect(
      abs(front.truth.rotation.yaw) < Self.degree && abs(front.truth.rotation.roll) < Self.degree)
    func eyes(_ points: [Point]) -> Point {
      Point(x: (points[36].x + points[45].x) / 2, y: (points[36].y + points[45].y) / 2)
    }
    let right = drawn { $0.yaw = 20 * Self.degree }
    // Relative to the line of sight: the face moves to the side as the head turns about the neck.
    #expect(abs(right.truth.rotation.yaw / Self.degree - 22.6) < 1)
    #expect(
      right.points[30].x - eyes(right.points).x > front.points[30].x - eyes(front.points).x + 2)
    let down = drawn { $0.pitch = 20 * Self.degree }
    let nod = (down.truth.rotation.pitch - front.truth.rotation.pitch) / Self.degree
    #expect(abs(nod - 20) < 3, "\(nod)")
    #expect(down.points[30].y - eyes(down.points).y > front.points[30].y - eyes(front.points).y + 1)
    let tilted = drawn { $0.roll = 20 * Self.degree }
    #expect(abs(tilted.truth.rotation.roll / Self.degree - 20) < 2)
    #expect(
      tilted.points[45].y > tilted.points[36].y + 3, "clockwise: the eye on the right goes down")
  }

  @Test func aHeadAtTheSideIsSeenFromItsSide() {
    let aside = drawn { $0.shift.x = 30 }
    // Its face points along the camera's axis, so past the camera, to the right of the line of sight.
    #expect(
      abs(aside.truth.rotation.yaw / Self.degree - atan2(30, 91) / Self.degree) < 2,
      "\(aside.truth.rotation.yaw)")
  }

  @Test func eyesFollowTheirShapes() {
    let face = mesh.face([])
    let measure = FaceMeasure(mesh, face: face)
    func eyes(_ change: (inout FacePose) -> Void) -> [FaceTruth.Eye] {
      var pose = FacePose()
      change(&pose)
      return measure.eyes(mesh.moved(face, pose), pose)
    }
    let rest = eyes { _ in }
    #expect(
      rest.allSatisfy { abs($0.yaw) < 1e-6 && abs($0.pitch) < 1e-6 && abs($0.open - 1) < 1e-6 })
    // To the right of the picture: outwards for the subject's left eye, inwards for the other.
    let right = eyes { pose in
      pose[.eyeLookOut, 0] = 1
      pose[.eyeLookIn, 1] = 1
    }
    #expect(
      right.allSatisfy { $0.yaw > 15 * Self.degree && abs($0.pitch) < 8 * Self.degree }, "\(right)")
    let down = eyes { $0.add(.eyeLookDown, 1) }
    #expect(
      down.allSatisfy { $0.pitch > 12 * Self.degree && abs($0.yaw) < 6 * Self.degree }, "\(down)")
    let up = eyes { $0.add(.eyeLookUp, 1) }
    #expect(up.allSatisfy { $0.pitch < -12 * Self.degree }, "\(up)")
    let closed = eyes { $0.add(.eyeBlink, 1) }
    #expect(closed.allSatisfy { abs($0.open) < 0.02 })
    let half = eyes { $0.add(.eyeBlink, 0.5) }
    #expect(half.allSatisfy { (0.2...0.8).contains($0.open) }, "\(half)")
    #expect(eyes { $0.add(.eyeWide, 1) }.allSatisfy { $0.open > 1.05 })
    // The balls turn with it: a pupil moves to the right and, a little, back.
    var look = FacePose()
    look[.eyeLookOut, 0] = 1
    let (before, after) = (face, mesh.moved(face, look))
    let pupil = mesh.eyeballs[0].filter { mesh.regions[$0] == .pupil && mesh.eyeRadii[$0] < 1 }
    let moved = (0..<3).map { axis in
      pupil.reduce(Float(0)) { $0 + after[3 * $1 + axis] - before[3 * $1 + axis] } / Float(max(1, pupil.count))
    }
    #expect(moved[0] > 0.5 && abs(moved[1]) < 0.1 && moved[2] < 0, "\(moved)")
    // One eye alone: the one on the left of the picture is the subject's right.
    let wink = eyes { $0[.eyeBlink, 1] = 1 }
    #expect(wink[0].open < 0.1 && wink[1].open > 0.9)
  }

  @Test func wideRangesAreReached() {
    var settings = SynthesisSettings()
    (settings.seconds, settings.frameRate, settings.range) = (1, 2, .wide)
    settings.size = Size(width: 32, height: 32)
    let rotations = (0..<40).map {
      SyntheticClip(mesh, settings, seed: 1, number: $0).frame(1).faces[0].truth.rotation
    }
    func most(_ angle: (HeadRotation) -> Double) -> Double {
      rotations.map { abs(angle($0)) }.max()! / Self.degree
    }
    #expect(most(\.yaw) > 45 && most(\.pitch) > 25 && most(\.roll) > 30)
    settings.range = .usual
    let usual = (0..<20).map {
      SyntheticClip(mesh, settings, seed: 1, number: $0).frame(1).faces[0].truth.rotation
    }
    #expect(usual.allSatisfy { abs($0.yaw) < 45 * Self.degree && abs($0.pitch) < 25 * Self.degree })
  }
}
