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
    let size = card.config.trunk.imageSize
    // A still fills a tubelet with one frame: the network repeats it.
    let isStill = frames == card.config.trunk.tubeletSize && clips.allSatisfy { $0.clip.pictures.count == 1 }
    let spec = InputSpec(imageSize: size, frames: isStill ? 1 : frames, mean: card.imageMean, deviation: card.imageStd)
    var pictures: [[Image]] = []
    var (boxes, points, shares, blendshapes): ([Float], [Float], [Float], [Float]) = ([], [], [], [])
    var (hasBox, hasPoints, weights, hasBlendshapes): ([Bool], [Bool], [Float], [Bool]) = ([], [], [], [])
    let swapped = Self.mirroredOrder(card.blendshapes)
    for (clip, view) in clips {
      let picks = Self.picks(of: clip.pictures.count, frames: frames)
      let looks = picks.indices.map { isStill ? view.at(0) : view.at(Double($0) / Double(max(1, frames - 1))) }
      // The same look at the same picture is cut once.
      var cut: [Look: Image] = [:]
      var crops: [Image] = []
      for (pick, look) in zip(picks, looks).prefix(spec.frames) {
        let key = Look(pick: pick, view: look)
        let crop = cut[key] ?? look.picture(clip.pictures[pick], clip.boxes[pick], size: size)
        cut[key] = crop
        crops.append(crop)
      }
      pictures.append(crops)
      for (pick, look) in zip(picks, looks) {
        boxes += Self.numbers(of: clip.boxes[pick], look)
        let places = clip.points.isEmpty ? [] : look.places(clip.points[pick], clip.boxes[pick])
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
    input = spec.tensor(pictures)
    names = clips.map(\.clip.name)
    func target(_ values: [Float], _ known: [Bool]) -> CascadeTargets.Numbers? {
      guard known.contains(true) else { return nil }
      return .init(Tensor(values, shape: [known.count, values.count / known.count]), isKnown: known)
    }
    targets = CascadeTargets(
      box: target(boxes, hasBox), landmark: hasPoints.contains(true) ? target(points, hasPoints) : nil,
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

  private struct Look: Hashable {
    let pick: Int
    let view: View
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
