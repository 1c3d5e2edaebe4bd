import CFFmpeg
import Foundation

/// Finds what cannot be read although it opens, before anything is decoded or written.
struct MediaCheck {
  private let input: OpenedInput
  private let kind: SourceKind

  init(_ input: OpenedInput, kind: SourceKind) {
    self.input = input
    self.kind = kind
  }

  func runBeforeReading() throws {
    let format = AllowedFormats.firstName(input.context.pointee.iformat)
    if format == "mov" && !input.isSeekable && isBehindItsIndex { throw VideoError.indexAtEnd(path: kind.name) }
    if format == "webp_pipe", kind.file.map(Self.isAnimated) ?? false {
      throw VideoError.unsupportedCodec(path: kind.name, codec: "animated WebP")
    }
  }

  /// Whether the first sample of any stream lies before the place where reading stands, in a source that cannot go back.
  private var isBehindItsIndex: Bool {
    (0..<Int(input.context.pointee.nb_streams)).contains { index in
      guard let stream = input.context.pointee.streams[index], let entry = avformat_index_get_entry(stream, 0) else {
        return false
      }
      return entry.pointee.pos < input.headerEnd
    }
  }

  /// Whether a WebP file holds more than one image.
  private static func isAnimated(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 21), head.count == 21
    else {
      return false
    }
    let bytes = [UInt8](head)
    return bytes[12..<16].elementsEqual("VP8X".utf8) && bytes[20] & 2 != 0
  }
}
