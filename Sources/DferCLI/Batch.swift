import ArgumentParser
import Dfer
import DferTensor
import DferVideo
import Foundation

struct Batch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Analyse many videos, each in its own process.",
    discussion: """
      Inputs are video files, folders (searched at any depth) and quoted patterns ('*', '?', '[...]', '**').

        dfer batch videos -o rows                 rows/a.csv for videos/a.mp4
        dfer batch videos -o rows --resume        resume, or add new videos
        dfer batch 'videos/**/take?.mov' -o rows -j 4
        dfer batch --list files.txt --base /data -o rows
        dfer batch videos -o rows --shard 2/8     the second of eight shards
        dfer batch videos -o rows --shard auto    shard from Slurm, SGE, LSF or AWS Batch

      A video that cannot be read, hangs or crashes affects its own rows only: it is listed in failures.csv in the \
      output folder. Row files get their final names when they are complete. See docs/batch.md.

      Exit codes: 0 all succeeded, 3 some unreadable, 4 some damaged (their rows are there), 5 some outputs failed, 130 \
      interrupted. After 5 or 130, repeat with --resume; after 3 or 4, check the videos first.
      """)

  @Argument(help: "Video files, folders or quoted patterns.", completion: .file())
  var inputs: [String] = []

  @Option(
    help: ArgumentHelp(
      "Read paths from a file, one per line ('#' starts a comment); '-' is standard input. Repeatable.",
      valueName: "file"),
    completion: .file())
  var list: [String] = []

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Folder for the rows; created if missing.", valueName: "folder"), completion: .directory)
  var out: String

  @Option(
    help: ArgumentHelp("Name outputs by the inputs' paths below this folder.", valueName: "folder"),
    completion: .directory)
  var base: String?

  @Flag(help: "Name the rows of talk.mp4 talk.mp4.csv, not talk.csv.")
  var keepExtension = false

  @Option(
    name: [.customShort("j"), .long],
    help: ArgumentHelp("Videos analysed at once (default: a quarter of the cores).", valueName: "count"))
  var jobs: Int?

  @Flag(help: "Skip videos whose rows were made from the same file with the same weights and options.")
  var resume = false

  @Flag(help: "Replace existing rows.")
  var overwrite = false

  @Option(
    help: ArgumentHelp("Give up on a video after this many seconds without a new row; 0: never.", valueName: "seconds"))
  var timeout = 600.0

  @Option(
    help: ArgumentHelp("Process one shard only: 2/8, or that of an array task: auto, auto/8.", valueName: "shard"))
  var shard: String?

  @Option(help: ArgumentHelp("How to balance shards: duration, or size, which opens no file.", valueName: "measure"))
  var balance = Balance.duration

  @Flag(name: .shortAndLong, help: "Print errors only.")
  var quiet = false

  @OptionGroup(title: "Analysis")
  var reading: ReadingOptions

  enum Balance: String, ExpressibleByArgument, CaseIterable { case duration, size }

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(
      !inputs.isEmpty || !list.isEmpty || !undecodable.isEmpty, BatchError.nothingToRead(leftOut: 0).description)
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs must be 1 to 1024")
    try check(timeout >= 0 && timeout.isFinite, "--timeout must not be negative")
    try check(!(resume && overwrite), "--resume keeps finished rows and --overwrite replaces them; choose one")
  }

  var jobCount: Int { jobs ?? max(1, Compute.availableCores / 4) }
  var threadsPerJob: Int { reading.threads ?? max(1, Compute.availableCores / jobCount) }
  var patience: Duration? { timeout > 0 ? .seconds(timeout) : nil }

  /// Inputs whose names are no text.
  private var undecodable: [LeftOut] { (try? UndecodableArguments.ofProcess.get().leftOut) ?? [] }

  func findInputs() throws -> BatchSelection {
    let entries = try list.flatMap { path in
      let data = path == "-" ? try? FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: path)
      guard path == "-" || data != nil else { throw UnreadableTimeline.noFile(path) }
      guard let data, let text = String(data: data, encoding: .utf8) else {
        throw BatchError.unreadableList(path: path)
      }
      return BatchInputs.entries(ofList: text)
    }
    var found = try BatchInputs(base: base, keepsExtension: keepExtension)
      .select((inputs + entries).map { (try? localPath($0)) ?? $0 })
    found.leftOut = undecodable + found.leftOut
    guard !found.inputs.isEmpty || found.leftOut.contains(where: \.isFailure) else {
      throw BatchError.nothingToRead(leftOut: found.leftOut.count)
    }
    return found
  }

  func run() throws {
    var session = try BatchSession(self)
    let status = try session.run()
    if status != .ok { throw status }
  }
}
