import Foundation

/// What an input is: a file, standard input, a device or an address; and how FFmpeg wants it named.
///
/// What exists as a file is a file, whatever its name looks like: names that are found on a disk must never become
/// commands.
struct SourceKind {
  /// What libavdevice reads.
  enum Device: Hashable {
    case camera, screen
    /// A filter graph that makes its own images; read like a camera.
    case virtual
    /// Any other, by FFmpeg's name.
    case named(String)

    /// FFmpeg's name of the input format.
    var inputFormat: String {
      switch self {
      #if os(macOS)
        case .camera, .screen: "avfoundation"
      #else
        case .camera: "v4l2"
        case .screen: "x11grab"
      #endif
      case .virtual: "lavfi"
      case .named(let name): name
      }
    }
  }

  /// What the source is called in messages and manifests.
  let name: String
  let url: String
  var device: Device?
  var isStandardInput = false
  /// The file's path, when it is one.
  var file: String?
  /// Whether the file is a pipe with a name.
  var isPipe = false
  var byteSize: Int64?
  /// Whether the name alone says that the source sets its own pace.
  var isLive = false
  /// Whether something outside this machine's files may keep us waiting for ever.
  var isRemote = false
  /// Scheme of an address, in lower case.
  var scheme: String?
  /// FFmpeg's name of the demuxer, where the name or an option says it; nil: by the file's bytes.
  var format: String?
  /// FFmpeg's own options for opening it.
  var settings: [String: String] = [:]

