/// Why a training stopped by itself. The last checkpoint is untouched.
package enum TrainingError: Error, CustomStringConvertible {
  case noClips(String)
  case notFinite(step: Int, clips: [String])
  case poolsOverClips
  case cutsRegions
  case noPretraining(String)
  case noDetail
  case nothingFrozen(prefix: String, names: [String])

  package var description: String {
    switch self {
    case .noClips(let what): "\(what) holds no labelled faces"
    case .notFinite(let step, let clips):
      "step \(step): the loss is no longer a number; a lower --learning-rate usually helps. Faces of this step:"
        + clips.prefix(8).map { "\n  \($0)" }.joined() + (clips.count > 8 ? "\n  and \(clips.count - 8) more" : "")
    case .poolsOverClips:
      "the box and landmark heads of these weights answer for whole clips: they cannot learn from one tubelet, "
        + "so --clip-fraction must be 1"
    case .cutsRegions:
      "the encoder of these weights cuts whole clips into regions: it cannot learn from one tubelet or image alone, so "
        + "--clip-fraction must be 1 (single images are then repeated to clips)"
    case .noDetail:
      "this network has no convolutional stem in front of joint attention: a behaviour decoder cannot read it"
    case .nothingFrozen(let prefix, let names):
      "--freeze \(prefix): no weight has a name that starts with this; names start with \(names.joined(separator: ", "))"
    case .noPretraining(let system): "\(system) has no masked pre-training"
    }
  }
}
