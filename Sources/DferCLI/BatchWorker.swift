import Dfer
import DferTimeline
import Foundation

/// One input of a batch while a child `dfer watch` reads it.
///
/// The child writes under hidden names beside the output. Only when it has ended well are the files given their real
/// names, the manifest first: it holds the hash of the rows, so whatever happens between the two shows.
final class BatchWorker {
  let place: Int
  let input: BatchInput
  let started = ContinuousClock.now
  private let output: URL
  private let rows: URL
  private let errors: URL
  /// Whether what lies at the output's place may be replaced: not what another batch has put there in the meantime.
  private let overwrite: Bool
  private let child: ChildProcess
  private var size: UInt64 = 0
  private var lastGrowth = ContinuousClock.now
  private var isTimedOut = false
  private var interruptedAt: ContinuousClock.Instant?
  /// What the child would have said of the video, had it been asked to.
  private(set) var warnings: [String] = []
  /// Seconds of video that have their rows.
  private(set) var seconds = 0.0

  init(_ place: Int, _ input: BatchInput, folder: URL, options: [String], overwrite: Bool) throws {
    self.overwrite = overwrite
    self.place = place
    self.input = input
    output = folder.appendingPathComponent(input.output)
    let parts = output.deletingLastPathComponent()
    try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
    let stem = Self.partPrefix(output) + Self.owner + "-" + String(UInt32.random(in: .min ... .max), radix: 16)
    rows = parts.appendingPathComponent(stem + ".csv")
    errors = parts.appendingPathComponent(stem + ".err")
    child = try ChildProcess(
      ["watch", "--quiet", "--file-only", "--parent", "\(getpid())", "--output", rows.path] + options
        + ["--", input.argument],
      errors: errors)
  }

  /// Looks after the child and gives the outcome once there is one.
  ///
  /// - Parameter patience: how long the rows may stay as they are before the child counts as hanging; nil: for ever.
  func poll(patience: Duration?) -> BatchOutcome? {
    // Asked first: an ended child writes no more.
    let isOver = !child.isRunning
    readProgress()
    if isOver { return finish() }
    if let interruptedAt {
      if ContinuousClock.now - interruptedAt > .seconds(10) { child.kill() }
    } else if let patience, ContinuousClock.now - lastGrowth > patience {
      isTimedOut = true
      child.kill()
    }
    return nil
  }

  func interrupt() {
    interruptedAt = .now
    child.interrupt()
  }

  /// Removes what an earlier batch left when it was killed. What another batch is writing now stays.
  static func removeLeftovers(of input: BatchInput, in folder: URL) {
    let output = folder.appendingPathComponent(input.output)
    let parts = output.deletingLastPathComponent()
    let prefix = partPrefix(output)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parts.path)) ?? [] where name.hasPrefix(prefix) {
      let url = parts.appendingPathComponent(name)
      guard !isAlive(ownerOf: String(name.dropFirst(prefix.count)), file: url) else { continue }
      try? FileManager.default.removeItem(at: parts.appendingPathComponent(name))
    }
  }

  private static func partPrefix(_ output: URL) -> String {
    // By bytes: a single Character may have dozens.
    let stem = output.deletingPathExtension().lastPathComponent
    var (short, bytes) = ("", 0)
    for scalar in stem.unicodeScalars {
      bytes += UTF8.width(scalar)
      if bytes > 60 { break }
      short.unicodeScalars.append(scalar)
    }
    return ".\(short).part-"
  }

  /// This machine and process, as parts are named after them.
  private static let machine =
    "m" + ProcessInfo.processInfo.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(40)
  private static var owner: String { "\(machine)-\(getpid())" }

  /// Whether the batch that makes a part is still at work. Of another machine that cannot be asked, so there the part
  /// counts for a day.
  private static func isAlive(ownerOf name: String, file: URL) -> Bool {
    let words = name.split(separator: "-")
    guard words.count >= 3, let process = Int32(words[1]) else { return false }
    if words[0] == machine { return kill(process, 0) == 0 || errno == EPERM }
    let facts = try? FileManager.default.attributesOfItem(atPath: file.path)
    return (facts?[.modificationDate] as? Date).map { Date().timeIntervalSince($0) < 86_400 } ?? false
  }

  /// Why no rows can be written to `path`; nil when nothing speaks against it.
  static func reasonNotToWrite(_ path: String) -> String? {
    let longest = (RunManifest.path(beside: path) as NSString).lastPathComponent.utf8.count
    guard longest <= 255 else {
      return "the name of its output would have \(longest) bytes, and 255 are possible; rename the video"
    }
    let manifest = RunManifest.path(beside: path)
    return RunManifest.rowsLeftAlone(at: manifest, by: [path]).map {
      OutputError.describesOthers(path: manifest, rows: $0).description
    }
  }

  /// What an error says: our own say it themselves.
  static func words(for error: any Error) -> String { error is OutputError ? "\(error)" : error.localizedDescription }

  /// The end of the last row tells how far the child is.
  private func readProgress() {
    guard let file = try? FileHandle(forReadingFrom: rows), let end = try? file.seekToEnd(), end > size else { return }
    size = end
    lastGrowth = .now
    guard (try? file.seek(toOffset: end > 2000 ? end - 2000 : 0)) != nil, let tail = try? file.readToEnd() else {
      return
    }
    let lines = String(decoding: tail, as: UTF8.self).split(separator: "\n")
    guard let cells = lines.last?.split(separator: ",", omittingEmptySubsequences: false), cells.count > 3 else {
      return
    }
    seconds = Double(cells[3]) ?? seconds
  }

  private func finish() -> BatchOutcome {
    let manifest = URL(fileURLWithPath: RunManifest.path(beside: rows.path))
    let words = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    let lock = URL(fileURLWithPath: ManifestFile.lockPath(of: manifest.path))
    defer { for file in [rows, manifest, errors, lock] { try? FileManager.default.removeItem(at: file) } }
    if isTimedOut { return .failed(code: 124, message: "no new row for longer than --timeout allows; stopped") }
    let said =
      words.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no message (is the disk full?)"
    // The path has a column of its own.
    let message = ["dfer: ", "\(Terminal.plain(input.argument)): "].reduce(said) {
      $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0
    }
    switch child.code {
    case 0, 4:
      do {
        try publish(manifest)
        return child.code == 0 ? .ok : .damaged
      } catch {
        return .outputFailed(message: Self.words(for: error))
      }
    case 5: return .outputFailed(message: message)
    case let code where code > 128 && code != 130:
      return .failed(code: code, message: "ended by signal \(code - 128)")
    case let code: return .failed(code: code, message: message)
    }
  }

  private func publish(_ part: URL) throws {
    var manifest = try RunManifest(contentsOf: part.path)
    warnings = manifest.warnings
    manifest.outputs = [output.path]
    let path = RunManifest.path(beside: output.path)
    try manifest.write(to: path, overwrite: overwrite)
    do { try StagedPath.move(rows.path, to: output.path, as: output.path, overwrite: overwrite) } catch {
      if !overwrite { try? FileManager.default.removeItem(atPath: path) }
      throw error
    }
  }
}