  init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    let isOpen = !options.isFileOnly
    if isOpen && location == "-" {
      (name, url, isStandardInput) = (location, "pipe:0", true)
      format = options.inputFormat
    } else if isOpen, let graph = Self.graph(location, options) {
      (name, url, device) = (redacted(location), graph, .virtual)
      (isLive, isRemote) = (true, true)
    } else if isOpen, let format = options.inputFormat, !AllowedFormats.reads(format) {
      (name, url, device) = (redacted(location), location, .named(format))
      (isLive, isRemote) = (true, true)
    } else if isOpen, !Self.isFile(location), let (device, deviceName) = Self.device(location) {
      (name, url) = (redacted(location), deviceName)
      self.device = device
      if device == .screen { settings = Self.screenSettings }
      (isLive, isRemote) = (true, true)
    } else if isOpen, !Self.isFile(location), let scheme = Self.scheme(location), scheme != "file" {
      // FFmpeg knows schemes in small letters only.
      (name, url) = (redacted(location), scheme + location.dropFirst(scheme.utf8.count))
      guard AllowedFormats.protocols(of: scheme) != nil else {
        throw VideoError.unknownAddress(path: name, scheme: scheme)
      }
      self.scheme = scheme
      isRemote = true
      format = options.inputFormat
      isLive = ["rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt", "tcp"].contains(scheme)
      // TCP first: a network that swallows UDP looks like silence.
      if scheme.hasPrefix("rtsp") { settings["rtsp_flags"] = "prefer_tcp" }
      if scheme.hasPrefix("http") {
        // A download that breaks goes on where it was, as long as the read time-out allows.
        settings = ["reconnect": "1", "reconnect_on_network_error": "1", "reconnect_delay_max": "4"]
      }
    } else {
      let path = isOpen ? try localPath(location) : location
      if isOpen, path == location, location.hasPrefix("lavfi:"), !Self.isFile(location) {
        throw VideoError.needsFormat(path: redacted(location), format: "lavfi")
      }
      name = redacted(path)
      // "file:" keeps FFmpeg from reading a meaning into colons, dashes and percent signs of a name.
      url = "file:" + path
      file = path
      (byteSize, isPipe) = try Self.facts(ofFile: path, mayGrow: options.follows)
      format = isOpen ? options.inputFormat ?? AllowedFormats.playlist(ofName: path) : nil
    }
  }

  /// Whether the source names what is opened next.
  var isPlaylist: Bool { format.map { AllowedFormats.playlists.contains($0) } ?? false }

  /// The filter graph of a source that asks for one.
  private static func graph(_ location: String, _ options: VideoOptions) -> String? {
    guard options.inputFormat == "lavfi" else { return nil }
    return location.hasPrefix("lavfi:") ? String(location.dropFirst(6)) : location
  }

  /// Whether a location is a file that is there. Cameras have paths too.
  private static func isFile(_ location: String) -> Bool {
    !location.hasPrefix("/dev/video") && FileManager.default.fileExists(atPath: location)
  }

  /// The scheme of an address in lower case; nil for anything else.
  private static func scheme(_ location: String) -> String? {
    guard let end = location.range(of: "://") else { return nil }
    let scheme = location[..<end.lowerBound]
    let isName = scheme.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || "+-._".utf8.contains(byte)
    }
    return isName && !scheme.isEmpty ? scheme.lowercased() : nil
  }

  private static func device(_ location: String) -> (Device, name: String)? {
    func rest(_ prefix: String) -> String? {
      location.hasPrefix(prefix) ? String(location.dropFirst(prefix.count)) : nil
    }
    if location.hasPrefix("/dev/video") { return (.camera, location) }
    if let name = rest("v4l2:") {
      return (.camera, !name.isEmpty && name.allSatisfy(\.isNumber) ? "/dev/video\(name)" : name)
    }
    if let name = rest("avfoundation:") { return (.camera, name) }
    return rest("screen:").map { (.screen, $0.isEmpty ? defaultScreen : $0) }
  }

  #if os(macOS)
    private static let defaultScreen = "Capture screen 0:none"
    private static let screenSettings = ["framerate": "25"]
  #else
    /// The display of this session; "screen::1.0+100,50" is another one, from a point of it on.
    private static var defaultScreen: String { ProcessInfo.processInfo.environment["DISPLAY"] ?? ":0" }
    private static let screenSettings = ["framerate": "25", "draw_mouse": "0"]
  #endif

  /// Bytes of a regular file, nil for pipes and the like; and whether it is a pipe. Throws what keeps it from being read.
  ///
  /// - Parameter mayGrow: whether somebody is still writing it: then nothing need be there yet.
  private static func facts(ofFile path: String, mayGrow: Bool) throws -> (byteSize: Int64?, isPipe: Bool) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw VideoError.missing(path: redacted(path))
    }
    if isDirectory.boolValue { throw VideoError.directory(path: path) }
    guard FileManager.default.isReadableFile(atPath: path) else { throw VideoError.notReadable(path: path) }
    if Folder.isPipe(path) { return (nil, true) }
    guard let stamp = Folder.stamp(ofFile: path) else { return (nil, false) }
    if stamp.byteSize == 0 && !mayGrow { throw VideoError.empty(path: path) }
    return (stamp.byteSize, false)
  }
}

/// The path behind a `file:` address, as file managers, browsers and ELAN write them: `file:///data/my%20talk.mp4`. Anything
/// else is given back as it is, and so is what exists under just this name.
///
/// - Throws: `VideoError` for a file of another machine.
package func localPath(_ location: String) throws -> String {
  guard location.lowercased().hasPrefix("file:"), !FileManager.default.fileExists(atPath: location) else {
    return location
  }
  let rest = location.dropFirst(5)
  guard rest.hasPrefix("//") else { return String(rest) }
  let host = rest.dropFirst(2).prefix { $0 != "/" }
  guard host.isEmpty || host.lowercased() == "localhost" else {
    throw VideoError.otherMachine(path: redacted(location), host: String(host))
  }
  let path = String(rest.dropFirst(2 + host.count))
  let decoded = path.removingPercentEncoding ?? path
  let files = FileManager.default
  return !files.fileExists(atPath: decoded) && files.fileExists(atPath: path) ? path : decoded
}
