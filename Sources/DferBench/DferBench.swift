import ArgumentParser
import DferTensor

/// Speed of the parts and of the whole, on this machine.
@main
struct DferBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfer-bench",
    abstract: "Measures how fast dfer is on this machine.",
    discussion: """
      dfer-bench                     everything below but the encoder, on the sample video
      dfer-bench watch talk.mp4      a whole run, stage by stage
      dfer-bench model --json        one line of JSON, for tables and comparisons over time

      Contenders of one table are run in turn, round by round, and medians are given, so that other work on the machine
      disturbs all of them alike. Sources/DferBench/Peers compares the encoder with other inference engines.
      """,
    subcommands: [
      All.self, OpsBench.self, ModelBench.self, SystemBench.self, WatchBench.self, EncoderBench.self, TrainBench.self,
      RegionBench.self,
    ],
    defaultSubcommand: All.self)
}

/// Options of every benchmark.
struct BenchOptions: ParsableArguments {
  @Option(help: "Threads of the arithmetic (default: all cores this process may use).")
  var threads: Int?

  @Option(help: "Rounds; medians of them are given.")
  var runs = 9

  @Flag(help: "Print one line of JSON instead of tables.")
  var json = false

  func validate() throws {
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads must be 1 to 256") }
    guard (1...1000).contains(runs) else { throw ValidationError("--runs must be 1 to 1000") }
  }

  /// A report headed by the machine, after the number of threads has been set.
  func report() -> Report {
    if let threads { Compute.threads = threads }
    return Report(json: json)
  }
}

/// What a plain `dfer-bench` does.
struct All: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "A run over the sample, then the model, then single operations.")

  @OptionGroup var options: BenchOptions

  @Option(help: "Name of an installed pipeline, or the path of a pipeline file.")
  var pipeline = "mtcae-dfer"

  @Option(help: "Video of the run.")
  var video = "Samples/one-face.mp4"

  func run() throws {
    var report = options.report()
    // The run comes first, because peak memory counts from the start of the process.
    try WatchBench.measure(video, pipeline: pipeline, in: &report)
    try ModelBench.measure(pipeline: pipeline, runs: options.runs, in: &report)
    OpsBench.measure(runs: options.runs, in: &report)
    try report.finish()
  }
}
