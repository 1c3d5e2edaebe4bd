import DferImage
import DferModels
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

@Suite struct MixupTests {
  @Test func imagesAndVotesFadeAlike() {
    var random = RandomSource(seed: 4)
    let mixup = Mixup(3, random: &random)
    let input = Tensor([1, 1, 10, 10, 100, 100], shape: [3, 2])
    let mixed = mixup.mixed(input)
    let shares = Tensor([1, 0, 0, 1, 0, 0], shape: [3, 2])
    let votes = mixup.mixed(shares, weights: [1, 1, 0])
    for row in 0..<3 {
      let (own, other) = (input.values[2 * row], input.values[2 * mixup.partners[row]])
      #expect(abs(mixed.values[2 * row] - (mixup.share * own + (1 - mixup.share) * other)) < 1e-4)
      // What has no votes neither takes nor gives any: the rest still sums to 1.
      let weight = (row < 2 ? mixup.share : 0) + (mixup.partners[row] < 2 ? 1 - mixup.share : 0)
      #expect(abs(votes.weights[row] - weight) < 1e-6)
      if weight > 0 { #expect(abs(votes.shares.values[2 * row] + votes.shares.values[2 * row + 1] - 1) < 1e-5) }
    }
  }

  @Test func sharesAreThoseOfABetaDistribution() {
    var random = RandomSource(seed: 1)
    let shares = (0..<4000).map { _ in Double(Mixup(1, random: &random).share) }
    let mean = shares.reduce(0, +) / 4000
    let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    // Beta(0.8, 0.8) has the variance 1 / (4 (2 * 0.8 + 1)).
    #expect(abs(mean - 0.5) < 0.02 && abs(variance - 1 / 10.4) < 0.006)
  }
}

@Suite struct CompressionTests {
  private func noise(_ width: Int, _ height: Int) -> Image {
    var random = RandomSource(seed: 2)
    return Image(
      width: width, height: height,
      pixels: (0..<3 * width * height).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  private func error(_ a: Image, _ b: Image) -> Double {
    let sum = zip(a.pixels, b.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
    return sum / Double(a.pixels.count)
  }

  @Test func lowerQualityLosesMore() {
    // Sizes that blocks do not fill.
    let image = noise(21, 13).grey
    let errors = [100, 60, 20, 5].map { error(image, image.compressed(quality: $0)) }
    #expect(errors[0] < 2 && errors == errors.sorted() && errors[3] > 20, "\(errors)")
  }

  @Test func evenColoursStay() {
    let colour = Image(width: 16, height: 16, pixels: (0..<256).flatMap { _ in [200, 90, 40] as [UInt8] })
    #expect(error(colour, colour.compressed(quality: 30)) < 6)
  }
}

@Suite struct ClipMaskTests {
  /// A mask on a clip moves with the face, and hides the mouth and not the eyes, also of a tilted face.
  @Test func masksFollowFivePoints() {
    let faces = [0.0, 12.0].map { shift in
      [(30, 40), (60, 44), (45, 58), (33, 72), (55, 75)].map { Point(x: $0.0 + shift, y: $0.1) }
    }
    let grey = Image(width: 100, height: 120, pixels: [UInt8](repeating: 128, count: 36_000))
    let clip = LabelledClip(
      name: "clip", images: [grey, grey], boxes: [], boxesAreLabels: false, points: faces, votes: [])
    for seed in 0..<20 {
      var random = RandomSource(seed: UInt64(seed))
      let masked = clip.wearing(DrawnMask(random: &random))
      #expect(masked.wearsMask == true)
      for (image, points) in zip(masked.images, faces) {
        func isPainted(_ point: Point) -> Bool {
          let start = 3 * (Int(point.y) * 100 + Int(point.x))
          return Array(image.pixels[start..<start + 3]) != [128, 128, 128]
        }
        #expect(
          isPainted(points[3]) && isPainted(points[4]) && !isPainted(points[0]) && !isPainted(points[1]), "\(seed)")
      }
    }
    var unknown = clip
    unknown.points = []
    var random = RandomSource(seed: 1)
    #expect(unknown.wearing(DrawnMask(random: &random)).wearsMask == nil)
  }
}

@Suite struct TaskWeightingTests {
  private let features = Tensor([3, 0, 1, 0, 2, 1], shape: [2, 3])

  @Test func weightMovesToTheTaskThatIsLearnedWorst() {
    var random = RandomSource(seed: 3)
    var weighting = TaskWeighting(tasks: 3, width: 3, random: &random)
    weighting.learn(features, losses: [1, 50, 2], rate: 0)
    // The first halves, the second stays, the third is not there.
    for _ in 0..<200 { weighting.learn(features, losses: [0.5, 50, 0], rate: 0.01) }
    let factors = weighting.factors(features)
    #expect(abs(factors.reduce(0, +) - 3) < 1e-4)
    #expect(factors[1] > 1.3 * factors[0])
  }

  @Test func trainingsWithItResumeBitForBit() throws {
    var settings = Toy.settings(10)
    (settings.weighsTasks, settings.mixup, settings.drawnMasks, settings.augmentationStrength) = (true, 0.5, 0.5, 1)
    let resumed = try Toy().resumes(settings)
    #expect(resumed.state.tasks != nil)
  }
}

@Suite struct FeatureCacheTests {
  @Test func recordsComeBackAndDamageDoesNot() throws {
    let folder = try ScratchFolder()
    let cache = try FeatureCache(folder.file("cache"), key: "a", size: 3)
    #expect(cache.read(5, mark: 1) == nil)
    let written = try cache.write(5, mark: 1, [0.1, -2, 1000])
    // Half precision keeps eleven bits.
    #expect(zip(written, [0.1, -2, 1000]).allSatisfy { abs($0 - $1) <= abs($1) / 2048 })
    let again = try FeatureCache(folder.file("cache"), key: "a", size: 3)
    #expect(again.read(5, mark: 1) == written && again.read(4, mark: 1) == nil && again.read(5, mark: 2) == nil)
    #expect(try FeatureCache(folder.file("cache"), key: "b", size: 3).read(5, mark: 1) == nil)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: cache.path))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: cache.path))
    #expect(try FeatureCache(folder.file("cache"), key: "a", size: 3).read(5, mark: 1) == nil)
  }

  /// A training that finds everything in the cache is the same, number for number, as the one that filled it.
  @Test func aFullCacheGivesTheSameTraining() throws {
    let toy = try Toy()
    var settings = Toy.settings(12)
    (settings.frozen, settings.cachedAugmentations, settings.clipShare, settings.augmentationStrength) = (
      ["encoder."], 2, 0.3, 1
    )
    func train(_ set: LabelledSet) throws -> (losses: [Float], state: TrainingState) {
      var trainer = try TrainingLoop(ClipTraining(toy.model, settings, on: set, cache: toy.folder.file("cache")))
      return (try (0..<12).map { _ in try trainer.step().loss }, trainer.state)
    }
    let set = toy.faces(15)
    let first = try train(set)
    let second = try train(set)
    #expect(first.losses == second.losses && first.state == second.state)
    #expect((first.losses.last ?? 9) < first.losses[0])
    // Other faces under the same names are read anew.
    var other = set
    for index in other.clips.indices { other.clips[index].images[0].pixels[0] ^= 0x80 }
    #expect(try train(other).losses != first.losses)
  }
}

/// Stills that come out of a face at rest and go back.
@Suite struct EpisodeTests {
  @Test func everyEpisodeShowsItsExpressionAndMostShowRestToo() {
    var random = RandomSource(seed: 4)
    let courses = (0..<300).map { _ -> [Double] in
      let episode = Episode(random: &random)
      return (0..<16).map { episode.share(at: (Double($0) + 0.5) / 16) }
    }
    #expect(courses.allSatisfy { $0.allSatisfy { (0...1).contains($0) } && $0.count { $0 == 1 } >= 2 })
    #expect(courses.count { $0.contains(0) } > 250)
    #expect(courses.contains { $0[0] == 1 } && courses.contains { $0[15] == 1 }, "some begin or end with it")
  }

  @Test func facesLieOverEachOther() {
    func face(_ value: UInt8, _ box: Rect, size: Int) -> LabelledClip {
      var image = Image(width: size, height: size)
      for y in 0..<size {
        for x in 0..<size
        where box.x <= Double(x) && Double(x) < box.right && box.y <= Double(y) && Double(y) < box.bottom {
          for colour in 0..<3 { image.pixels[3 * (y * size + x) + colour] = value }
        }
      }
      let middle = Point(x: box.centre.x, y: box.centre.y)
      return LabelledClip(
        name: "\(value)", images: [image], boxes: [box], boxesAreLabels: true,
        points: [[Point](repeating: middle, count: 5)],
        votes: [0, 1], blendshapes: [0.5])
    }
    let still = face(200, Rect(x: 10, y: 20, width: 20, height: 20), size: 48)
    let rest = face(100, Rect(x: 30, y: 8, width: 40, height: 40), size: 96)
    var random = RandomSource(seed: 9)
    let episode = Episode(random: &random)
    let clip = still.coming(outOf: rest, episode, frames: 16)
    #expect(clip.votes == still.votes && clip.blendshapes.isEmpty && clip.images.count == 16 && clip.boxes.count == 16)
    for (frame, image) in clip.images.enumerated() {
      let share = episode.share(at: (Double(frame) + 0.5) / 16)
      // The middle of the face, and a place outside of both.
      #expect(abs(Double(image.pixels[3 * (30 * 48 + 20)]) - (100 + 100 * share)) <= 1)
      #expect(image.pixels[3 * (5 * 48 + 40)] == 0)
      #expect(abs(clip.points[frame][2].x - 20) < 1e-9 && abs(clip.points[frame][2].y - 30) < 1e-9)
    }
  }

  @Test func withoutAClassOfRestNothingComesOutOfIt() throws {
    let toy = try Toy()
    var settings = Toy.settings(6)
    (settings.clipShare, settings.episodes, settings.batch) = (0.5, 1, 24)
    // The toy has no class called neutral.
    var trainer = try TrainingLoop(ClipTraining(toy.model, settings, on: toy.faces(24)))
    for _ in 0..<3 { #expect(try trainer.step().loss.isFinite) }
  }
}
