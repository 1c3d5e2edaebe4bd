import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

/// One training step on random clips: forward pass, gradients, AdamW.
struct TrainBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Times a training step of a VideoMAE network on random clips.",
    discussion: """
      Default: ViT-S as a classifier of 16 x 112 x 112 clips, all tokens. With --mask 0.9 it is masked pre-training with
      a decoder of 4 blocks of width 192. With --serve every line on standard input is answered by one step: its
      milliseconds and its loss. Sources/DferBench/Peers/training_peers.py does the same steps in PyTorch.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Clips of a step.") var batch = 8
  @Option(help: "Width of the encoder.") var width = 384
  @Option(help: "Blocks of the encoder.") var depth = 12
  @Option(help: "Attention heads.") var heads = 6
  @Option(help: "Side of a frame in pixels.") var image = 112
  @Option(help: "Side of a patch in pixels.") var patch = 16
  @Option(help: "Share of the tubes hidden in masked pre-training; 0 trains a classifier.") var mask = 0.0
  @Flag(help: "Run the encoder twice instead of keeping what it computes.") var recompute = false
  @Option(
    help: "Numbers in linear layers and their gradients: fp32 or bf16.", transform: EncoderBench.precision(named:))
  var precision = Precision.fp32
  @Flag(help: "Answer lines of standard input.") var serve = false

  func validate() throws {
    guard batch > 0, width > 0, depth > 0, heads > 0, image > 0, patch > 0 else {
      throw ValidationError("sizes must be above 0")
    }
    guard (0..<1).contains(mask) else { throw ValidationError("--mask must be 0 or more, below 1") }
    guard precision == .fp32 || precision == .bf16 else { throw ValidationError("--precision must be fp32 or bf16") }
    guard config.faults.isEmpty else { throw ValidationError(config.faults.joined(separator: "; ")) }
  }

  private var config: VideoMAEConfig {
    var config = VideoMAEConfig(
      imageSize: image, patchSize: patch, numFrames: 16, tubeletSize: 2, hiddenSize: width, numHiddenLayers: depth,
      numAttentionHeads: heads)
    config.numLabels = 8
    if mask > 0 {
      config.decoder = .init(
        hiddenSize: 192, numHiddenLayers: 4, numAttentionHeads: 3, intermediateSize: 768, normEps: 1e-6)
    }
    return config
  }

  func run() throws {
    if let threads = options.threads { Compute.threads = threads }
    var step = TrainingStep(
      config, batch: batch, mask: mask, gradientCheckpointing: recompute, precision: precision)
    guard !serve else {
      while readLine() != nil {
        var loss: Float = 0
        let time = milliseconds { loss = step.take() }
        FileHandle.standardOutput.write(Data("\(time) \(loss) \(PeakMemory.megabytes)\n".utf8))
      }
      return
    }
    var report = options.report()
    let time = medians(of: [{ _ = step.take() }], runs: options.runs)[0]
    report.add(
      "training step", columns: ["ms", "core ms", "clips/s", "peak MB"],
      rows: [
        (
          mask > 0 ? "pre-training, \(mask) hidden" : "classifier",
          [time.clock, time.cores, Double(batch) / time.clock * 1e3, PeakMemory.megabytes]
        )
      ])
    try report.finish()
  }
}

/// A network, its optimiser and a batch of noise.
private struct TrainingStep {
  private enum Network {
    case classifier(VideoMAEClassifier, labels: [Int])
    case pretraining(VideoMAEPretraining, visible: [[Int]], target: Tensor)
  }

  private let network: Network
  private let precision: Precision
  private var store: ParameterStore
  private var optimiser: AdamW
  private let clips: Tensor

  init(_ config: VideoMAEConfig, batch: Int, mask: Double, gradientCheckpointing: Bool, precision: Precision) {
    self.precision = precision
    store = ParameterStore()
    if config.decoder != nil {
      var pretraining = VideoMAEPretraining(config, in: &store)
      pretraining.encoder.gradientCheckpointing = gradientCheckpointing
      let seen = max(1, Int((Double(config.tokensPerTemporalIndex) * (1 - mask)).rounded()))
      let tube = (0..<seen).map { $0 * config.tokensPerTemporalIndex / seen }
      let visible = (0..<config.temporalSize).flatMap { temporalIndex in
        tube.map { temporalIndex * config.tokensPerTemporalIndex + $0 }
      }
      let pixels = config.tubeletSize * config.patchSize * config.patchSize * config.numChannels
      network = .pretraining(
        pretraining, visible: [[Int]](repeating: visible, count: batch),
        target: .noise([batch, config.tokens - visible.count, pixels]))
    } else {
      var classifier = VideoMAEClassifier(config, in: &store)
      classifier.encoder.gradientCheckpointing = gradientCheckpointing
      network = .classifier(classifier, labels: (0..<batch).map { $0 % config.numLabels })
    }
    for parameter in store.parameters {
      let tensor = store[parameter]
      let isScale = store.name(of: parameter).contains("norm") && store.name(of: parameter).hasSuffix("weight")
      store[parameter] =
        isScale
        ? Tensor([Float](repeating: 1, count: tensor.count), shape: tensor.shape)
        : .noise(tensor.shape, scale: tensor.shape.count > 1 ? 0.04 : 0)
    }
    optimiser = AdamW(store, ParameterPlan(store, weightDecay: 0.05))
    clips = .noise([batch, config.numChannels, config.numFrames, config.imageSize, config.imageSize])
  }

  /// One step; its loss.
  mutating func take() -> Float {
    var tape = Tape(store, recording: true, training: true, precision: precision)
    let loss: Value
    switch network {
    case .classifier(let network, let labels): loss = tape.crossEntropy(network(clips, &tape), labels: labels)
    case .pretraining(let network, let visible, let target):
      loss = tape.meanSquared(network(clips, visible: visible, &tape), Value(target))
    }
    let gradients = tape.gradients(of: loss).parameters
    optimiser.update(&store, gradients, rate: 1e-4)
    return loss.tensor.values[0]
  }
}
