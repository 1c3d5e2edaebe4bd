import DferImage
import Foundation

/// What is true of a rendered face beside its points: where head and eyes are turned, how far the lids are open, and which
/// movements are made.
package struct FaceTruth: Sendable, Hashable {
  /// One eye, relative to the head.
  package struct Eye: Sendable, Hashable {
    /// Direction of the pupil, in radians: positive to the right of the picture and down when the head faces the camera; 0
    /// as in the person's face at rest.
    package var yaw, pitch: Double
    /// Gap between the lids: 0 closed, 1 as open as in this person's face at rest, above 1 when widened.
    package var open: Double
  }

  package var rotation: HeadRotation
  /// The eye on the left of the picture (the subject's right), then the other.
  package var eyes: [Eye]
  /// Gap between the inner lips over the width of the mouth.
  package var lipGap: Double
  package var movements: FacePose

  static let columns =
    ["yaw_deg", "pitch_deg", "roll_deg"] + (0..<6).map { "rotation\($0)" }
    + (0..<2).flatMap { ["eye\($0)_yaw_deg", "eye\($0)_pitch_deg", "eye\($0)_open"] } + ["lip_gap"]
    + BlendshapeName.allCases.flatMap(\.shapeNames)

  /// One number for each column, angles in degrees.
  var numbers: [Double] {
    func degrees(_ radians: Double) -> Double { radians * 180 / .pi }
    let angles = [rotation.yaw, rotation.pitch, rotation.roll].map(degrees)
    let weights = BlendshapeName.allCases.flatMap { movement in
      (0..<movement.shapeNames.count).map { Double(movements[movement, $0]) }
    }
    return angles + rotation.sixNumbers + eyes.flatMap { [degrees($0.yaw), degrees($0.pitch), $0.open] } + [lipGap]
      + weights
  }
}

/// Measures eyes and lips on a person's mesh. Lids move with the gaze too, so their gap is measured, not read off the
/// coefficients.
struct FaceMeasure: Sendable {
  private let landmarks: [Int]
  private let restingGaps, closedGaps: [Double]

  /// Points of the upper lids and those below them, by eye from the left of the picture.
  private static let lids = [[(37, 41), (38, 40)], [(43, 47), (44, 46)]]

  init(_ mesh: FaceMesh, face: [Float]) {
    landmarks = mesh.landmarks
    var closed = FacePose()
    closed.add(.eyeBlink, 1)
    let shut = mesh.moved(face, closed)
    restingGaps = Self.lids.map { Self.gap($0, mesh.landmarks, face) }
    closedGaps = Self.lids.map { Self.gap($0, mesh.landmarks, shut) }
  }

  /// - Parameter points: the mesh moved as in `pose`, before the head is turned.
  func eyes(_ points: [Float], _ pose: FacePose) -> [FaceTruth.Eye] {
    (0..<2).map { eye in
      let (yaw, pitch) = pose.eyeDirection(1 - eye)
      let gap = Self.gap(Self.lids[eye], landmarks, points)
      let range = max(1e-6, restingGaps[eye] - closedGaps[eye])
      return FaceTruth.Eye(yaw: yaw, pitch: pitch, open: max(0, (gap - closedGaps[eye]) / range))
    }
  }

  func lipGap(_ points: [Float]) -> Double {
    let gap = [(61, 67), (62, 66), (63, 65)].reduce(0.0) { $0 + Self.distance($1.0, $1.1, landmarks, points) } / 3
    return gap / max(1e-6, Self.distance(48, 54, landmarks, points))
  }

  private static func gap(_ pairs: [(Int, Int)], _ landmarks: [Int], _ points: [Float]) -> Double {
    pairs.reduce(0) { $0 + distance($1.0, $1.1, landmarks, points) } / Double(pairs.count)
  }

  private static func distance(_ a: Int, _ b: Int, _ landmarks: [Int], _ points: [Float]) -> Double {
    let (a, b) = (3 * landmarks[a], 3 * landmarks[b])
    let squares = (0..<3).map { Double(points[a + $0] - points[b + $0]) }
    return squares.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
