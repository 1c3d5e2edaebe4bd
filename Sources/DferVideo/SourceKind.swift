import Foundation

/// What an input is: a file, standard input, a camera or a URL; and how FFmpeg wants it named.
struct SourceKind {
  let url: String
  /// Name of the input format that must be used, for devices.
  var inputFormat: String?
  var isStandardInput: Bool { url == "pipe:0" }
  /// The file's path, when it is one.
  var file: String?
  var byteSize: Int64?
  var isLive = false
  var isCamera: Bool { inputFormat == "v4l2" }
  /// Whether something outside this machine's files may keep us waiting for ever.
  var isRemote = false

  init(_ location: String) throws {
    if location == "-" {
      url = "pipe:0"
      isLive = false
    } else if location.hasPrefix("v4l2:") || location.hasPrefix("/dev/video") {
      let name = location.hasPrefix("v4l2:") ? String(location.dropFirst(5)) : location
      url = name.allSatisfy(\.isNumber) && !name.isEmpty ? "/dev/video\(name)" : name
      inputFormat = "v4l2"
      isLive = true
      isRemote = true
    } else if let scheme = location.range(of: "://"), location[..<scheme.lowerBound].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "+" }) {
      url = location
      isRemote = true
      isLive = ["rtsp", "rtsps", "rtmp", "udp", "rtp", "srt", "tcp"].contains(location[..<scheme.lowerBound].lowercased())
    } else {
      // "file:" keeps FFmpeg from reading a meaning into colons, dashes and percent signs of a name.
      url = "file:" + location
      file = location
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: location, isDirectory: &isDirectory) else {
        throw VideoError.missing(path: location)
      }
      if isDirectory.boolValue { throw VideoError.directory(path: location) }
      guard FileManager.default.isReadableFile(atPath: location) else { throw VideoError.notReadable(path: location) }
      let facts = try? FileManager.default.attributesOfItem(atPath: (location as NSString).resolvingSymlinksInPath)
      if facts?[.type] as? FileAttributeType == .typeRegular {
        byteSize = (facts?[.size] as? NSNumber)?.int64Value
        if byteSize == 0 { throw VideoError.empty(path: location) }
      }
    }
  }
}
