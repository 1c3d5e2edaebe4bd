import Foundation

/// What an input is: a file, standard input, a device or a URL; and how FFmpeg wants it named.
struct SourceKind {
  /// What libavdevice reads.
  enum Device {
    case camera, screen
    /// A filter graph that makes its own images; read like a camera.
    case virtual

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
      }
    }
  }

  let url: String
  var device: Device?
  var isStandardInput: Bool { url == "pipe:0" }
  /// The file's path, when it is one.
  var file: String?
  var byteSize: Int64?
  /// Whether the name alone says that the source sets its own pace.
  var isLive = false
  /// Whether something outside this machine's files may keep us waiting for ever.
  var isRemote = false
  /// FFmpeg's own options for opening it.
  var settings: [String: String] = [:]

  init(_ location: String) throws {
    if location == "-" {
      url = "pipe:0"
    } else if let (device, name) = Self.device(location) {
      url = name
      self.device = device
      if device == .screen { settings = Self.screenSettings }
      isLive = true
      isRemote = true
    } else if let scheme = Self.scheme(location) {
      url = location
      isRemote = true
      isLive = ["rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt", "tcp"].contains(scheme)
      // TCP first: a network that swallows UDP looks like silence.
      if scheme.hasPrefix("rtsp") { settings["rtsp_flags"] = "prefer_tcp" }
      if scheme.hasPrefix("http") {
        // A download that breaks goes on where it was, as long as the read time-out allows.
        settings = ["reconnect": "1", "reconnect_on_network_error": "1", "reconnect_delay_max": "4"]
      }
    } else {
      // "file:" keeps FFmpeg from reading a meaning into colons, dashes and percent signs of a name.
      url = "file:" + location
      file = location
      byteSize = try Self.size(ofFile: location)
    }
  }

  /// The scheme of a URL in lower case; nil for anything else.
  private static func scheme(_ location: String) -> String? {
    guard let end = location.range(of: "://") else { return nil }
    let scheme = location[..<end.lowerBound]
    return scheme.allSatisfy { $0.isLetter || $0.isNumber || $0 == "+" } ? scheme.lowercased() : nil
  }

  private static func device(_ location: String) -> (Device, name: String)? {
    func rest(_ prefix: String) -> String? { location.hasPrefix(prefix) ? String(location.dropFirst(prefix.count)) : nil }
    if location.hasPrefix("/dev/video") { return (.camera, location) }
    if let name = rest("v4l2:") {
      return (.camera, !name.isEmpty && name.allSatisfy(\.isNumber) ? "/dev/video\(name)" : name)
    }
    if let name = rest("avfoundation:") { return (.camera, name) }
    if let name = rest("screen:") { return (.screen, name.isEmpty ? defaultScreen : name) }
    return rest("lavfi:").map { (.virtual, $0) }
  }

  #if os(macOS)
    private static let defaultScreen = "Capture screen 0:none"
    private static let screenSettings = ["framerate": "25"]
  #else
    /// The display of this session; "screen::1.0+100,50" is another one, from a point of it on.
    private static var defaultScreen: String { ProcessInfo.processInfo.environment["DISPLAY"] ?? ":0" }
    private static let screenSettings = ["framerate": "25", "draw_mouse": "0"]
  #endif

  /// Bytes of a regular file; nil for pipes and the like. Throws what keeps it from being read.
  private static func size(ofFile path: String) throws -> Int64? {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw VideoError.missing(path: path)
    }
    if isDirectory.boolValue { throw VideoError.directory(path: path) }
    guard FileManager.default.isReadableFile(atPath: path) else { throw VideoError.notReadable(path: path) }
    let facts = try? FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath)
    guard facts?[.type] as? FileAttributeType == .typeRegular else { return nil }
    let size = (facts?[.size] as? NSNumber)?.int64Value
    if size == 0 { throw VideoError.empty(path: path) }
    return size
  }
}
