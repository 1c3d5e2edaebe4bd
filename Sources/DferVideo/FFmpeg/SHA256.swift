import CFFmpeg
import Foundation

/// SHA-256 by libavutil, which is linked anyway.
package enum SHA256 {
  /// The digest of a file, as 64 hexadecimal digits.
  package static func hex(ofFile path: String) throws -> String { try hex(ofFiles: [path]) }

  /// The digest of files as if they were one, each after the other.
  package static func hex(ofFiles paths: [String]) throws -> String {
    guard let state = av_sha_alloc() else {
      throw VideoError.failed(operation: "hash", path: paths.first ?? "", reason: "out of memory")
    }
    defer { av_free(UnsafeMutableRawPointer(state)) }
    av_sha_init(state, 256)
    for path in paths {
      guard let file = FileHandle(forReadingAtPath: path) else { throw VideoError.missing(path: path) }
      defer { try? file.close() }
      while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
        part.withUnsafeBytes { av_sha_update(state, $0.bindMemory(to: UInt8.self).baseAddress, part.count) }
      }
    }
    var digest = [UInt8](repeating: 0, count: 32)
    av_sha_final(state, &digest)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Which FFmpeg this program runs with.
package enum FFmpegVersion {
  package static var text: String { String(cString: av_version_info()) }
}
