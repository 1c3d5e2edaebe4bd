import Foundation

/// Why rows could not be written.
public enum OutputError: Error, Hashable, CustomStringConvertible {
  case exists(path: String)
  /// The same in a batch, which can go on where it was.
  case existsInBatch(path: String)
  case isInput(path: String)
  case repeated(path: String)
  case noFolder(path: String)
  case notWritable(path: String, reason: String)
  case diskFull(path: String)
  /// The reader of a pipe went away. Usually no mistake: `| head` does it.
  case readerGone

  public var description: String {
    switch self {
    case .exists(let path): "\(path): already exists; use --overwrite to replace it"
    case .existsInBatch(let path): "\(path): already exists; use --resume to continue or --overwrite to replace it"
    case .isInput(let path): "\(path): is the input; rows must go to another file"
    case .repeated(let path): "\(path): is given twice; each output must be another file"
    case .noFolder(let path): "\(path): its folder does not exist"
    case .notWritable(let path, let reason): "\(path): cannot write: \(reason)"
    case .diskFull(let path): "\(path): the disk is full; all complete rows are kept"
    case .readerGone: "the reader of standard output went away"
    }
  }
}

/// A file that rows are written to. Nothing is replaced unasked.
public final class OutputFile {
  /// How a file comes into being.
  public enum Kind: Sendable {
    /// By whole lines: each is in the file when `append` returns, so that a killed run leaves a readable file up to its
    /// last full line.
    case growing
    /// By lines under a hidden name; the file takes its place when it is closed, or never.
    case staged
    /// At once, by `writeWhole`: until then there is no file, or the old one.
    case whole
  }

  public let path: String
  /// Nil for a file that is written as a whole.
  private let handle: FileHandle?
  private let stage: StagedPath?
  private var length: UInt64 = 0
  private let isRegular: Bool

  /// Creates the file, or checks that it can be created. `-` is standard output, which only grows.
  public init(_ path: String, overwrite: Bool, kind: Kind = .growing) throws {
    self.path = path
    guard path != "-" else {
      (handle, stage, isRegular) = (.standardOutput, nil, false)
      return
    }
    let type = (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    isRegular = type == nil || type == .typeRegular || type == .typeSymbolicLink
    guard kind == .growing || !isRegular else {
      let stage = try StagedPath(path, overwrite: overwrite)
      handle = kind == .staged ? try Self.open(stage.temporary, for: path) : nil
      self.stage = stage
      return
    }
    stage = nil
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder) else { throw OutputError.noFolder(path: path) }
    if type == .typeDirectory { throw OutputError.notWritable(path: path, reason: "it is a directory") }
    if isRegular && type != nil && !overwrite { throw OutputError.exists(path: path) }
    handle = try Self.open(path, for: path, create: isRegular)
  }

  private static func open(_ file: String, for path: String, create: Bool = true) throws -> FileHandle {
    if create && !FileManager.default.createFile(atPath: file, contents: nil) {
      throw OutputError.notWritable(path: path, reason: "permission denied or a read-only file system")
    }
    do { return try FileHandle(forWritingTo: URL(fileURLWithPath: file)) } catch {
      throw OutputError.notWritable(path: path, reason: "permission denied")
    }
  }

  /// Whether a path names a file, not standard output or a device.
  public static func isFile(_ path: String) -> Bool { path != "-" && !path.hasPrefix("/dev/") }

  /// Adds one line, with its end.
  public func append(_ line: String) throws { try append(Data((line + "\n").utf8)) }

  /// Puts the whole text in place, by a new file that takes the name when it is complete.
  public func writeWhole(_ text: String) throws { try writeWhole(Data(text.utf8)) }

  public func writeWhole(_ data: Data) throws {
    guard let stage, handle == nil else { return try append(data) }
    do { try data.write(to: URL(fileURLWithPath: stage.temporary)) } catch { throw failure(Self.code(of: error)) }
    try stage.commit()
  }

  private func append(_ data: Data) throws {
    precondition(handle != nil, "a file that is written as a whole has no lines")
    do {
      try handle?.write(contentsOf: data)
      length += UInt64(data.count)
    } catch {
      let code = Self.code(of: error)
      if code == EPIPE { throw OutputError.readerGone }
      // Half a line is no row: cut back to the last whole one.
      if isRegular { try? handle?.truncate(atOffset: length) }
      throw failure(code)
    }
  }

  public func close() throws {
    guard path != "-" else { return }
    try? handle?.close()
    if handle != nil { try stage?.commit() }
  }

  private func failure(_ code: Int32) -> OutputError {
    if code == ENOSPC || code == EDQUOT { return .diskFull(path: path) }
    return .notWritable(path: path, reason: Self.text(of: code))
  }

  private static func text(of code: Int32) -> String {
    POSIXErrorCode(rawValue: code).map { POSIXError($0).localizedDescription } ?? "error \(code)"
  }

  /// The POSIX code behind one of Foundation's errors.
  private static func code(of error: any Error) -> Int32 {
    var error: NSError? = error as NSError
    while let current = error {
      if current.domain == NSPOSIXErrorDomain { return Int32(current.code) }
      if current.domain == NSCocoaErrorDomain && current.code == CocoaError.fileWriteOutOfSpace.rawValue { return ENOSPC }
      error = current.userInfo[NSUnderlyingErrorKey] as? NSError
    }
    return EIO
  }
}
