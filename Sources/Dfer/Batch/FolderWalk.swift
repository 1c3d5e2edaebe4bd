import DferVideo

/// Goes through a folder to any depth, links followed, and says what it passes by. Each folder is read once, however many
/// ways lead to it.
package struct FolderWalk {
  private let root: String
  /// Endings of the files that the walk is for: one that cannot be reached is a failure.
  private let endings: Set<String>
  /// What was passed by, as paths relative to the root.
  package private(set) var leftOut: [LeftOut] = []
  /// The folders that have been read: a link to one of them leads round, or to what has its rows already.
  private var seen: Set<Folder.Identity> = []
  /// Links to folders wait until the folders that are here themselves have been read.
  private var links: [String] = []
  private var files: [String] = []
  private var hidden = 0

  package init(_ root: String, endings: Set<String> = MediaEndings.videos) {
    self.root = root
    self.endings = endings
  }

  /// Files below the root, as paths relative to it, in the order of their bytes.
  package mutating func run() -> [String] {
    walk("")
    while !links.isEmpty { walk(links.removeFirst()) }
    if hidden > 0 {
      leftOut.append(
        LeftOut(
          path: "", reason: "\(hidden) hidden \(hidden == 1 ? "entry" : "entries") (names with a leading point)",
          isFailure: false))
    }
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Notes that a file or folder is left out.
  mutating func leave(_ name: String, _ reason: String, isFailure: Bool) {
    leftOut.append(LeftOut(path: name, reason: reason, isFailure: isFailure))
  }

  private mutating func walk(_ below: String) {
    let path = below.isEmpty ? root : root + "/" + below
    guard let identity = Folder.identity(of: path), let folder = Folder(path) else {
      return leave(below, "this folder cannot be read", isFailure: true)
    }
    guard seen.insert(identity).inserted else {
      return leave(below, "a link to a folder that is read anyway", isFailure: false)
    }
    for entry in folder.entries { take(entry, as: below.isEmpty ? entry.name : below + "/" + entry.name) }
  }

  private mutating func take(_ entry: Folder.Entry, as name: String) {
    if entry.name.utf8.first == UInt8(ascii: ".") {
      hidden += 1
      return
    }
    let isWanted = endings.contains(MediaEndings.of(name))
    guard entry.isText else {
      return leave(name, LeftOut.nameNotText, isFailure: isWanted || entry.kind == .folder)
    }
    switch entry.kind {
    case .file: files.append(name)
    case .folder where entry.isLink: links.append(name)
    case .folder: walk(name)
    case .deadLink: leave(name, "a link to nothing", isFailure: isWanted)
    case .other: leave(name, "a pipe, socket or device", isFailure: false)
    }
  }
}
