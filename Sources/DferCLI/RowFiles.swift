import ArgumentParser
import Dfer
import DferTimeline
import Foundation

/// The files of rows that a command is given as files and folders, without the tables of failures, figures and merged
/// rows that a pattern such as `rows/*.csv` finds too. What is left out is named.
struct RowFiles {
  struct File {
    /// The only one, but for runs with `--split-every`: there all that were given, in the order of time.
    fileprivate(set) var parts: [String]
    var path: String { parts[0] }
    /// Its path below the folder it was found in, or as given, without the ending. Files of a split run have one name.
    fileprivate(set) var source: String

    fileprivate init(_ path: String, source: String) { (parts, self.source) = ([path], source) }
  }

  private(set) var files: [File] = []
  /// What was left out and why, as lines for people.
  private(set) var notes: [String] = []
  /// Where in `files` the runs are that were split.
  private var splitRuns: [ExactName: Int] = [:]

  /// - Parameters:
  ///   - output: what the command writes; left out when it is a table of the kind that the command makes.
  ///   - makes: that kind.
  ///   - endings: of files that are taken from folders; the first one there counts, of files with one manifest.
  /// - Throws: `OutputError` when the output is one of the inputs, `UnreadableTimeline` when nothing remains.
  init(_ arguments: [String], output: String, makes: TableKind, endings: [String]) throws {
    var seen: Set<ExactName> = []
    var merged: [File] = []
    for argument in arguments {
      let found: [File]
      if Self.isFolder(argument) {
        var walk = FolderWalk(argument, endings: Set(endings))
        found = Self.files(of: walk.run(), in: argument, endings: endings)
        notes += walk.leftOut.filter(\.isFailure).map { "\(argument)/\($0.path): skipped, \($0.reason)" }
      } else {
        found = [File(argument, source: Self.stem(argument))]
      }
      for file in found {
        let kind = TableKind(path: file.path)
        if output != "-", OutputPaths.isSame(file.path, output) {
          guard kind == makes || Self.isFolder(argument) else { throw OutputError.isInput(path: output) }
          notes.append("\(file.path): skipped, it is the output")
        } else if !seen.insert(ExactName(OutputPaths.real(file.path))).inserted {
          notes.append("\(file.path): skipped, it is given twice")
        } else {
          switch kind {
          case .failures: notes.append("\(file.path): skipped, a list of failures")
          case .summary: notes.append("\(file.path): skipped, a table of dfer summary")
          case .merged: merged.append(file)
          case .rows, .other: try add(file)
          }
        }
      }
    }
    skipGrouped()
    noteMissing()
    try add(merged)
    try OutputPaths.check([output], inputs: files.flatMap(\.parts).filter { !OutputPaths.isSame($0, output) })
    guard !files.isEmpty else {
      if arguments.count == 1, !Self.isFolder(arguments[0]), let note = notes.first {
        throw UnreadableTimeline(
          path: arguments[0],
          reason: note.replacingOccurrences(of: "\(arguments[0]): skipped, ", with: "") + ", not rows")
      }
      throw UnreadableTimeline(
        path: arguments.joined(separator: ", "),
        reason: "no rows of dfer; in folders, only files with their .run.json beside them count"
          + notes.map { "; " + $0 }.joined())
    }
  }

  /// Adds a file of rows, to the other files of its run if that was split.
  private mutating func add(_ file: File) throws {
    guard let run = SplitRun(part: file.path) else { return files.append(file) }
    let key = ExactName(OutputPaths.real(run.manifest))
    guard let index = splitRuns[key] else {
      splitRuns[key] = files.count
      var file = file
      file.source = String(file.source.dropLast(Self.stem(file.path).count - run.stem.count))
      return files.append(file)
    }
    guard Self.ending(file.path) == Self.ending(files[index].path) else {
      throw UnreadableTimeline(
        path: file.path, reason: "holds the rows of a run in another format than \(files[index].path); give one of them"
      )
    }
    files[index].parts.append(file.path)
    // Names end with the time at which a file begins.
    func name(_ path: String) -> ExactName { ExactName((path as NSString).lastPathComponent) }
    files[index].parts.sort { name($0) < name($1) }
  }

