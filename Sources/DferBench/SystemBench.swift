import ArgumentParser
import DferImage
import DferModels
import DferTensor

/// The networks for single images, with random weights: their speed does not depend on what they have learned.
struct SystemBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "systems", abstract: "Times the single-image networks: one face, a clip, a training step.")

  @OptionGroup var options: BenchOptions

  func run() throws {
    var report = options.report()
    var rows: [(String, [Double?])] = []
    for system in ImageSystem.allCases {
      let model = try ImageModel(fresh: system.start, seed: 7)
      let side = model.card.imageSize
      var random = RandomSource(seed: 7)
      let faces = (0..<16).map { _ in
        Image(width: side, height: side, pixels: (0..<3 * side * side).map { _ in UInt8(random.uniform() * 255) })
      }
      let batch = Value(model.card.tensor(faces.map { model.network.views(of: $0, points: []) }))
      let work: [() -> Void] = [
        { _ = model.read([faces[0]]) as [(logits: [Float], mask: Float?)] },
        { _ = model.read([faces]) as [ExpressionReading] },
        {
          var tape = Tape(model.weights, recording: true, training: true)
          let output = model.network(batch, &tape)
          let loss = tape.crossEntropy(output.expression, labels: faces.indices.map { $0 % model.card.labels.count })
          _ = tape.gradients(of: loss)
        },
      ]
      let times = medians(of: work, runs: options.runs)
      rows.append(
        (
          system.rawValue,
          [Double(model.parameterCount) / 1e6] + times.map { $0.cores }
        ))
    }
    report.add(
      "system, core ms", columns: ["M parameters", "one face", "clip of 16", "training step of 16"], rows: rows)
    try report.finish()
  }
}
