import Foundation

/// The video that a timeline belongs to, as other programs are told about it.
package struct MediaReference: Sendable, Hashable {
  /// A path or a URL.
  package let location: String

  /// Nil for what nobody can open again: standard input and cameras.
  package init?(_ location: String) {
    guard !location.isEmpty, location != "-", !location.hasPrefix("v4l2:"), !location.hasPrefix("/dev/") else {
      return nil
    }
    if location.hasPrefix("file://") {
      self.location = URL(string: location)?.path ?? location
    } else if location.contains("://"), var parts = URLComponents(string: location) {
      // A password has no place in a file that is passed on.
      (parts.user, parts.password) = (nil, nil)
      self.location = parts.string ?? ""
    } else {
      self.location = location
    }
  }

  package var isURL: Bool { location.contains("://") }
  /// The absolute path, or the URL.
  package var absolute: String { isURL ? location : URL(fileURLWithPath: location).standardizedFileURL.path }
  package var absoluteURL: String {
    isURL ? location : URL(fileURLWithPath: location).standardizedFileURL.absoluteString
  }
  /// File name without folder and extension.
  package var stem: String { ((location as NSString).lastPathComponent as NSString).deletingPathExtension }

  /// The path as seen from the folder of `output`, for links that survive when both move together.
  package func path(from output: String) -> String {
    guard !isURL, output != "-" else { return absolute }
    let target = URL(fileURLWithPath: location).standardizedFileURL.pathComponents
    let folder = URL(fileURLWithPath: output).standardizedFileURL.deletingLastPathComponent().pathComponents
    let common = zip(target, folder).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: folder.count - common) + target[common...]).joined(separator: "/")
  }

  package var mimeType: String {
    switch (location as NSString).pathExtension.lowercased() {
    case "mp4", "m4v": "video/mp4"
    case "mov": "video/quicktime"
    case "mpg", "mpeg": "video/mpeg"
    case "webm": "video/webm"
    case "avi": "video/x-msvideo"
    default: "video/*"
    }
  }
}
