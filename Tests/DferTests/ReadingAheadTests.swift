import DferImage
import DferModels
import DferTensor
import DferTimeline
import DferTracking
import DferVideo
import Foundation
import Synchronization
import Testing

@testable import Dfer

/// Clips are read while the run looks for faces in the next ones, and what the network made of shared crops is kept: rows must
/// be those of a run that does one thing after the other and keeps nothing.
@Suite struct ReadingAheadTests {
  private func rows(_ run: AnalysisRun) throws -> [ClipResult] {
    var rows: [ClipResult] = []
    while let event = try run.next() { if case .row(let row) = event { rows.append(row) } }
    return rows
  }

  /// A small network with a stem and joint attention, filled with noise; it reads what painted runs cut.
  private func network() -> ExpressionModel {
    let trunk = VideoMAEConfig(
      imageSize: 24, patchSize: 4, numFrames: 16, tubeletSize: 2, hiddenSize: 16, numHiddenLayers: 1,
      numAttentionHeads: 2, stemWidths: [8, 8, 8])
    let config = MTCAEConfig(
      trunk: trunk,
      cascade: CascadeConfig(
        hiddenSize: 16, decoderHiddenSize: 8, decoderNumAttentionHeads: 2, decoderIntermediateSize: 16, numLabels: 3,
        framesPerTemporalIndex: 2, numLandmarks: 5, numBlendshapes: 0))
    let card = ModelCard(
      model: "mtcae-dfer", version: "1", date: "", config: config, labels: ["a", "b", "c"], temperature: 1,
      imageMean: [0.5, 0.5, 0.5], imageStd: [0.25, 0.25, 0.25], crop: .init(sideFactor: 1.3),
      clip: .init(frames: 16, spanSeconds: [1.6, 2], hopSeconds: 0.8, framesPerSecond: [8, 10]), blendshapes: [],
      licence: "", metrics: "{}", training: "{}")
    var random = RandomSource(seed: 3)
    return ExpressionModel(card: card) { store in
      for parameter in store.parameters {
        store.update(parameter) { tensor in
          for i in tensor.values.indices { tensor.values[i] = 0.3 * random.normal() }
        }
      }
    }
  }

  @Test func rowsAreTheSameWithAndWithoutWhatIsKept() throws {
    var stages = RunStages.painted
    stages.classifier = FaceReader.clips(network())
    func run(keeps: Bool) throws -> (rows: [ClipResult], counts: RunCounts) {
      var options = RunOptions()
      options.keepsEmbeddings = keeps
      let frames = (0..<120).map { index in
        PaintedFrame(
          index, at: Double(index) / 25, size: Size(width: 320, height: 120),
          [
            PaintedFrame.Face(box: Rect(x: 40, y: 40, width: 40, height: 40), tone: index + 10),
            PaintedFrame.Face(box: Rect(x: 200, y: 40, width: 40, height: 40), tone: 180 - index / 20),
          ])
      }
      let run = AnalysisRun(PaintedSource(frames.map(VideoEvent.frame)), stages: stages, options: options)
      return (try rows(run), run.counts)
    }
    let plain = try run(keeps: false)
    #expect(plain.rows.count > 8 && plain.rows.contains { $0.faceID == 1 })
    #expect(Set(plain.rows.map(\.probabilities)).count > 4, "clips differ")
    let keeping = try run(keeps: true)
    #expect(keeping.rows == plain.rows && keeping.counts == plain.counts)
  }

