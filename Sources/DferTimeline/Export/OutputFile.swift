import Foundation

/// Why rows could not be written.
package enum OutputError: Error, Hashable, CustomStringConvertible {
  case exists(path: String)
  /// The same in a batch, which can go on where it was.
  case existsInBatch(path: String)
  case isInput(path: String)
  case repeated(path: String)
  case noFolder(path: String)
  case notWritable(path: String, reason: String)
  /// `keepsRows`: what was written until then stays; else nothing of the file is there.
  case diskFull(path: String, keepsRows: Bool)
  /// Another file lies where this one was written, or none.
  case replaced(path: String)
  /// A manifest that another run will write.
  case inUse(path: String)
  /// The name of a run's manifest.
  case isManifest(path: String)
  /// A manifest that would have to describe the rows of two runs.
  case describesOthers(path: String, rows: String)
  /// The reader of a pipe went away. Usually no mistake: `| head` does it.
  case readerGone

  package var description: String {
    switch self {
    case .exists(let path): "\(path): already exists; use --overwrite to replace it"
    case .existsInBatch(let path): "\(path): already exists; use --resume to continue or --overwrite to replace it"
    case .isInput(let path): "\(path): is the input; rows must go to another file"
    case .repeated(let path): "\(path): is given twice; each output must be another file"
    case .noFolder(let path): "\(path): its folder does not exist"
    case .notWritable(let path, let reason): "\(path): cannot write: \(reason)"
    case .diskFull(let path, true): "\(path): the disk is full; all complete rows are kept"
    case .diskFull(let path, false): "\(path): the disk is full; the file was not written"
    case .replaced(let path): "\(path): was moved, deleted or replaced by somebody else while it was written"
    case .inUse(let path): "\(path): another run is going on that will write it; choose another name, or wait"
    case .isManifest(let path): "\(path): names of this kind belong to the manifests of runs; choose another"
    case .describesOthers(let path, let rows):
      "\(path): is the manifest of \(rows), which this run does not replace; choose another name, or remove both"
    case .readerGone: "the reader of standard output went away"
    }
  }
}