  /// Says which files of a split run are gone: their time has no rows.
  private mutating func noteMissing() {
    for index in splitRuns.values.sorted() {
      guard let run = SplitRun(part: files[index].path), let first = run.missing.first else { continue }
      let count = run.missing.count
      notes.append(
        "\(files[index].source): \(count) of the run's \(run.parts.count) files \(count == 1 ? "is" : "are") missing (\(first))"
      )
    }
  }

  /// Leaves out tables of `dfer group` beside the rows that they were made of: they are the same rows.
  private mutating func skipGrouped() {
    let facts = files.map { RunFacts(beside: $0.path) }
    let plain = facts.compactMap { $0?.isGrouped == false ? $0 : nil }
    for (index, own) in zip(files.indices, facts).reversed() {
      guard let own, own.isGrouped,
        let rows = plain.first(where: { $0.started == own.started && $0.location == own.location })
      else { continue }
      notes.append(
        "\(files[index].path): skipped, a table of dfer group whose rows are in the other files (\(rows.path))")
      files.remove(at: index)
    }
  }

  /// Adds merged tables, unless their rows are in the other files. Throws `UnreadableTimeline` when only some are.
  private mutating func add(_ merged: [File]) throws {
    let plain = files
    for table in merged {
      let sources = try Self.sources(of: table.path)
      let known = sources.filter { source in
        plain.contains { file in
          let stem = Self.stem(file.path)
          return ExactName(stem) == source
            || stem.utf8.suffix(source.text.utf8.count + 1).elementsEqual(("/" + source.text).utf8)
        }
      }
      if plain.isEmpty || known.isEmpty {
        files.append(table)
      } else if known.count == sources.count {
        notes.append("\(table.path): skipped, a table of dfer merge whose rows are in the other files")
      } else {
        throw UnreadableTimeline(
          path: table.path,
          reason: "a table of dfer merge that holds rows of \(known.count) of the other files; give either it or them")
      }
    }
  }

  /// The names in a merged table's column `source`.
  private static func sources(of path: String) throws -> Set<ExactName> {
    let timeline = try TimelineInput(path).timeline
    return Set(timeline.videos.compactMap { $0.source.map(ExactName.init) })
  }

  // MARK: Folders

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Files of rows among those below a folder, by name.
  private static func files(of names: [String], in folder: String, endings: [String]) -> [File] {
    var found: [ExactName: [String: String]] = [:]
    // Of a split run, all files have one format: the first one that any of them has.
    var splitEndings: [String: Set<String>] = [:]
    for name in names {
      guard endings.contains(ending(name)) else { continue }
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      let run = SplitRun(part: path)
      guard run != nil || FileManager.default.fileExists(atPath: RunManifest.path(beside: path)) else { continue }
      found[ExactName(stem(name)), default: [:]][ending(name)] = path
      if let run { splitEndings[run.manifest, default: []].insert(ending(name)) }
    }
    return found.sorted { $0.key < $1.key }.compactMap { stem, paths in
      let run = paths.values.first.flatMap { SplitRun(part: $0) }
      let usable = run.flatMap { run in endings.first { splitEndings[run.manifest]?.contains($0) == true } }
      return endings.lazy.filter { usable == nil || $0 == usable }.compactMap { paths[$0] }.first.map {
        File($0, source: stem.text)
      }
    }
  }

  private static func ending(_ path: String) -> String { (path as NSString).pathExtension.lowercased() }

  private static func stem(_ path: String) -> String {
    let ending = (path as NSString).pathExtension
    return ["csv", "tsv", "jsonl", "json"].contains(ending.lowercased())
      ? String(path.dropLast(ending.count + 1)) : path
  }
}
