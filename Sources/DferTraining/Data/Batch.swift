import Dfer
import DferImage
import DferModels
import DferTensor
import DferTracking

/// Clips as the network reads them, and what it should say.
package struct Batch: Sendable {
  /// Normalised, [batch, 3, frames, height, width].
  package var input: Tensor
  package var targets: CascadeTargets
  /// Where the clips come from.
  package var names: [String]

  /// - Parameters:
  ///   - clips: the clips with the view that is taken of each.
  ///   - frames: how many frames the network gets; the images of a clip are repeated evenly or thinned out.
  ///   - card: of the network.
  ///   - leastVotes: clips with fewer votes do not teach expressions.
  package init(
    _ clips: [(clip: LabelledClip, augmentation: Augmentation)], frames: Int, _ card: ModelCard, minimumVotes: Float = 1
  ) {
    input = Self.input(clips, frames: frames, tubelet: card.config.trunk.tubeletSize, card.input)
    targets = Self.targets(clips, frames: frames, card, minimumVotes: minimumVotes)
    names = clips.map(\.clip.name)
  }

  /// Clips as the network reads them; the count of frames in `spec` is not looked at.
  static func input(
    _ clips: [(clip: LabelledClip, augmentation: Augmentation)], frames: Int, tubelet: Int, _ spec: InputSpec
  ) -> Tensor {
    // A still fills a tubelet with one frame: the network repeats it.
    let areStills = clips.allSatisfy { isStill($0.clip, frames: frames, tubelet: tubelet) }
    let size = spec.imageSize
    let spec = InputSpec(
      imageSize: size, frames: areStills ? 1 : frames, mean: spec.mean, standardDeviation: spec.standardDeviation)
    return spec.tensor(
      clips.map { clip, augmentation in
        let samples = samples(of: clip, augmentation, frames: frames, tubelet: tubelet)
        // The same sample at the same image is cut once.
        var cut: [FrameSample: Image] = [:]
        return samples.prefix(spec.frames).map { sample in
          let crop =
            cut[sample] ?? sample.augmentation.image(clip.images[sample.pick], clip.boxes[sample.pick], size: size)
          cut[sample] = crop
          return crop
        }
      })
  }

  /// What should be said of such clips; their images are not looked at.
  static func targets(
    _ clips: [(clip: LabelledClip, augmentation: Augmentation)], frames: Int, _ card: ModelCard, minimumVotes: Float
  ) -> CascadeTargets {
    var (boxes, points, shares, blendshapes): ([Float], [Float], [Float], [Float]) = ([], [], [], [])
    var (hasBox, hasPoints, weights, hasBlendshapes): ([Bool], [Bool], [Float], [Bool]) = ([], [], [], [])
    let swapped = mirroredOrder(card.blendshapes)
    for (clip, augmentation) in clips {
      for sample in samples(of: clip, augmentation, frames: frames, tubelet: card.config.trunk.tubeletSize) {
        boxes += numbers(of: clip.boxes[sample.pick], sample.augmentation)
        let places =
          clip.points.isEmpty ? [] : sample.augmentation.normalized(clip.points[sample.pick], clip.boxes[sample.pick])
        points +=
          places.isEmpty
          ? [Float](repeating: 0, count: 2 * card.config.numLandmarks) : places.flatMap { [Float($0.x), Float($0.y)] }
      }
      hasBox.append(clip.boxesAreLabels)
      hasPoints.append(clip.points.first?.count == card.config.numLandmarks)
      let vote = clip.shares(least: minimumVotes)
      shares += vote ?? [Float](repeating: 0, count: card.labels.count)
      weights.append(vote == nil ? 0 : 1)
      hasBlendshapes.append(!clip.blendshapes.isEmpty)
      let values = clip.blendshapes.isEmpty ? [Float](repeating: 0, count: card.blendshapes.count) : clip.blendshapes
      blendshapes += augmentation.isMirrored ? swapped.map { values[$0] } : values
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

  /// Which image each frame shows: evenly repeated when there are too few, evenly thinned out when too many.
  static func picks(of count: Int, frames: Int) -> [Int] {
    count <= frames ? ClipSampler.evenly(count, over: frames) : (0..<frames).map { (2 * $0 + 1) * count / (2 * frames) }
  }

  /// Which image a frame shows, and how.
  struct FrameSample: Hashable {
    let pick: Int
    let augmentation: Augmentation
  }

  static func samples(of clip: LabelledClip, _ augmentation: Augmentation, frames: Int, tubelet: Int)
    -> [FrameSample]
  {
    let isStill = isStill(clip, frames: frames, tubelet: tubelet)
    return picks(of: clip.images.count, frames: frames).enumerated().map { frame, pick in
      FrameSample(
        pick: pick,
        augmentation: isStill ? augmentation.at(0) : augmentation.at(Double(frame) / Double(max(1, frames - 1))))
    }
  }

  /// Whether a clip is one image that fills one temporal index: nothing of it moves.
  private static func isStill(_ clip: LabelledClip, frames: Int, tubelet: Int) -> Bool {
    frames == tubelet && clip.images.count == 1
  }

  private static func numbers(of box: Rect, _ augmentation: Augmentation) -> [Float] {
    let face = augmentation.face(box)
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
