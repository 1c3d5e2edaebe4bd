import DferVideo
import Foundation

/// One video of a batch and where its rows go. Inputs are the same when their bytes are: two ways to write "é" are two
/// names, as they are on disk.
package struct BatchInput: Sendable, Hashable {
  /// The video, as it is opened.
  package let path: String
  /// The rows, below the output folder: `session1/talk.csv`.
  package let output: String

  package init(path: String, output: String) {
    self.path = path
    self.output = output
  }

  package static func == (a: BatchInput, b: BatchInput) -> Bool {
    a.path.utf8.elementsEqual(b.path.utf8) && a.output.utf8.elementsEqual(b.output.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in path.utf8 { hasher.combine(byte) }
    for byte in output.utf8 { hasher.combine(byte) }
  }

  /// The path as an argument that can be nothing but a path: "./v4l2:0" and not "v4l2:0".
  package var argument: String {
    let first = path.utf8.prefix { $0 != UInt8(ascii: "/") }
    let isPlain = !first.contains(UInt8(ascii: ":")) && path.utf8.first != UInt8(ascii: "-")
    return isPlain ? path : "./" + path
  }
}

/// Something in a folder that a batch does not read.
package struct LeftOut: Sendable, Hashable {
  package let path: String
  package let reason: String
  /// Whether it is a video that should have been read, not something that is none.
  package let isFailure: Bool

  /// The reason for a name that is written as `M\xFCller.mp4` here.
  package static let nameNotText = "its name is not UTF-8: rename it"

  package init(path: String, reason: String, isFailure: Bool) {
    self.path = path
    self.reason = reason
    self.isFailure = isFailure
  }

  /// The same with its whole path.
  func below(_ folder: String, _ join: (String, String) -> String) -> LeftOut {
    LeftOut(path: path.isEmpty ? folder : join(folder, path), reason: reason, isFailure: isFailure)
  }
}

/// What a batch reads, and what it found and does not read.
package struct BatchSelection: Sendable {
  package var inputs: [BatchInput] = []
  package var leftOut: [LeftOut] = []

  package init() {}
}

/// Finds the inputs of a batch and names their outputs. The name of an output depends on its input alone, never on what
/// else is in the batch, so that shards and later runs agree.
///
/// - A folder's videos keep their path below the folder.
/// - A pattern's files keep their path below its last folder without a wildcard.
/// - A single file, or a line of a list, keeps its file name.
/// - With `base`, every input keeps its path below that folder instead.
package struct BatchInputs: Sendable {
  /// Endings of the files that are read from folders, in lower case. Files with endings that nobody knows are read when
  /// their first bytes say that they are videos.
  package static let videoExtensions: Set<String> = MediaEndings.videos

  package var base: String?
  /// Whether `talk.mp4` becomes `talk.mp4.csv` and not `talk.csv`.
  package var keepsExtension: Bool
  /// Endings that are taken from folders.
  package var extensions: Set<String>

  package init(base: String? = nil, keepsExtension: Bool = false, extensions: Set<String> = Self.videoExtensions) {
    self.base = base
    self.keepsExtension = keepsExtension
    self.extensions = extensions
  }

  /// The inputs behind `arguments` (files, folders, patterns), in order and without repeats, and what stands beside them
  /// in folders and is left out.
  ///
  /// A file that does not exist is kept: it fails on its own and costs nothing else. Throws `BatchError`.
  package func select(_ arguments: [String]) throws -> BatchSelection {
    var selection = BatchSelection()
    var inputs: [BatchInput] = []
    for argument in arguments {
      let kind = Folder.kind(of: argument)
      if kind == .folder {
        var walk = FolderWalk(argument)
        let found = walk.run().filter { name in
          if let reason = reasonToLeaveOut(name, at: join(argument, name)) {
            walk.leave(name, reason, isFailure: false)
            return false
          }
          return true
        }
        inputs += try found.map { try input(join(argument, $0), below: argument) }
        selection.leftOut += walk.leftOut.map { $0.below(argument, join) }
      } else if kind == nil && PathPattern.isPattern(argument) {
        let pattern = PathPattern(argument)
        var walk = FolderWalk(pattern.root.isEmpty ? "." : pattern.root)
        let found = walk.run().filter(pattern.matches)
        let missed = walk.leftOut.filter { $0.isFailure && pattern.matches($0.path) }
        guard !found.isEmpty || !missed.isEmpty else { throw BatchError.noMatch(pattern: argument) }
        inputs += try found.map { try input(join(pattern.root, $0), below: pattern.root) }
        selection.leftOut += missed.map { $0.below(pattern.root, join) }
      } else {
        inputs.append(try input(argument, below: nil))
      }
    }
    // However its path is written, a file is one input.
    var seen: Set<BatchInput> = []
    selection.inputs = inputs.filter {
      seen.insert(BatchInput(path: Self.absolute($0.path), output: $0.output)).inserted
    }
    try Self.refuseCollisions(selection.inputs)
    return selection
  }

  /// The inputs alone.
  package func find(_ arguments: [String]) throws -> [BatchInput] { try select(arguments).inputs }

  /// The entries of a list file: one path on each line; blank lines and lines that start with `#` are skipped.
  package static func entries(ofList text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
  }

  /// Two inputs must never be written to the same file, also not where capitals and small letters are one.
  static func refuseCollisions(_ inputs: [BatchInput]) throws {
    var first: [[UInt8]: BatchInput] = [:]
    for input in inputs {
      guard !BatchOutcome.isFailureTable(input.output) else {
        throw BatchError.reservedOutput(output: input.output, path: input.path)
      }
      let key = Array(input.output.lowercased().utf8)
      if let other = first[key] {
        throw BatchError.sameOutput(output: input.output, first: other.path, second: input.path)
      }
      first[key] = input
    }
  }

  /// An input with its output's name; `root` is the folder whose part of the path is left out.
  func input(_ path: String, below root: String?) throws -> BatchInput {
    var name = (path as NSString).lastPathComponent
    if let root = base ?? root {
      let (file, folder) = (Self.absolute(path), Self.absolute(root))
      let prefix = folder == "/" ? "/" : folder + "/"
      guard file.utf8.starts(with: prefix.utf8) else { throw BatchError.notBelowBase(path: path, base: root) }
      name = String(decoding: file.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
    let stem = keepsExtension ? name : (name as NSString).deletingPathExtension
    return BatchInput(path: path, output: stem + ".csv")
  }

  /// Why a file of a folder is no video; nil when it is one.
  private func reasonToLeaveOut(_ name: String, at path: String) -> String? {
    let ending = MediaEndings.of(name)
    if extensions.contains(ending) { return nil }
    if MediaEndings.others.contains(ending) || extensions != Self.videoExtensions { return "no video by its ending" }
    return FilmProbe.isFilm(path) ? nil : "no video by its first bytes"
  }

  private func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The path from `/`, with `.` and `..` taken out by name; links are left as they are.
  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path.isEmpty ? "." : path).standardizedFileURL.path
  }
}

/// A path with wildcards: `*`, `?` and `[...]` within a name, `**` for any number of folders.
struct PathPattern: Sendable {
  /// The folder before the first name with a wildcard; empty for the current folder.
  let root: String
  private let parts: [String]

  static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

  init(_ text: String) {
    let names = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    let first = names.firstIndex(where: Self.isPattern) ?? max(0, names.count - 1)
    root = (text.hasPrefix("/") ? "/" : "") + names[..<first].joined(separator: "/")
    parts = Array(names[first...])
  }

  /// Whether a path relative to `root` matches.
  func matches(_ path: String) -> Bool {
    Self.matches(path.split(separator: "/").map(String.init)[...], parts[...])
  }

  private static func matches(_ path: ArraySlice<String>, _ parts: ArraySlice<String>) -> Bool {
    guard let part = parts.first else { return path.isEmpty }
    if part == "**" {
      return matches(path, parts.dropFirst()) || (!path.isEmpty && matches(path.dropFirst(), parts))
    }
    guard let name = path.first, unsafe fnmatch(part, name, FNM_PERIOD) == 0 else { return false }
    return matches(path.dropFirst(), parts.dropFirst())
  }
}
