import ArgumentParser
import Dfer
import DferImage
import DferModels
import DferTensor
import Foundation

/// The networks of a pipeline.
struct ModelBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Times the expression network and the face detector of a pipeline.")

  @OptionGroup var options: BenchOptions

  @Option(help: "Name of an installed pipeline, or the path of a pipeline file.")
  var pipeline = "mtcae-dfer"

  func run() throws {
    var report = options.report()
    try Self.measure(pipeline: pipeline, runs: options.runs, in: &report)
    try report.finish()
  }

  static func measure(pipeline name: String, runs: Int, in report: inout Report) throws {
    let pipeline = try Installation.pipeline(name)
    let batches = [1, 2, 4]
    let shares = [1, 0.5, 0.25]
    let models = try shares.map { try ExpressionModel(weights: pipeline.modelWeights.path, keepTubes: $0) }
    let input = models[0].card.input
    let clips = batches.map { Tensor.noise([$0, 3, input.frames, input.imageSize, input.imageSize]) }
    let times = medians(of: models.flatMap { model in clips.map { clip in { _ = model.read(clip) } } }, runs: runs)
    report.add(
      "expression network, ms per clip", columns: batches.map { $0 == 1 ? "1 clip" : "\($0) clips" },
      rows: shares.indices.map { s in
        (
          "tubes kept: \(shares[s])",
          batches.indices.map { times[s * batches.count + $0].clock / Double(batches[$0]) }
        )
      })

    try measurePrecisions(of: pipeline.modelWeights.path, runs: runs, in: &report)

    let detector = try FaceDetector(weights: pipeline.detectorWeights.path)
    let side = pipeline.detector.longSide
    let sizes = [(side, side * 9 / 16), (2 * side, 2 * side * 9 / 16)]
    let images = sizes.map { width, height in
      var random = RandomSource(seed: 7)
      return Image(
        width: width, height: height,
        pixels: (0..<3 * width * height).map { _ in UInt8(random.uniform() * 255) })
    }
    let looks = medians(of: images.map { image in { _ = detector.detect(image) } }, runs: runs)
    report.add(
      "face detector", columns: ["ms", "core ms"],
      rows: zip(sizes, looks).map { ("\($0.0) x \($0.1) pixels", [$1.clock, $1.cores]) })
  }

  /// One clip with products of each precision, in turn.
  private static func measurePrecisions(of weights: String, runs: Int, in report: inout Report) throws {
    let before = Compute.precision
    var readers: [FaceReader] = []
    for precision in Precision.allCases {
      Compute.precision = precision
      readers.append(try FaceReader(weights: weights))
    }
    Compute.precision = before
    var random = RandomSource(seed: 7)
    let (side, count) = (readers[0].modelInfo.imageSize, readers[0].modelInfo.clip.frames)
    let frames = (0..<count).map { _ in
      Image(width: side, height: side, pixels: (0..<3 * side * side).map { _ in UInt8(random.uniform() * 255) })
    }
    let precise = medians(of: readers.map { reader in { _ = try? reader.read([frames]) } }, runs: runs)
    report.add(
      "precision of products", columns: ["ms", "core ms", "of fp32"],
      rows: zip(Precision.allCases, precise).map { precision, time in
        ("\(precision), \(precision.instructions)", [time.clock, time.cores, time.cores / precise[0].cores])
      })
  }
}
