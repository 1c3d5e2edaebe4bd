import ArgumentParser
import Dfer
import DferTensor
import Foundation

struct Batch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read many videos, each in a process of its own.",
    discussion: """
      INPUTS are video files, folders (read to any depth) and patterns in quotes ('*', '?', '[...]', '**').

        dfer batch videos --out rows                     rows/a.csv for videos/a.mp4, and so on
        dfer batch videos --out rows --resume            go on after an interruption, or add new videos
        dfer batch 'videos/**/take?.mov' --out rows -j 4
        dfer batch --list files.txt --base /data --out rows
        dfer batch videos --out rows --shard 2/8         the second of eight equal shares
        dfer batch videos --out rows --shard auto        share and number from Slurm, SGE, LSF or AWS Batch

      A video that cannot be read, hangs or crashes costs its own rows only: it is listed in failures.csv in the output
      folder. Rows get their name when they are complete. See docs/batch.md.
      Exit codes: 0 all well, 3 some unreadable, 4 some damaged (their rows are there), 5 some outputs failed,
      130 interrupted. After 5 or 130 run the same with --resume; after 3 or 4 the videos need a look first.
      """)

  @Argument(help: "Video files, folders or quoted patterns.")
  var inputs: [String] = []

  @Option(help: "Read paths from FILE, one a line; '-' is standard input. '#' starts a comment line.")
  var list: [String] = []

  @Option(help: "The folder for the rows; made when it does not exist.")
  var out: String

  @Option(help: "Name outputs by their inputs' paths below this folder.")
  var base: String?

  @Flag(help: "talk.mp4 gives talk.mp4.csv, not talk.csv.")
  var keepExtension = false

  @Option(name: [.customShort("j"), .long], help: "Videos that are read at once (default: a quarter of the cores).")
  var jobs: Int?

  @Flag(help: "Skip videos whose rows are there and were made from the same file with the same weights and options.")
  var resume = false

  @Flag(help: "Replace rows that exist.")
  var overwrite = false

  @Option(help: "Give up a video after this many seconds without a new row; 0: never.")
  var timeout = 600.0

  @Option(help: "Read only share I of N ('2/8'), or the share of an array task ('auto', 'auto/8').")
  var shard: String?

  @Option(help: "What makes shards equal: duration, or size, which opens no file.")
  var balance = Balance.duration

  @Flag(name: .shortAndLong, help: "No progress; errors only.")
  var quiet = false

  @OptionGroup(title: "Reading")
  var reading: ReadingOptions

  enum Balance: String, ExpressibleByArgument, CaseIterable { case duration, size }

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(!inputs.isEmpty || !list.isEmpty, BatchError.nothingToRead.description)
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs must be 1 to 1024")
    try check(timeout >= 0 && timeout.isFinite, "--timeout must not be negative")
    try check(!(resume && overwrite), "--resume keeps finished rows and --overwrite replaces them; choose one")
  }

  var jobCount: Int { jobs ?? max(1, Compute.availableCores / 4) }
  var threadsPerJob: Int { reading.threads ?? max(1, Compute.availableCores / jobCount) }
  var patience: Duration? { timeout > 0 ? .seconds(timeout) : nil }

  func findInputs() throws -> [BatchInput] {
    let entries = try list.flatMap { path in
      let data =
        path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
      guard let data, let text = String(data: data, encoding: .utf8) else {
        throw BatchError.unreadableList(path: path)
      }
      return BatchInputs.entries(ofList: text)
    }
    let found = try BatchInputs(base: base, keepsExtension: keepExtension).find(inputs + entries)
    guard !found.isEmpty else { throw BatchError.nothingToRead }
    return found
  }

  func run() throws {
    var session = try BatchSession(self)
    let status = try session.run()
    if status != .ok { throw status }
  }
}
