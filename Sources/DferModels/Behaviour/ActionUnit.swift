/// A facial action unit by its number in the Facial Action Coding System, and the movements that stand for it here.
///
/// No FACS coder was involved: a strength is the weight of the rendered movement, mean of both sides, and what it has to do
/// with the action unit is this table and no more.
package struct ActionUnit: Sendable, Hashable {
  package let number: Int
  /// ICT-FaceKit's shapes, without a side. Empty: measured on the mesh.
  package let shapes: [String]
  /// MediaPipe's coefficients that teach it on photographs. Empty: MediaPipe has none that moves.
  package let coefficients: [String]

  /// `au01_strength` and so on.
  package var column: String { "au\(number < 10 ? "0" : "")\(number)_strength" }

  /// Those that the behaviour decoder estimates, in the order of its outputs.
  package static let all: [ActionUnit] = [
    ActionUnit(1, ["browInnerUp"], ["browInnerUp"]),
    ActionUnit(2, ["browOuterUp"], ["browOuterUpLeft", "browOuterUpRight"]),
    ActionUnit(4, ["browDown"], ["browDownLeft", "browDownRight"]),
    ActionUnit(5, ["eyeWide"], ["eyeWideLeft", "eyeWideRight"]),
    ActionUnit(6, ["cheekRaiser", "cheekSquint"]),
    ActionUnit(7, ["eyeSquint"], ["eyeSquintLeft", "eyeSquintRight"]),
    ActionUnit(9, ["noseSneer"]),
    ActionUnit(10, ["mouthUpperUp"], ["mouthUpperUpLeft", "mouthUpperUpRight"]),
    ActionUnit(12, ["mouthSmile"], ["mouthSmileLeft", "mouthSmileRight"]),
    ActionUnit(14, ["mouthDimple"]),
    ActionUnit(15, ["mouthFrown"]),
    ActionUnit(17, ["mouthShrugLower"]),
    ActionUnit(18, ["mouthPucker"], ["mouthPucker"]),
    ActionUnit(20, ["mouthStretch"], ["mouthStretchLeft", "mouthStretchRight"]),
    ActionUnit(22, ["mouthFunnel"]),
    ActionUnit(24, ["mouthPress"]),
    ActionUnit(25),
    ActionUnit(26, ["jawOpen"], ["jawOpen"]),
    ActionUnit(28, ["mouthRollUpper", "mouthRollLower"]),
    ActionUnit(45),
  ]

  /// Where a unit stands among `all`.
  package static func index(of number: Int) -> Int? { all.firstIndex { $0.number == number } }

  init(_ number: Int, _ shapes: [String] = [], _ coefficients: [String] = []) {
    (self.number, self.shapes, self.coefficients) = (number, shapes, coefficients)
  }
}