  @Test func onlyEqualCropsShareWhatIsKept() throws {
    let model = network()
    let side = model.card.input.imageSize
    func crop(_ number: Int) -> Image {
      Image(width: side, height: side, pixels: (0..<3 * side * side).map { UInt8(($0 * (number + 3) / 7) & 255) })
    }
    let crops = (0..<24).map(crop)
    var other = Array(crops[8..<24])
    // One byte that the quick comparison does not look at.
    other[3].pixels[1] ^= 64
    let (first, second) = (Array(crops[0..<16]), Array(crops[8..<24]))
    #expect(model.read([second]) != model.read([other]))
    let cache = EmbeddingCache()
    for (number, clip) in [first, second, other, second, first].enumerated() {
      #expect(model.read([clip], cache: cache, clip: number) == model.read([clip]), "clip \(number)")
      #expect(
        model.read([clip, clip], cache: cache, clip: number) == model.read([clip, clip]), "clip \(number), twice")
      cache.forget(before: number - 1)
    }
  }

  /// Halves one after the other are what whole clips are.
  @Test func halvesMakeWholeClips() throws {
    let model = network()
    var random = RandomSource(seed: 4)
    let crops = (0..<16).map { _ in
      Image(width: 24, height: 24, pixels: (0..<3 * 576).map { _ in UInt8(random.uniform() * 255) })
    }
    let (halves, whole) = (model.read([crops])[0], model.read(model.card.input.tensor([crops]))[0])
    #expect(zip(halves.logits, whole.logits).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(zip(halves.landmarks.joined(), whole.landmarks.joined()).allSatisfy { abs($0.x - $1.x) < 1e-4 })
  }

  /// Notes what goes on at the same time. The first clip can be made to wait until another one is read.
  private final class SlowReader: ClipClassifying {
    let now = Atomic(0), most = Atomic(0)
    let failsAt: Int?
    let waits: Bool
    /// Seconds that every clip takes longer.
    let pause: Double

    init(failsAt: Int? = nil, waits: Bool = false, pause: Double = 0) {
      (self.failsAt, self.waits, self.pause) = (failsAt, waits, pause)
    }

    struct Failed: Error {}

    func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
      let at = now.add(1, ordering: .relaxed).newValue
      _ = most.max(at, ordering: .relaxed)
      defer { now.subtract(1, ordering: .relaxed) }
      Thread.sleep(forTimeInterval: pause)
      let tone = ToneReader.tone(clips[0][0])
      for _ in 0..<6000 where waits && tone < 20 && most.load(ordering: .relaxed) < 2 {
        Thread.sleep(forTimeInterval: 0.01)
      }
      if let failsAt, tone >= failsAt { throw Failed() }
      return ToneReader().read(clips, points: points)
    }

    func views(of crop: Image, points: [Point]) -> [Image] { [crop] }
  }

  private func run(_ reader: SlowReader, frames: Int = 200, _ whenSlow: WhenSlow = .block) -> AnalysisRun {
    var stages = RunStages.painted
    stages.classifier = reader
    var options = RunOptions()
    options.whenSlow = whenSlow
    return AnalysisRun(PaintedSource(paintedFrames(frames).map(VideoEvent.frame)), stages: stages, options: options)
  }

  @Test func rowsComeInOrderHoweverLongTheyTake() throws {
    let reader = SlowReader(waits: Compute.threads > 1)
    let run = run(reader)
    let rows = try rows(run)
    let expected = try self.rows(
      AnalysisRun(PaintedSource(paintedFrames(200).map(VideoEvent.frame)), stages: .painted))
    #expect(rows == expected && rows.map(\.clip) == Array(0..<rows.count) && rows.count > 7)
    if run.readsAhead { #expect(reader.most.load(ordering: .relaxed) > 1) }
  }

  /// Whoever lets go of a run in its middle, as a full disk makes a program do, may end the process: nothing calculates then.
  @Test func aRunThatEndsEarlyLeavesNothingBehind() throws {
    for _ in 0..<5 {
      let reader = SlowReader(pause: 0.03)
      var run: AnalysisRun? = run(reader)
      while let event = try run?.next() { if case .row = event { break } }
      run = nil
      #expect(reader.now.load(ordering: .relaxed) == 0)
    }
  }

  @Test func aLiveRunReadsOneClipAfterTheOther() throws {
    let reader = SlowReader()
    let run = run(reader, frames: 45, .dropOldest)
    _ = try rows(run)
    #expect(!run.readsAhead && reader.most.load(ordering: .relaxed) == 1)
  }

  @Test func rowsBeforeAFailureAreGiven() throws {
    let run = run(SlowReader(failsAt: 60))
    var clips: [Int] = []
    #expect(throws: SlowReader.Failed.self) {
      while let event = try run.next() { if case .row(let row) = event { clips.append(row.clip) } }
    }
    // Clips begin with frames 1, 21, 41, 61.
    #expect(clips == [0, 1, 2])
    #expect(try run.next() == nil)
  }
}
