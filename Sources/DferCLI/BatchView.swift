import Dfer
import Foundation

/// What `dfer batch` shows: on a terminal a line for each worker and one for the whole, else a line for each video.
struct BatchView {
  private var terminal = Terminal()
  private var isQuiet = false
  private var count = 0
  private var skipped = 0
  private var finished = 0
  private var failed = 0
  /// Seconds of video to be read, and those that have been.
  private var totalSeconds = 0.0
  private var readSeconds = 0.0
  private var clock = ContinuousClock.now

  mutating func begin(count: Int, skipped: Int, seconds: Double, shard: Shard?, quiet: Bool) {
    isQuiet = quiet
    (self.count, self.skipped, totalSeconds, clock) = (count, skipped, seconds, .now)
    let share = shard.map { "share \($0): " } ?? ""
    let done = skipped > 0 ? ", \(skipped) done before" : ""
    say("\(share)\(count) \(count == 1 ? "video" : "videos")\(done), \(time(seconds)) to read")
  }

  /// Names what is not read, kind by kind.
  mutating func tell(of leftOut: [LeftOut]) {
    for entry in leftOut where entry.isFailure { say("FAILED \(entry.path)  left out: \(entry.reason)", always: true) }
    failed += leftOut.count(where: \.isFailure)
    let others = Dictionary(grouping: leftOut.filter { !$0.isFailure }, by: \.reason).sorted { $0.key < $1.key }
    for (reason, entries) in others {
      let names = entries.prefix(5).map { ($0.path as NSString).lastPathComponent }.joined(separator: ", ")
      say("left out: \(entries.count) (\(reason)): \(names)\(entries.count > 5 ? " and more, see failures.csv" : "")")
    }
  }

  mutating func note(_ outcome: BatchOutcome, _ input: BatchInput, seconds: Double?, took: Duration, warnings: [String])
  {
    for warning in warnings { say("\(input.path): warning: \(warning)") }
    finished += 1
    readSeconds += seconds ?? 0
    let place = "[\(skipped + finished)/\(count)]"
    switch outcome {
    case .ok, .damaged:
      guard !terminal.isInteractive else { return }
      let note = outcome == .damaged ? "damaged, rows say where" : "ok"
      let length = seconds.map { "\(time($0)) of video in " } ?? ""
      say("\(place) \(input.output)  \(note)  \(length)\(time(took.inSeconds))\(remaining(readSeconds))")
    case .failed(_, let message), .outputFailed(let message):
      failed += 1
      // Errors are told even when all else is quiet, and in the place of the block that is drawn next.
      terminal.redraw(always: true) { [] }
      say("\(place) FAILED \(input.path)  \(message)", always: true)
    }
  }

  mutating func draw(_ workers: [BatchWorker], durations: [Double?]) {
    guard !isQuiet, terminal.isInteractive else { return }
    let width = terminal.width
    let running = workers.reduce(0) { $0 + min($1.seconds, durations[$1.place] ?? $1.seconds) }
    var lines = workers.map { fit(line($0, duration: durations[$0.place], width: width), width) }
    let bad = failed > 0 ? ", \(failed) failed" : ""
    lines.append(fit("\(skipped + finished) of \(count) videos\(bad)\(remaining(readSeconds + running))", width))
    terminal.redraw { lines }
  }

  mutating func end(outcomes: [BatchOutcome], total: Int, isInterrupted: Bool) {
    terminal.redraw(always: true) { [] }
    let good = outcomes.count { $0 == .ok }
    let damaged = outcomes.count { $0 == .damaged }
    var parts = ["\(good) of \(total) succeeded"]
    if damaged > 0 { parts.append("\(damaged) damaged") }
    if outcomes.count > good + damaged { parts.append("\(outcomes.count - good - damaged) failed") }
    if isInterrupted { parts.append("interrupted; use --resume to continue") }
    say(parts.joined(separator: ", ") + "; \(time((ContinuousClock.now - clock).inSeconds))")
  }

  private func line(_ worker: BatchWorker, duration: Double?, width: Int) -> String {
    let elapsed = max(0.001, (ContinuousClock.now - worker.started).inSeconds)
    let speed = "\(oneDecimal(worker.seconds / elapsed))x"
    let name = String(Terminal.plain(worker.input.output).suffix(max(12, width - 56))).padded(
      to: min(30, max(12, width - 56)))
    guard let duration, duration > 0 else { return "\(name)  \(time(worker.seconds))  \(speed)" }
    let share = min(1, worker.seconds / duration)
    let cells = Int(share * 20)
    let bar = String(repeating: "━", count: cells) + String(repeating: "─", count: 20 - cells)
    return "\(name)  \(bar)  \(Int(share * 100)) %  \(time(worker.seconds)) / \(time(duration))  \(speed)"
  }

  private func remaining(_ read: Double) -> String {
    guard read > 0, totalSeconds > read else { return "" }
    return "  ETA " + time((ContinuousClock.now - clock).inSeconds * (totalSeconds - read) / read)
  }

  private func fit(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
  }

  private mutating func say(_ line: String, always: Bool = false) {
    if always || !isQuiet { terminal.say(Terminal.plain(line)) }
  }
}
