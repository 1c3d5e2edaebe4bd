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
    let spec = InputSpec(imageSize: size, frames: frames, mean: card.imageMean, deviation: card.imageStd)
    var pictures: [[Image]] = []
    var (boxes, points, shares, blendshapes): ([Float], [Float], [Float], [Float]) = ([], [], [], [])
    var (hasBox, hasPoints, weights, hasBlendshapes): ([Bool], [Bool], [Float], [Bool]) = ([], [], [], [])
    let swapped = Self.mirroredOrder(card.blendshapes)
    for (clip, view) in clips {
      let picks = Self.picks(of: clip.pictures.count, frames: frames)
      // A still is cut once, whatever the number of its frames.
      var cut: [Int: Image] = [:]
      for pick in Set(picks) { cut[pick] = view.picture(clip.pictures[pick], clip.boxes[pick], size: size) }
      pictures.append(picks.compactMap { cut[$0] })
      for pick in picks {
        boxes += Self.numbers(of: clip.boxes[pick], view)
        let places = clip.points.isEmpty ? [] : view.places(clip.points[pick], clip.boxes[pick])
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

  /// Which picture each frame shows: evenly repeated when there are too few, evenly thinned out when too many.
  static func picks(of count: Int, frames: Int) -> [Int] {
    count <= frames ? ClipSampler.evenly(count, over: frames) : (0..<frames).map { (2 * $0 + 1) * count / (2 * frames) }
  }

  private static func numbers(of box: Rect, _ view: View) -> [Float] {
    let (centre, square) = (view.place(box.centre, box), view.square(box))
    return [centre.x, centre.y, box.width / square.width, box.height / square.height].map { Float($0) }
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
