import Dfer
import DferImage
import DferModels
import DferTensor

/// Clips as the network reads them, and what it should say.
public struct Batch: Sendable {
  /// Normalised, [batch, 3, frames, height, width].
  public var input: Tensor
  public var targets: CascadeTargets
  /// Where the clips come from.
  public var names: [String]

  /// - Parameters:
  ///   - clips: the clips with the view that is taken of each.
  ///   - frames: how many frames the network gets; the pictures of a clip are repeated evenly or thinned out.
  ///   - card: of the network.
  ///   - leastVotes: clips with fewer votes do not teach expressions.
  public init(_ clips: [(clip: LabelledClip, view: View)], frames: Int, _ card: ModelCard, leastVotes: Float = 1) {
    input = Self.input(clips, frames: frames, tubelet: card.config.trunk.tubeletSize, card.input)
    targets = Self.targets(clips, frames: frames, card, leastVotes: leastVotes)
    names = clips.map(\.clip.name)
  }

  /// Clips as the network reads them; the count of frames in `spec` is not looked at.
  static func input(
    _ clips: [(clip: LabelledClip, view: View)], frames: Int, tubelet: Int, _ spec: InputSpec
  ) -> Tensor {
    // A still fills a tubelet with one frame: the network repeats it.
    let areStills = clips.allSatisfy { isStill($0.clip, frames: frames, tubelet: tubelet) }
    let size = spec.imageSize
    let spec = InputSpec(imageSize: size, frames: areStills ? 1 : frames, mean: spec.mean, deviation: spec.deviation)
    return spec.tensor(
      clips.map { clip, view in
        let looks = looks(of: clip, view, frames: frames, tubelet: tubelet)
        // The same look at the same picture is cut once.
        var cut: [Look: Image] = [:]
        return looks.prefix(spec.frames).map { look in
          let crop = cut[look] ?? look.view.picture(clip.pictures[look.pick], clip.boxes[look.pick], size: size)
          cut[look] = crop
          return crop
        }
      })
  }

  /// What should be said of such clips; their pictures are not looked at.
  static func targets(
    _ clips: [(clip: LabelledClip, view: View)], frames: Int, _ card: ModelCard, leastVotes: Float
  ) -> CascadeTargets {
    var (boxes, points, shares, blendshapes): ([Float], [Float], [Float], [Float]) = ([], [], [], [])
    var (hasBox, hasPoints, weights, hasBlendshapes): ([Bool], [Bool], [Float], [Bool]) = ([], [], [], [])
    let swapped = mirroredOrder(card.blendshapes)
    for (clip, view) in clips {
      for look in looks(of: clip, view, frames: frames, tubelet: card.config.trunk.tubeletSize) {
        boxes += numbers(of: clip.boxes[look.pick], look.view)
        let places = clip.points.isEmpty ? [] : look.view.places(clip.points[look.pick], clip.boxes[look.pick])
        points +=
          places.isEmpty
          ? [Float](repeating: 0, count: 2 * card.config.numLandmarks) : places.flatMap { [Float($0.x), Float($0.y)] }
      }
      hasBox.append(clip.boxesAreLabels)
      hasPoints.append(clip.points.first?.count == card.config.numLandmarks)
      let vote = clip.shares(least: leastVotes)
      shares += vote ?? [Float](repeating: 0, count: card.labels.count)
      weights.append(vote == nil ? 0 : 1)
      hasBlendshapes.append(!clip.blendshapes.isEmpty)
      let values = clip.blendshapes.isEmpty ? [Float](repeating: 0, count: card.blendshapes.count) : clip.blendshapes
      blendshapes += view.isMirrored ? swapped.map { values[$0] } : values
    }
    func target(_ values: [Float], _ known: [Bool]) -> CascadeTargets.Numbers? {
      guard known.contains(true) else { return nil }
      return .init(Tensor(values, shape: [known.count, values.count / known.count]), isKnown: known)
    }
    return CascadeTargets(
      box: target(boxes, hasBox), landmark: target(points, hasPoints),
      expression: .shares(Tensor(shares, shape: [clips.count, card.labels.count]), weights: weights),
      blendshape: card.blendshapes.isEmpty ? nil : target(blendshapes, hasBlendshapes))
  }

  /// Fades the clips into each other. Nobody knows where a face of two faces is, so that places teach nothing then.
  mutating func mix(_ mixup: Mixup) {
    input = mixup.mixed(input)
    (targets.box, targets.landmark, targets.blendshape) = (nil, nil, nil)
    guard case .shares(let shares, let weights) = targets.expression else { return }
    let mixed = mixup.mixed(shares, weights: weights)
    targets.expression = .shares(mixed.shares, weights: mixed.weights)
  }

  /// Which picture each frame shows: evenly repeated when there are too few, evenly thinned out when too many.
  static func picks(of count: Int, frames: Int) -> [Int] {
    count <= frames ? ClipSampler.evenly(count, over: frames) : (0..<frames).map { (2 * $0 + 1) * count / (2 * frames) }
  }

  /// Which picture a frame shows, and how.
  private struct Look: Hashable {
    let pick: Int
    let view: View
  }

  private static func looks(of clip: LabelledClip, _ view: View, frames: Int, tubelet: Int) -> [Look] {
    let isStill = isStill(clip, frames: frames, tubelet: tubelet)
    return picks(of: clip.pictures.count, frames: frames).enumerated().map { frame, pick in
      Look(pick: pick, view: isStill ? view.at(0) : view.at(Double(frame) / Double(max(1, frames - 1))))
    }
  }

  /// Whether a clip is one picture that fills one time slot: nothing of it moves.
  private static func isStill(_ clip: LabelledClip, frames: Int, tubelet: Int) -> Bool {
    frames == tubelet && clip.pictures.count == 1
  }

  private static func numbers(of box: Rect, _ view: View) -> [Float] {
    let face = view.face(box)
    return [face.centre.x, face.centre.y, face.width, face.height].map { Float($0) }
  }

  /// For each blendshape the one that it becomes in a mirror.
  static func mirroredOrder(_ names: [String]) -> [Int] {
    names.indices.map { index in
      let name = names[index]
      let other =
        name.hasSuffix("Left")
        ? name.dropLast(4) + "Right" : name.hasSuffix("Right") ? name.dropLast(5) + "Left" : name[...]
      return names.firstIndex(of: String(other)) ?? index
    }
  }
}
