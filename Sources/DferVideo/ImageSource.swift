import DferImage
import Foundation

/// A folder or a list of images, read as a video: one image is one frame, at a steady rate.
///
/// Images may differ in size and format. One that cannot be read is counted as damaged and leaves a hole of one frame.
public final class ImageSource: VideoEvents, @unchecked Sendable {
  /// Extensions of what counts as an image, in lower case.
  static let extensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "ppm", "pgm"]

  public let info: VideoInfo
  private let files: [String]
  private let rate: Double
  private let options: VideoOptions
  private let stop = StopFlag()
  private let lock = NSLock()
  // Guarded by `lock`.
  private var met = DecodeCounts()
  private var position = 0
  private var lastSize: Size?

  /// Whether a location is read by this source: a folder, or a text file with a path in each line.
  public static func takes(_ location: String) -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: location, isDirectory: &isDirectory) else { return false }
    return isDirectory.boolValue || location.lowercased().hasSuffix(".txt")
  }

  /// - Parameter location: a folder, whose images are taken in the order of their names with numbers by value, or a
  ///   `.txt` file of paths, taken in its order and relative to it.
  /// - Throws: `VideoError` when there is no image, or when none can be read.
  public init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    files = try Self.files(of: location)
    self.options = options
    rate = options.pictureRate
    var info = try Self.firstInfo(of: files, location, options)
    info.location = location
    info.format = "pictures"
    info.frameRate = rate
    info.duration = Double(files.count) / rate
    info.containerStart = 0
    info.byteSize = nil
    self.info = info
  }

  public var counts: DecodeCounts { lock.withLock { met } }
  public var byteProgress: Double? { lock.withLock { Double(position) / Double(files.count) } }
  public func cancel() { stop.raise() }

  public func next() throws -> VideoEvent? {
    while !stop.isRaised {
      let index = lock.withLock {
        defer { position += 1 }
        return position
      }
      guard index < files.count else { break }
      let time = MediaTime(
        ticks: Int64((Double(index) * 1e6 / rate).rounded()), timeBase: TimeBase(numerator: 1, denominator: 1_000_000))
      let frame = firstFrame(of: files[index])
      return lock.withLock {
        met.packets += 1
        guard let frame else {
          met.damaged += 1
          return .gap(Gap(start: time.seconds, end: time.seconds + 1 / rate, reason: .damage))
        }
        if let lastSize, lastSize != frame.size { met.sizeChanges += 1 }
        lastSize = frame.size
        met.frames += 1
        return .frame(frame.shown(as: met.frames - 1, at: time, for: 1 / rate))
      }
    }
    if counts.frames == 0 && !stop.isRaised { throw VideoError.noFrames(path: info.location) }
    return nil
  }

  /// The facts of the first image that can be read.
  private static func firstInfo(of files: [String], _ location: String, _ options: VideoOptions) throws -> VideoInfo {
    var reason: any Error = VideoError.directory(path: location)
    for file in files {
      do { return try VideoSource(file, options: options).info } catch { reason = error }
    }
    throw reason
  }

  private func firstFrame(of file: String) -> Frame? {
    guard let source = try? VideoSource(file, options: options), case .frame(let frame)? = try? source.next() else {
      return nil
    }
    return frame as? Frame
  }

  private static func files(of location: String) throws -> [String] {
    if location.lowercased().hasSuffix(".txt") {
      guard let text = try? String(contentsOfFile: location, encoding: .utf8) else {
        throw VideoError.notReadable(path: location)
      }
      let folder = URL(fileURLWithPath: location).deletingLastPathComponent()
      return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        .map { $0.hasPrefix("/") ? $0 : folder.appendingPathComponent($0).path }
    }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: location) else {
      throw VideoError.notReadable(path: location)
    }
    return names.filter { extensions.contains(($0 as NSString).pathExtension.lowercased()) && !$0.hasPrefix(".") }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      .map { (location as NSString).appendingPathComponent($0) }
  }
}
