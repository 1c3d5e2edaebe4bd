import Dfer
import DferTimeline
import DferVideo
import Foundation

/// One `dfer batch` from start to end: finds its share of the inputs, keeps the workers busy, and tells how it went.
struct BatchSession {
  private let command: Batch
  private let folder: URL
  private let shard: Shard?
  private let interrupt = Interrupt()
  private let rule: ResumeRule
  private var inputs: [BatchInput]
  /// What stands in the folders and is not read. Of several shares, the first one tells of it.
  private let leftOut: [LeftOut]
  private var durations: [Double?] = []
  /// Places of the inputs that had rows when the batch began, which it makes anew.
  private var replaced: Set<Int> = []
  private var outcomes: [Int: BatchOutcome] = [:]
  private var view = BatchView()

  /// Everything that can be refused is refused here, before anything runs.
  init(_ command: Batch) throws {
    self.command = command
    folder = URL(fileURLWithPath: command.out)
    let selection = try command.findInputs()
    inputs = selection.inputs
    let environment = ProcessInfo.processInfo.environment
    shard = try command.shard.map { try Shard($0, environment: environment) }
    leftOut = shard?.index ?? 0 == 0 ? selection.leftOut : []
    let pipeline = try Installation.pipeline(command.reading.pipeline)
    rule = ResumeRule(
      weights: try pipeline.weightsSha256(),
      detector: try SHA256.hex(ofFile: pipeline.detectorWeights.path), pipeline: pipeline.sha256,
      options: command.reading.recordedOptions)
    try refuseOutputs()
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw OutputError.notWritable(path: folder.path, reason: error.localizedDescription)
    }
    if shard == nil, let task = ArrayTask(environment: environment) {
      say(
        "this is task \(task.number) of a \(task.scheduler) array, and it reads every video; --shard auto reads its share"
      )
    }
  }

  mutating func run() throws -> ExitStatus {
    if let shard { try keepShare(shard) }
    var waiting = skipFinished()
    if shard == nil { durations = try measure(waiting).durations }
    view.begin(
      count: inputs.count, skipped: inputs.count - waiting.count,
      seconds: waiting.reduce(0) { $0 + (durations[$1] ?? 0) }, shard: shard, quiet: command.quiet)
    view.tell(of: leftOut)
    var workers: [BatchWorker] = []
    try writeFailures()
    while !interrupt.isRaised && !(waiting.isEmpty && workers.isEmpty) {
      while workers.count < command.jobCount, let next = waiting.first {
        waiting.removeFirst()
        if let worker = start(next) { workers.append(worker) }
      }
      Thread.sleep(forTimeInterval: 0.05)
      workers = try reap(workers)
      view.draw(workers, durations: durations)
    }
    stop(workers)
    try writeFailures()
    let isInterrupted = interrupt.isRaised && outcomes.count < inputs.count
    let missed = leftOut.filter(\.isFailure).map { BatchOutcome.failed(code: 3, message: $0.reason) }
    let all = Array(outcomes.values) + missed
    view.end(outcomes: all, total: inputs.count + missed.count, isInterrupted: isInterrupted)
    if isInterrupted { return .interrupted }
    return ExitStatus(rawValue: BatchOutcome.exitCode(all)) ?? .unreadableInput
  }

  // MARK: Before the first worker

  /// Nothing is replaced unasked: `--resume` replaces only what has a manifest, which shows that dfer wrote it.
  private func refuseOutputs() throws {
    guard !command.overwrite else { return }
    for input in inputs {
      let path = folder.appendingPathComponent(input.output).path
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let hasManifest = FileManager.default.fileExists(atPath: RunManifest.path(beside: path))
      if !command.resume { throw OutputError.existsInBatch(path: path) }
      if !hasManifest { throw OutputError.exists(path: path) }
    }
  }

  private mutating func keepShare(_ shard: Shard) throws {
    var weights = inputs.map { Double(FileStamp(path: $0.path)?.byteSize ?? 0) }
    durations = inputs.map { _ in nil }
    if command.balance == .duration {
      let (found, silent) = try measure(Array(inputs.indices))
      if let silent { throw ShardFailure(path: inputs[silent].path) }
      // Without a duration: what a video of 2 Mbit/s would have.
      weights = zip(found, weights).map { $0 ?? $1 / 250_000 }
      durations = found
    }
    let mine = shard.share(of: weights, names: inputs.map(\.output))
    durations = mine.map { durations[$0] }
    inputs = mine.map { inputs[$0] }
  }

  /// Declared durations by place, nil where unknown or not asked; and the first file that gave no answer.
  private func measure(_ places: [Int]) throws -> (durations: [Double?], silent: Int?) {
    var durations = [Double?](repeating: nil, count: inputs.count)
    let answers = try DurationProbe().ask(places.map { inputs[$0].path }) { interrupt.isRaised }
    for (place, answer) in zip(places, answers) {
      if case .seconds(let seconds) = answer { durations[place] = seconds }
    }
    return (durations, zip(places, answers).first { $0.1 == .silent }?.0)
  }

  /// Places of the inputs that have work left; the outcomes of the others are noted.
  private mutating func skipFinished() -> [Int] {
    var waiting: [Int] = []
    for (place, input) in inputs.enumerated() {
      BatchWorker.removeLeftovers(of: input, in: folder)
      let path = folder.appendingPathComponent(input.output).path
      if let reason = BatchWorker.reasonNotToWrite(path) {
        note(.outputFailed(message: reason), place, took: .zero)
      } else if command.resume, let made = madeBefore(place) {
        outcomes[place] = made
      } else {
        waiting.append(place)
        let manifest = RunManifest.path(beside: path)
        if [path, manifest].contains(where: FileManager.default.fileExists) { replaced.insert(place) }
      }
    }
    return waiting
  }

  /// The outcome of an input whose rows are there as this batch would make them.
  private func madeBefore(_ place: Int) -> BatchOutcome? {
    let rows = folder.appendingPathComponent(inputs[place].output).path
    let verdict = rule.verdict(
      manifest: try? RunManifest(contentsOf: RunManifest.path(beside: rows)),
      input: FileStamp(path: inputs[place].path), rowsSha256: try? SHA256.hex(ofFile: rows))
    guard case .keep(let damaged) = verdict else { return nil }
    return damaged ? .damaged : .ok
  }

  // MARK: Workers

  private mutating func start(_ place: Int) -> BatchWorker? {
    let options = command.reading.arguments + ["--threads", "\(command.threadsPerJob)"]
    do {
      return try BatchWorker(
        place, inputs[place], folder: folder, options: options, overwrite: command.overwrite || replaced.contains(place)
      )
    } catch {
      note(.outputFailed(message: "could not start: \(BatchWorker.words(for: error))"), place, took: .zero)
      return nil
    }
  }

  /// The workers that go on; what the others gave is noted.
  private mutating func reap(_ workers: [BatchWorker]) throws -> [BatchWorker] {
    var going: [BatchWorker] = []
    for worker in workers {
      guard var outcome = worker.poll(patience: command.patience) else {
        going.append(worker)
        continue
      }
      // Another batch may have made the same rows in the meantime.
      if case .outputFailed = outcome, let made = madeBefore(worker.place) { outcome = made }
      // What an interruption ended has no outcome.
      if case .failed = outcome, interrupt.isRaised { continue }
      note(outcome, worker.place, took: ContinuousClock.now - worker.started, warnings: worker.warnings)
      if outcome != .ok { try writeFailures() }
    }
    return going
  }

  private mutating func note(_ outcome: BatchOutcome, _ place: Int, took: Duration, warnings: [String] = []) {
    outcomes[place] = outcome
    view.note(
      outcome, inputs[place], seconds: durations.indices.contains(place) ? durations[place] : nil, took: took,
      warnings: warnings)
  }

  /// Passes an interruption on and waits for the workers to end; what they leave is removed.
  private mutating func stop(_ workers: [BatchWorker]) {
    for worker in workers { worker.interrupt() }
    var workers = workers
    while !workers.isEmpty {
      Thread.sleep(forTimeInterval: 0.02)
      workers = (try? reap(workers)) ?? []
    }
  }

  private func writeFailures() throws {
    let file = folder.appendingPathComponent(BatchOutcome.failureTableName(shard))
    let table = BatchOutcome.failureTable(
      inputs.indices.compactMap { place in outcomes[place].map { (inputs[place].path, $0) } }, leftOut: leftOut,
      keeping: (try? String(contentsOf: file, encoding: .utf8)) ?? "",
      ofOthersThan: Set(inputs.map { ExactName($0.path) }))
    do { try Data(table.utf8).write(to: file, options: .atomic) } catch {
      throw OutputError.notWritable(path: file.path, reason: error.localizedDescription)
    }
  }

  private func say(_ line: String) { if !command.quiet { Terminal.write("dfer: \(line)\n") } }
}

/// Shards agree only when all of them see the same durations.
struct ShardFailure: Error, CustomStringConvertible {
  let path: String
  var description: String {
    "\(path): opening it hangs or crashes, so shards could disagree about who reads what; take it out, or use --balance size"
  }
}
