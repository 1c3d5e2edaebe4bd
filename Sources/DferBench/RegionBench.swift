import ArgumentParser
import DferModels
import DferTensor
import DferTraining

/// What attention by regions saves against attention over all tokens.
struct RegionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "regions",
    abstract: "Times MAE-DFER's encoder against joint attention over the same tokens.",
    discussion: """
      Three published sizes read clips of 16 frames: LGI-Former of width 512 and 16 blocks, the same under joint attention,
      and ViT-B under joint attention. With --compact, the two encoders of dfer train --new compact instead.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: "Side of a frame in pixels, a multiple of 16.") var image = 160
  @Flag(help: "The default network's sizes, of 56 pixels, instead of published ones.") var compact = false

  func validate() throws {
    guard image.isMultiple(of: 16), (32...512).contains(image) else {
      throw ValidationError("--image must be a multiple of 16, 32 to 512")
    }
  }

  /// An encoder with random weights.
  private struct Candidate {
    let name: String
    let config: VideoMAEConfig
    let encoder: ClipEncoder
    let store: ParameterStore

    init(_ name: String, _ config: VideoMAEConfig, regions: Bool) {
      var store = ParameterStore()
      encoder =
        regions
        ? .regions(LGIFormer(MAEDFERConfig(trunk: config), norm: true, in: &store))
        : .joint(VideoMAEEncoder(config, norm: true, in: &store))
      for parameter in store.parameters { store[parameter] = .noise(store[parameter].shape, scale: 0.05) }
      (self.name, self.config, self.store) = (name, config, store)
    }

    /// - Returns: multiplications of one pass, each with its addition.
    func run(_ clip: Tensor) -> Int {
      var tape = Tape(store)
      _ = encoder(clip, &tape)
      return tape.multiplications
    }
  }

  func run() throws {
    var report = options.report()
    let candidates = compact ? Self.compactSizes : publishedSizes
    let side = candidates[0].config.imageSize
    let clip = Tensor.noise([1, 3, 16, side, side])
    let times = medians(of: candidates.map { candidate in { _ = candidate.run(clip) } }, runs: options.runs)
    report.add(
      "regions, 16 x \(side) x \(side)", columns: ["ms", "core ms", "G multiply-adds", "M parameters"],
      rows: zip(candidates, times).map { candidate, time in
        let counts = [candidate.run(clip), candidate.store.count].map(Double.init)
        return (candidate.name, [time.clock, time.cores, counts[0] / 1e9, counts[1] / 1e6])
      })
    try report.finish()
  }

  private var publishedSizes: [Candidate] {
    let (wide, base) = (config(width: 512, blocks: 16, heads: 8), config(width: 768, blocks: 12, heads: 12))
    return [
      Candidate("LGI-Former, 512 x 16", wide, regions: true),
      Candidate("joint attention, 512 x 16", wide, regions: false),
      Candidate("joint attention, 768 x 12 (ViT-B)", base, regions: false),
    ]
  }

  private static var compactSizes: [Candidate] {
    let config = ModelPreset.compact.config(.videoMAE).trunk
    return [
      Candidate("compact, LGI-Former", config, regions: true),
      Candidate("compact, joint attention", config, regions: false),
    ]
  }

  private func config(width: Int, blocks: Int, heads: Int) -> VideoMAEConfig {
    VideoMAEConfig(
      imageSize: image, patchSize: 16, numFrames: 16, tubeletSize: 2, hiddenSize: width, numHiddenLayers: blocks,
      numAttentionHeads: heads)
  }
}
