import DferImage
import DferModels
import DferTensor

/// Images as a network for single images reads them, and what it should say.
package struct ImageBatch: Sendable {
  /// Normalised, [batch, views * channels, side, side].
  package var input: Tensor
  /// [batch, labels], shares of votes; rows without a label are zero.
  package var shares: Tensor
  /// 1 for a row with a label, else 0.
  package var weights: [Float]
  /// 1 for a mask, 0 for none, -1 for not known.
  package var masks: [Int]
  package var names: [String]

  /// - Parameters:
  ///   - clips: the first image of each is taken.
  ///   - leastVotes: clips with fewer votes do not teach expressions.
  package init(
    _ clips: [(clip: LabelledClip, augmentation: Augmentation)], _ model: ImageModel, minimumVotes: Float = 1
  ) {
    let card = model.card
    input = model.input(
      clips.map { $0.augmentation.image($0.clip.images[0], $0.clip.boxes[0], size: card.imageSize) },
      points: clips.map {
        $0.clip.points.isEmpty ? [] : $0.augmentation.normalized($0.clip.points[0], $0.clip.boxes[0])
      })
    let votes = clips.map { $0.clip.shares(least: minimumVotes) }
    let none = [Float](repeating: 0, count: card.labels.count)
    shares = Tensor(votes.flatMap { $0 ?? none }, shape: [clips.count, card.labels.count])
    weights = votes.map { $0 == nil ? 0 : 1 }
    masks = clips.map { $0.clip.wearsMask.map { $0 ? 1 : 0 } ?? -1 }
    names = clips.map(\.clip.name)
  }

  /// Fades the images into each other. Half a mask is none that anybody wears, so that masks teach nothing then.
  mutating func mix(_ mixup: Mixup) {
    input = mixup.mixed(input)
    (shares, weights) = mixup.mixed(shares, weights: weights)
    masks = masks.map { _ in -1 }
  }
}
