import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

/// Clips in which only time tells the classes apart: a mouth opens, closes, or does both. Every one shows the same images.
@Suite struct MotionTests {
  /// `labels` of the toy are kept: top is opening, bottom closing, middle there and back.
  private func clips(_ count: Int, seed: UInt64) -> LabelledSet {
    var random = RandomSource(seed: seed)
    let clips = (0..<count).map { index in
      let label = index % 3
      let (skin, x) = (150 + 80 * random.uniform(), Int(3 * random.uniform()))
      let images = (0..<8).map { frame -> Image in
        // Each height of the mouth is seen twice, whatever the class.
        let open = [frame / 2, 3 - frame / 2, min(frame, 7 - frame)][label]
        var image = Image(width: 24, height: 24)
        for row in 0..<24 {
          for column in 0..<24 {
            let isMouth = (7 + x..<14 + x).contains(column) && abs(row - 14) <= 2 * open
            let value = UInt8(min(255, (isMouth ? 30 : skin) + 15 * random.uniform()))
            for colour in 0..<3 { image.pixels[3 * (24 * row + column) + colour] = value }
          }
        }
        return image
      }
      return LabelledClip(
        name: "clip \(index)", images: images,
        boxes: [Rect](repeating: Rect(x: 3, y: 3, width: 18, height: 18), count: 8), boxesAreLabels: false, points: [],
        votes: [0, 1, 2].map { $0 == label ? 1 : 0 })
    }
    return LabelledSet(labels: ["top", "bottom", "middle"], clips: clips)
  }

  @Test func aNetworkLearnsFromTimeWhatNoFrameShows() throws {
    let toy = try Toy()
    var settings = Toy.settings(100)
    (settings.rate, settings.warmupSteps) = (0.002, 20)
    (settings.clipShare, settings.batch, settings.keepTubes, settings.augmentationStrength) = (1, 48, 1, 0.1)
    (settings.weightDecay, settings.emaDecay) = (0, 0.95)
    var trainer = try TrainingLoop(ClipTraining(toy.model, settings, on: clips(90, seed: 1)))
    for _ in 0..<settings.steps { try trainer.step() }
    let weights = trainer.state.average.applied(to: trainer.state.weights)
    let unseen = clips(60, seed: 2)
    func accuracy(_ look: Evaluator.InputMode) throws -> Double {
      let predictions = trainer.task.evaluator(look, weights).read(unseen.clips)
      return try #require(Evaluation(predictions, of: unseen.clips, trainer.task.card).all).war
    }
    #expect(try accuracy(.clip) > 0.9, "chance is a third")
    #expect(try accuracy(.frames) < 0.6, "the mean over single frames cannot know")
  }
}
