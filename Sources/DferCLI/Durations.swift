import ArgumentParser
import Dfer
import DferVideo
import Foundation

/// Prints the declared seconds of each file, one a line, "?" when unknown. `dfer batch` asks a child, because opening a
/// broken file may end a program.
struct Durations: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the declared seconds of videos, one a line.", shouldDisplay: false)

  @Argument(help: "Video files.")
  var files: [String]

  func run() {
    var options = VideoOptions()
    options.isFileOnly = true
    for file in files {
      let seconds = try? VideoSource(file, options: options).info.duration
      try? FileHandle.standardOutput.write(contentsOf: Data("\(seconds.map { "\($0)" } ?? "?")\n".utf8))
    }
  }
}

/// Durations of many files, asked of child processes.
struct DurationProbe {
  enum Answer: Hashable {
    case seconds(Double)
    case unknown
    /// The file ended or stopped the program that opened it.
    case silent
  }

  /// Longest wait for one file.
  var patience = Duration.seconds(30)

  func ask(_ paths: [String], until isInterrupted: () -> Bool) throws -> [Answer] {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("dfer-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }
    var answers: [Answer] = []
    while answers.count < paths.count && !isInterrupted() {
      // A few hundred at once keep the command line short.
      let part = paths[answers.count...].prefix(300)
      let child = try ChildProcess(["durations", "--"] + part, output: output)
      var found: [Answer] = []
      var lastNews = ContinuousClock.now
      while true {
        let isOver = !child.isRunning
        let count = found.count
        found = readAnswers(output)
        if found.count > count { lastNews = .now }
        if isOver || isInterrupted() || ContinuousClock.now - lastNews > patience { break }
        Thread.sleep(forTimeInterval: 0.02)
      }
      child.kill()
      child.wait()
      answers += found.prefix(part.count)
      if found.count < part.count && !isInterrupted() { answers.append(.silent) }
    }
    return answers
  }

  private func readAnswers(_ file: URL) -> [Answer] {
    guard let data = try? Data(contentsOf: file), let end = data.lastIndex(of: 10) else { return [] }
    return String(decoding: data[..<end], as: UTF8.self).split(separator: "\n").map { line in
      Double(line).flatMap { $0.isFinite && $0 >= 0 ? .seconds($0) : nil } ?? .unknown
    }
  }
}
