import CDemuxerLog
import CFFmpeg
import Foundation

/// Tells from the first bytes of a file whether FFmpeg would read it as a film, without opening it for reading.
package enum FilmProbe {
  /// - Parameter path: a file; its ending counts for nothing.
  package static func isFilm(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    guard let head = try? file.read(upToCount: 64 << 10), head.count >= 16 else { return false }
    dfer_listen_to_demuxers()
    // FFmpeg reads a little beyond what it is given.
    var bytes = [UInt8](head) + [UInt8](repeating: 0, count: Int(AVPROBE_PADDING_SIZE))
    return bytes.withUnsafeMutableBufferPointer { buffer in
      "".withCString { name in
        var data = AVProbeData(filename: name, buf: buffer.baseAddress, buf_size: Int32(head.count), mime_type: nil)
        var score = AVPROBE_SCORE_RETRY
        guard let format = av_probe_input_format2(&data, 1, &score) else { return false }
        return AllowedFormats.isFilm(format)
      }
    }
  }
}
