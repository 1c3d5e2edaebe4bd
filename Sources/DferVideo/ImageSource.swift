import DferImage
import Foundation

/// A folder or a list of images, read as a video: one image is one frame, at a steady rate.
///
/// Images may differ in size and format. One that cannot be read is counted as damaged and leaves a gap of one frame;
/// numbers that are missing in the names of a folder leave a gap as long as they are.
package final class ImageSource: VideoEvents, @unchecked Sendable {
  /// What `VideoInfo.format` says of one.
  package static let format = "pictures"

  package let info: VideoInfo
  private let files: [(path: String, place: Int)]
  private let rate: Double
  private let options: VideoOptions
  private let stop = StopFlag()
  private let lock = NSLock()
  // Guarded by `lock`.
  private var met = DecodeCounts()
  private var position = 0
  /// Place of the next image in time, in images.
  private var place = 0
  private var lastSize: Size?

  /// Whether a location is read by this source: a folder, or a text file with a path in each line.
  package static func takes(_ location: String) -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: location, isDirectory: &isDirectory) else { return false }
    return isDirectory.boolValue || (MediaEndings.of(location) == "txt" && !FilmProbe.isFilm(location))
  }

  /// - Parameter location: a folder, whose images are taken in the order of their names with numbers by value, or a
  ///   `.txt` file of paths, taken in its order and relative to it.
  /// - Throws: `VideoError` when there is no image, or when none can be read.
  package init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    let numbered = try Self.files(of: location)
    files = numbered.files
    // What a list names are files, whatever their names look like.
    var options = options
    (options.isFileOnly, options.inputFormat) = (true, nil)
    self.options = options
    rate = options.imageRate
    var info = try Self.firstInfo(of: files.map(\.path), location, options)
    info.location = redacted(location)
    info.warnings = numbered.warning.map { [$0] } ?? []
    info.format = Self.format
    info.frameRate = rate
    info.duration = Double((files.last?.place ?? 0) + 1) / rate
    info.containerStart = 0
    info.byteSize = nil
    self.info = info
  }

  package var counts: DecodeCounts { lock.withLock { met } }
  package var byteProgress: Double? { lock.withLock { Double(position) / Double(files.count) } }
  package func cancel() { stop.raise() }

  package func next() throws -> VideoEvent? {
    while !stop.isRaised {
      let (index, due) = lock.withLock { (self.position, self.place) }
      guard index < files.count else { break }
      let (path, place) = (files[index].path, files[index].place)
      if place > due {
        lock.withLock { self.place = place }
        return .gap(Gap(start: time(of: due).seconds, end: time(of: place).seconds, reason: .missingImages))
      }
      let (time, end) = (time(of: place), time(of: place + 1).seconds)
      let frame = firstFrame(of: path)
      let lacksEnd = frame != nil && Self.lacksEnd(path)
      return lock.withLock {
        (self.position, self.place) = (index + 1, place + 1)
        met.packets += 1
        guard let frame else {
          met.damaged += 1
          return .gap(Gap(start: time.seconds, end: end, reason: .damage))
        }
        if lacksEnd { met.damaged += 1 }
        if let lastSize, lastSize != frame.size { met.sizeChanges += 1 }
        lastSize = frame.size
        met.frames += 1
        return .frame(frame.shown(as: met.frames - 1, at: time, for: 1 / rate))
      }
    }
    if counts.frames == 0 && !stop.isRaised { throw VideoError.noFrames(path: info.location) }
    return nil
  }

  private func time(of place: Int) -> MediaTime {
    MediaTime(
      ticks: Int64((Double(place) * 1e6 / rate).rounded()), timeBase: TimeBase(numerator: 1, denominator: 1_000_000))
  }

  /// The facts of the first image that can be read.
  private static func firstInfo(of files: [String], _ location: String, _ options: VideoOptions) throws -> VideoInfo {
    var reason: any Error = VideoError.directory(path: location)
    for file in files where Folder.kind(of: file) != .other {
      do { return try VideoSource(file, options: options).info } catch { reason = error }
    }
    throw reason
  }

  private func firstFrame(of file: String) -> Frame? {
    guard Self.isRegular(file), let source = try? VideoSource(file, options: options),
      case .frame(let frame)? = try? source.next()
    else {
      return nil
    }
    return frame as? Frame
  }

  /// Whether a JPEG image lacks its end. It decodes all the same, grey from the cut on, or whole where only the mark is missing.
  private static func lacksEnd(_ file: String) -> Bool {
    ["jpg", "jpeg"].contains(MediaEndings.of(file))
      && DeclaredEnd.read(file, format: "mjpeg", frameBytes: 0).isCut
  }

  /// A pipe would be waited for.
  private static func isRegular(_ file: String) -> Bool { Folder.kind(of: file) == .file }

  private static func files(of location: String) throws -> ImageNumbers {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: location, isDirectory: &isDirectory), isDirectory.boolValue else {
      return ImageNumbers(inOrder: try listed(in: location))
    }
    guard let entries = Folder(location)?.entries else { throw VideoError.notReadable(path: location) }
    // A link to nothing and a pipe have the place of an image that cannot be read.
    func files(_ endings: Set<String>, _ isMeant: (Folder.Kind) -> Bool) -> [String] {
      entries.filter { isMeant($0.kind) && !$0.name.hasPrefix(".") && endings.contains(MediaEndings.of($0.name)) }.map(
        \.name)
    }
    if let odd = entries.first(where: { !$0.isText && MediaEndings.images.contains(MediaEndings.of($0.name)) }) {
      throw VideoError.nameNotText(path: (location as NSString).appendingPathComponent(odd.name))
    }
    let videos = files(MediaEndings.videos.subtracting(["gif", "apng"])) { $0 == .file }
    if !videos.isEmpty { throw VideoError.folderOfVideos(path: location, videos: videos.count) }
    return ImageNumbers(
      folder: files(MediaEndings.images) { $0 != .folder }.sorted { a, b in
        let order = a.compare(b, options: .numeric)
        return order == .orderedSame ? a.utf8.lexicographicallyPrecedes(b.utf8) : order == .orderedAscending
      }.map { (location as NSString).appendingPathComponent($0) })
  }

  /// Paths in the lines of a text file, relative to it.
  private static func listed(in location: String) throws -> [String] {
    guard FileManager.default.isReadableFile(atPath: location),
      let data = FileManager.default.contents(atPath: location)
    else {
      throw VideoError.notReadable(path: location)
    }
    let isWide = data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF])
    guard let text = String(data: data, encoding: isWide ? .utf16 : .utf8), !text.utf8.contains(0) else {
      throw VideoError.notText(path: location)
    }
    let folder = URL(fileURLWithPath: location).deletingLastPathComponent()
    let names = text.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: CharacterSet.whitespaces.union(CharacterSet(charactersIn: "\u{FEFF}"))) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !names.isEmpty else { throw VideoError.emptyList(path: location) }
    return names.map { $0.hasPrefix("/") ? $0 : folder.appendingPathComponent($0).path }
  }
}
