import DferImage
import Foundation
import Testing

struct HeadRotationTests {
  private static let degree = Double.pi / 180

  /// Angles in degrees, spread over what heads do.
  private static let angles: [(Double, Double, Double)] = [
    (0, 0, 0), (20, 0, 0), (0, 20, 0), (0, 0, 20), (-60, 35, 45), (60, -35, -45), (130, 10, 170),
  ]

  private func rotation(_ angles: (Double, Double, Double)) -> HeadRotation {
    HeadRotation(
      yaw: angles.0 * Self.degree, pitch: angles.1 * Self.degree, roll: angles.2 * Self.degree)
  }

  @Test func anglesComeBack() {
    for angles in Self.angles {
      let found = rotation(angles)
      #expect(
        abs(found.yaw / Self.degree - angles.0) < 1e-9
          && abs(found.pitch / Self.degree - angles.1) < 1e-9)
      #expect(abs(found.roll / Self.degree - angles.2) < 1e-9)
    }
  }

  @Test func positiveIsRightDownAndClockwise() {
    // Where the nose points: the image of the z axis.
    let right = rotation((20, 0, 0)).matrix
    #expect(right[2] > 0.3 && right[5] == 0)
    let down = rotation((0, 20, 0)).matrix
    #expect(down[5] < -0.3 && abs(down[2]) < 1e-12)
    // Where the top of the head goes: to the right, as a clock's hand does.
    let tilted = rotation((0, 0, 20)).matrix
    #expect(tilted[1] > 0.3 && abs(tilted[2]) < 1e-12)
  }

  @Test func sixNumbersAreOrthogonalised() throws {
    for angles in Self.angles {
      let truth = rotation(angles)
      let found = try #require(HeadRotation(sixNumbers: truth.sixNumbers.map { $0 * 1.7 }))
      #expect(found.angle(to: truth) < 1e-6)
    }
    let skewed = try #require(HeadRotation(sixNumbers: [1, 0, 0, 0.5, 1, 0]))
    #expect(skewed.angle(to: .identity) < 1e-6)
    #expect(HeadRotation(sixNumbers: [0, 0, 0, 0, 1, 0]) == nil)
    #expect(HeadRotation(sixNumbers: [1, 0, 0, 2, 0, 0]) == nil)
    #expect(HeadRotation(sixNumbers: [.nan, 0, 0, 0, 1, 0]) == nil)
  }

  @Test func aMirrorTurnsYawAndRollRound() {
    let mirrored = rotation((30, 15, 10)).mirrored
    #expect(mirrored.angle(to: rotation((-30, 15, -10))) < 1e-6)
  }

  @Test func aTurnedPictureTurnsTheHead() {
    let turned = rotation((0, 0, 10)).turned(by: 25 * Self.degree)
    #expect(turned.angle(to: rotation((0, 0, 35))) < 1e-6)
    // Upside down, what pointed to the right points to the left.
    #expect(rotation((20, 0, 0)).turned(by: .pi).yaw < -0.3)
  }

  @Test func aHeadOffTheMiddleIsSeenFromItsSide() {
    // It stands to the right and faces along the camera's axis: seen from its own right, it looks to the right.
    let seen = HeadRotation.facing((-1, 0, 4))
    #expect(seen.yaw > 0.2 && abs(seen.pitch) < 1e-12 && abs(seen.roll) < 1e-12)
    #expect(HeadRotation.facing((0, 0, 3)).angle(to: .identity) < 1e-6)
  }
}
