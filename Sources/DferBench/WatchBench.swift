import ArgumentParser
import Dfer
import DferTensor
import DferVideo
import Foundation

/// A whole run, as `dfer watch` does it.
struct WatchBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Times a whole run over a video, stage by stage.")

  @OptionGroup var options: BenchOptions

  @Argument(help: "Video file.")
  var file = "Samples/one-face.mp4"

  @Option(help: "Name of an installed pipeline, or the path of a pipeline file.")
  var pipeline = "mtcae-dfer"

  @Option(help: "Share of tubes that the encoder reads, 0.1 to 1.")
  var keepTubes = 1.0

  @Option(help: "Numbers in matrix products: fp32, bf16, int16 or int8.", transform: EncoderBench.precision(named:))
  var precision = Precision.fp32

  func validate() throws {
    guard (0.1...1).contains(keepTubes) else { throw ValidationError("--keep-tubes must be 0.1 to 1") }
  }

  func run() throws {
    var report = options.report()
    Compute.precision = precision
    try Self.measure(file, pipeline: pipeline, keepTubes: keepTubes, in: &report)
    try report.finish()
  }

  static func measure(
    _ file: String, pipeline: String, keepTubes: Double = 1, in report: inout Report
  ) throws {
    let choice = try Installation.pipeline(pipeline)
    var loaded: LoadedPipeline?
    let loading = try milliseconds { loaded = try LoadedPipeline(choice, keptTubes: keepTubes) } / 1e3
    guard let loaded else { return }
    let run = AnalysisRun(try VideoSource(file), models: loaded)
    var rows = 0
    var last = 0.0
    let total =
      try milliseconds {
        while let event = try run.next() {
          switch event {
          case .row: rows += 1
          case .progress(let progress): last = progress.seconds
          case .image, .load: break
          }
        }
      } / 1e3
    let length = run.source.info.duration ?? last
    let stages = run.times.table
    // Clips that are read on other threads take no time of the run's own.
    let own = stages.filter { !run.readsAhead || $0.name != "model" }
    let other = total - own.reduce(0) { $0 + $1.seconds }
    report.add(
      "stage", columns: ["seconds", "% of run"],
      rows: (stages + [("other", other)]).map { ($0.name, [$0.seconds, 100 * $0.seconds / total]) })
    report.add(
      "run of \((file as NSString).lastPathComponent)", columns: ["value"],
      rows: [
        ("video, s", [length]), ("loading weights, s", [loading]), ("run, s", [total]),
        ("x real time", [length / total]),
        ("longest latency, s", [run.latency.longest]), ("frames", [Double(run.counts.decoded)]),
        ("detector runs", [Double(run.counts.detectorRuns)]), ("rows", [Double(rows)]),
        ("peak memory, MB", [PeakMemory.megabytes]),
      ])
  }
}
