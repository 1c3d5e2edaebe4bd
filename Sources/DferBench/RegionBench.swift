import ArgumentParser
import DferModels
import DferTensor

/// What attention by regions saves against attention over all tokens.
struct RegionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "regions",
    abstract: "Times MAE-DFER's encoder against joint attention, for clips of 16 x 160 x 160 pixels.")

  @OptionGroup var options: BenchOptions

  func run() throws {
    var report = options.report()
    let wide = Self.config(width: 512, blocks: 16, heads: 8)
    let lgi = MAEDFERConfig(trunk: wide, regionSize: [2, 5, 10])
    let base = Self.config(width: 768, blocks: 12, heads: 12)
    let clip = Tensor.noise([1, 3, 16, 160, 160])
    var (regional, joint, large) = (ParameterStore(), ParameterStore(), ParameterStore())
    let (a, b, c) = (
      LGIFormer(lgi, norm: true, in: &regional), VideoMAEEncoder(wide, norm: true, in: &joint),
      VideoMAEEncoder(base, norm: true, in: &large)
    )
    for parameter in regional.parameters { regional[parameter] = .noise(regional[parameter].shape, scale: 0.05) }
    for parameter in joint.parameters { joint[parameter] = .noise(joint[parameter].shape, scale: 0.05) }
    for parameter in large.parameters { large[parameter] = .noise(large[parameter].shape, scale: 0.05) }
    let (storeA, storeB, storeC) = (regional, joint, large)
    let times = medians(
      of: [
        {
          var tape = Tape(storeA)
          _ = a(clip, &tape)
        },
        {
          var tape = Tape(storeB)
          _ = b(clip, &tape)
        },
        {
          var tape = Tape(storeC)
          _ = c(clip, &tape)
        },
      ], runs: options.runs)
    let names = ["LGI-Former, 512 x 16", "joint attention, 512 x 16", "joint attention, 768 x 12 (ViT-B)"]
    let costs = [lgi.multiplyAdds, wide.multiplyAdds, base.multiplyAdds].map { Double($0) / 1e9 }
    report.add(
      "regions", columns: ["ms", "core ms", "G multiply-adds"],
      rows: zip(names, zip(times, costs)).map { ($0, [$1.0.clock, $1.0.cores, $1.1]) })
    try report.finish()
  }

  private static func config(width: Int, blocks: Int, heads: Int) -> VideoMAEConfig {
    VideoMAEConfig(
      imageSize: 160, patchSize: 16, numFrames: 16, tubeletSize: 2, hiddenSize: width, numHiddenLayers: blocks,
      numAttentionHeads: heads)
  }
}
