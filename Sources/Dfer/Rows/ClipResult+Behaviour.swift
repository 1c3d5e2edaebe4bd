import DferImage
import DferModels
import DferTimeline
import DferTracking
import Foundation

extension ClipResult {
  /// Takes over what a network says of one frame's behaviour.
  mutating func take(_ found: FaceBehaviour, of sample: FaceSample) {
    guard let moment = Moment(found, of: sample) else { return }
    (behaviour, rollDegrees) = (moment.behaviour, moment.rollDegrees)
  }
}

extension Moment {
  /// From the crop to the picture, from radians to degrees; nil when the network gave something else than numbers.
  init?(_ found: FaceBehaviour, of sample: FaceSample) {
    guard found.points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }), found.strengths.allSatisfy(\.isFinite),
      let seen = found.rotation
    else { return nil }
    func degrees(_ radians: Double) -> Double { radians * 180 / .pi }
    let rotation = sample.turn == .upright ? seen : seen.turned(by: sample.turn.radians)
    var behaviour = Behaviour()
    (behaviour.yaw, behaviour.pitch) = (degrees(rotation.yaw), degrees(rotation.pitch))
    behaviour.strengths = found.strengths
    behaviour.points = found.points.map { CropGeometry.inFrame($0, of: sample.square, turn: sample.turn) }
    behaviour.eyes = Self.eyes(found.eyes, rotation)
    self.init(
      frame: sample.frame, time: sample.time, box: sample.box, behaviour: behaviour,
      rollDegrees: degrees(rotation.roll))
  }

  private static func eyes(_ eyes: [FaceBehaviour.Eye], _ head: HeadRotation) -> Behaviour.Eyes? {
    guard eyes.count == 2,
      eyes.allSatisfy({ $0.yaw.isFinite && $0.pitch.isFinite && $0.open.isFinite })
    else {
      return nil
    }
    var result = Behaviour.Eyes(open: eyes.map(\.open))
    // Behind a closed lid nobody knows where an eye looks.
    let open = eyes.filter { $0.open >= Behaviour.Eyes.leastOpen }
    guard !open.isEmpty else { return result }
    func mean(_ angle: (FaceBehaviour.Eye) -> Double) -> Double {
      open.reduce(0) { $0 + angle($1) } / Double(open.count)
    }
    let (yaw, pitch) = (mean(\.yaw), mean(\.pitch))
    let gaze = head.times(HeadRotation(yaw: yaw, pitch: pitch, roll: 0))
    func degrees(_ radians: Double) -> Double { radians * 180 / .pi }
    (result.yaw, result.pitch) = (degrees(yaw), degrees(pitch))
    (result.gazeYaw, result.gazePitch) = (degrees(gaze.yaw), degrees(gaze.pitch))
    return result
  }
}
