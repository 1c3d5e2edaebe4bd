import ArgumentParser
import DferModels
import DferTensor
import Foundation

/// One VideoMAE encoder with the weights of a file, as the peers script drives it.
struct EncoderBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encoder", abstract: "Times a VideoMAE encoder whose weights come from a file.",
    discussion: """
      Width and depth are read from the weights' shapes, under this program's own names (encoder.blocks.0.norm1.weight).
      With --serve every line on standard input is answered by one forward pass: its milliseconds, then the first
      numbers of the first token.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Weight file.") var weights: String
  @Option(help: "File with the tensor 'clip', [batch, 3, frames, height, width].") var input: String
  @Option(help: "Attention heads.") var heads: Int
  @Option(help: "Side of a frame in pixels.") var image: Int
  @Option(help: "Side of a patch in pixels.") var patch: Int
  @Option(help: "Share of the tubes to look at.") var keep = 1.0
  @Option(help: "Numbers in matrix products: fp32, bf16, int16 or int8.", transform: precision(named:))
  var precision = Precision.fp32
  @Flag(help: "Answer lines of standard input.") var serve = false

  func validate() throws {
    guard keep > 0, keep <= 1 else { throw ValidationError("--keep must be above 0 and at most 1") }
    guard heads > 0, image > 0, patch > 0 else { throw ValidationError("sizes must be above 0") }
  }

  func run() throws {
    let file = try SafetensorsFile(path: weights)
    let config = try configuration(of: file)
    var store = ParameterStore()
    let encoder = VideoMAEEncoder(config, norm: true, in: &store)
    try store.load(file)
    store.keepPrepared(precision)
    let clip = try SafetensorsFile(path: input).tensor("clip")
    guard clip.shape.dropFirst() == [3, config.numFrames, image, image] else {
      throw ValidationError("\(input): the clip has shape \(clip.shape)")
    }
    let kept = keep < 1 ? [[Int]](repeating: Self.tubes(keep, of: config), count: clip.shape[0]) : nil
    func forward() -> Tensor {
      var tape = Tape(store)
      return encoder(clip, kept: kept, &tape).tensor
    }

    guard serve else {
      var report = options.report()
      let time = medians(of: [{ _ = forward() }], runs: options.runs)[0]
      report.add("encoder", columns: ["ms", "core ms"], rows: [(weights, [time.clock, time.cores])])
      try report.finish()
      return
    }
    if let threads = options.threads { Compute.threads = threads }
    while readLine() != nil {
      var tokens = Tensor(zeros: [0])
      let time = milliseconds { tokens = forward() }
      let line = ([time] + tokens.values.prefix(16).map(Double.init)).map { "\($0)" }.joined(separator: " ")
      FileHandle.standardOutput.write(Data((line + "\n").utf8))  // print would keep it back from a pipe
    }
  }

  static func precision(named name: String) throws -> Precision {
    guard let precision = Precision(rawValue: name) else {
      throw ValidationError("--precision must be fp32, bf16, int16 or int8")
    }
    return precision
  }

  private func configuration(of file: SafetensorsFile) throws -> VideoMAEConfig {
    guard let shape = file.shape(of: "encoder.patch_embed.proj.weight"), shape.count == 5,
      let hidden = file.shape(of: "encoder.blocks.0.mlp.fc1.weight")
    else { throw ValidationError("\(weights): no VideoMAE encoder under this program's names") }
    let depth = (0...).first { !file.contains("encoder.blocks.\($0).norm1.weight") } ?? 0
    let sizes = [
      "image_size": image, "patch_size": patch, "num_frames": 16, "tubelet_size": shape[2], "hidden_size": shape[0],
      "num_hidden_layers": depth, "num_attention_heads": heads, "intermediate_size": hidden[0],
    ]
    let config = try JSONDecoder().decode(VideoMAEConfig.self, from: JSONEncoder().encode(sizes))
    guard config.faults.isEmpty else { throw ValidationError(config.faults.joined(separator: "; ")) }
    return config
  }

  /// The same evenly spaced places in every temporal index.
  private static func tubes(_ share: Double, of config: VideoMAEConfig) -> [Int] {
    let all = config.tokensPerTemporalIndex
    let count = max(1, Int((share * Double(all)).rounded()))
    return (0..<config.temporalSize).flatMap { temporalIndex in
      (0..<count).map { temporalIndex * all + $0 * all / count }
    }
  }
}
