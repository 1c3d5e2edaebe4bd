import Foundation

/// One video of a batch and where its rows go.
public struct BatchInput: Sendable, Hashable {
  /// The video, as it is opened.
  public let path: String
  /// The rows, below the output folder: `session1/talk.csv`.
  public let output: String

  public init(path: String, output: String) {
    self.path = path
    self.output = output
  }
}

/// Finds the inputs of a batch and names their outputs. The name of an output depends on its input alone, never on what
/// else is in the batch, so that shards and later runs agree.
///
/// - A folder's videos keep their path below the folder.
/// - A pattern's files keep their path below its last folder without a wildcard.
/// - A single file, or a line of a list, keeps its file name.
/// - With `base`, every input keeps its path below that folder instead.
public struct BatchInputs: Sendable {
  /// Endings of the files that are read from folders, in lower case.
  public static let videoExtensions: Set<String> = [
    "3g2", "3gp", "asf", "avi", "flv", "m2ts", "m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf",
    "ogv", "ts", "vob", "webm", "wmv", "y4m",
  ]

  public var base: String?
  /// Whether `talk.mp4` becomes `talk.mp4.csv` and not `talk.csv`.
  public var keepsExtension: Bool
  /// Endings that are taken from folders.
  public var extensions: Set<String>

  public init(base: String? = nil, keepsExtension: Bool = false, extensions: Set<String> = Self.videoExtensions) {
    self.base = base
    self.keepsExtension = keepsExtension
    self.extensions = extensions
  }

  /// The inputs behind `arguments` (files, folders, patterns), in order and without repeats.
  ///
  /// A file that does not exist is kept: it fails on its own and costs nothing else. Throws `BatchError`.
  public func find(_ arguments: [String]) throws -> [BatchInput] {
    var inputs: [BatchInput] = []
    for argument in arguments {
      if fileType(argument) == .typeDirectory {
        inputs += try files(in: argument).filter { extensions.contains(fileExtension($0)) }
          .map { try input(join(argument, $0), below: argument) }
      } else if fileType(argument) == nil && PathPattern.isPattern(argument) {
        let pattern = PathPattern(argument)
        let found = files(in: pattern.root).filter(pattern.matches)
        guard !found.isEmpty else { throw BatchError.noMatch(pattern: argument) }
        inputs += try found.map { try input(join(pattern.root, $0), below: pattern.root) }
      } else {
        inputs.append(try input(argument, below: nil))
      }
    }
    var seen: Set<BatchInput> = []
    let unique = inputs.filter { seen.insert($0).inserted }
    try Self.refuseCollisions(unique)
    return unique
  }

  /// The entries of a list file: one path on each line; blank lines and lines that start with `#` are skipped.
  public static func entries(ofList text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
  }

  /// Two inputs must never be written to the same file, also not where capitals and small letters are one.
  static func refuseCollisions(_ inputs: [BatchInput]) throws {
    var first: [String: BatchInput] = [:]
    for input in inputs {
      let key = input.output.lowercased()
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
      guard file.hasPrefix(prefix) else { throw BatchError.notBelowBase(path: path, base: root) }
      name = String(file.dropFirst(prefix.count))
    }
    let stem = keepsExtension ? name : (name as NSString).deletingPathExtension
    return BatchInput(path: path, output: stem + ".csv")
  }

  /// Files below `folder`, hidden ones left out, as sorted paths relative to it.
  private func files(in folder: String) -> [String] {
    guard let found = FileManager.default.enumerator(atPath: folder.isEmpty ? "." : folder) else { return [] }
    var files: [String] = []
    while let name = found.nextObject() as? String {
      guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
      if fileType(join(folder, name)) == .typeRegular { files.append(name) }
    }
    return files.sorted()
  }

  /// What is at `path`, links followed; nil when nothing is.
  private func fileType(_ path: String) -> FileAttributeType? {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    return (try? FileManager.default.attributesOfItem(atPath: real))?[.type] as? FileAttributeType
  }

  private func fileExtension(_ path: String) -> String { (path as NSString).pathExtension.lowercased() }

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