/// A file that rows are written to. Nothing is replaced unasked.
package final class OutputFile {
  /// How a file comes into being.
  package enum Kind: Sendable {
    /// By whole lines: each is in the file when `append` returns, so that a killed run leaves a readable file up to its
    /// last full line.
    case growing
    /// By lines under a hidden name; the file takes its place when it is closed, or never.
    case staged
    /// At once, by `writeWhole`: until then there is no file, or the old one.
    case whole
  }

  package let path: String
  /// Nil for a file that is written as a whole, and for one that has no line yet.
  private var handle: FileHandle?
  private let stage: StagedPath?
  /// A growing file that is made with its first line, so that a run that finds nothing to read leaves nothing.
  private var unmade: (place: String, overwrite: Bool)?
  /// Where a growing file was made.
  private var made: String?
  private var length: UInt64 = 0
  /// Whether something could not be written: then a file that appears whole never does.
  private var isBroken = false
  private let isRegular: Bool

  /// Checks that the file can be written; it is there with its first line, or when it is closed. Links are followed:
  /// what they point to is written. `-` is standard output, and so is `/dev/stdout`; these only grow.
  package init(_ path: String, overwrite: Bool, kind: Kind = .growing) throws {
    self.path = path
    switch try OutputTarget(path) {
    case .descriptor(let number):
      handle = try path == "-" ? .standardOutput : Self.copy(of: number, for: path)
      (stage, isRegular) = (nil, false)
    case .stream(let place):
      handle = try Self.open(place, for: path)
      (stage, isRegular) = (nil, false)
    case .file(let place):
      isRegular = true
      guard kind == .growing else {
        let stage = try StagedPath(path, overwrite: overwrite)
        handle = try kind == .staged ? Self.make(stage.temporary, overwrite: true, for: path) : nil
        self.stage = stage
        return
      }
      // Checks the same, and leaves nothing.
      _ = try StagedPath(path, overwrite: overwrite)
      (handle, stage, unmade) = (nil, nil, (place, overwrite))
    }
  }

  private static func copy(of descriptor: Int32, for path: String) throws -> FileHandle {
    let copy = dup(descriptor)
    guard copy >= 0 else { throw OutputError.notWritable(path: path, reason: "nothing is open under that number") }
    return FileHandle(fileDescriptor: copy, closeOnDealloc: true)
  }

  private static func open(_ place: String, for path: String) throws -> FileHandle {
    do { return try FileHandle(forWritingTo: URL(fileURLWithPath: place)) } catch {
      throw OutputError.notWritable(path: path, reason: "permission denied")
    }
  }

  private static func make(_ place: String, overwrite: Bool, for path: String) throws -> FileHandle {
    if overwrite {
      // A new file takes the name: what else links to the old one keeps it.
      guard FileManager.default.createFile(atPath: place, contents: nil) else {
        throw OutputError.notWritable(path: path, reason: "permission denied or a read-only file system")
      }
      return try open(place, for: path)
    }
    let descriptor = unsafe Foundation.open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw OutputError.exists(path: path) }
      throw OutputError.notWritable(path: path, reason: text(of: errno))
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Makes a growing file that is not there yet.
  private func begin() throws {
    guard let (place, overwrite) = unmade else { return }
    if overwrite { RunManifest.remove(describing: path) }
    handle = try Self.make(place, overwrite: overwrite, for: path)
    (unmade, made) = (nil, place)
  }

  /// Whether the file that was written is the one that its path leads to.
  private var isInPlace: Bool {
    guard let made, let handle else { return true }
    var (mine, there) = (stat(), stat())
    return unsafe fstat(handle.fileDescriptor, &mine) == 0 && stat(made, &there) == 0 && mine.st_ino == there.st_ino
      && mine.st_dev == there.st_dev
  }

  /// Whether a path names a file, not standard output, a pipe or a device.
  package static func isFile(_ path: String) -> Bool {
    switch try? OutputTarget(path) {
    case .file: true
    case .descriptor, .stream: false
    case nil: !path.hasPrefix("/dev/")
    }
  }

  /// Adds one line, with its end.
  package func append(_ line: String) throws { try append(Data((line + "\n").utf8)) }

  /// Puts the whole text in place, by a new file that takes the name when it is complete.
  package func writeWhole(_ text: String) throws { try writeWhole(Data(text.utf8)) }

  package func writeWhole(_ data: Data) throws {
    guard let stage, handle == nil else { return try append(data) }
    do { try data.write(to: URL(fileURLWithPath: stage.temporary)) } catch { throw failure(Self.code(of: error)) }
    try stage.commit()
  }

  private func append(_ data: Data) throws {
    try begin()
    precondition(handle != nil, "a file that is written as a whole has no lines")
    do {
      try handle?.write(contentsOf: data)
      length += UInt64(data.count)
    } catch {
      isBroken = true
      let code = Self.code(of: error)
      if code == EPIPE { throw OutputError.readerGone }
      // Half a line is no row: cut back to the last whole one.
      if isRegular { try? handle?.truncate(atOffset: length) }
      throw failure(code)
    }
  }

  package func close() throws {
    guard path != "-" else { return }
    try begin()
    guard isInPlace else { throw OutputError.replaced(path: path) }
    try? handle?.close()
    if handle != nil, !isBroken { try stage?.commit() }
  }

  private func failure(_ code: Int32) -> OutputError {
    if code == ENOSPC || code == EDQUOT { return .diskFull(path: path, keepsRows: stage == nil) }
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
      if current.domain == NSCocoaErrorDomain && current.code == CocoaError.fileWriteOutOfSpace.rawValue {
        return ENOSPC
      }
      error = current.userInfo[NSUnderlyingErrorKey] as? NSError
    }
    return EIO
  }
}
