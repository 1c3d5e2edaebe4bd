import CDemuxerLog
import CFFmpeg
import Foundation

/// A media file being written: streams are added, then the header, packets and the trailer. Owns the format context.
///
/// Until `finish()` everything goes to a hidden new file beside it, so that the name itself never holds half a video; a muxer that
/// goes away before that takes its part file with it.
final class Muxer {
  /// For messages.
  let path: String
  private let target: String
  let context: UnsafeMutablePointer<AVFormatContext>
  private let part: String
  private var state = State.open

  private enum State { case open, started, finished }

  /// - Parameters:
  ///   - path: its extension chooses the container, as .mp4 or .mkv.
  ///   - name: whose extension does so instead; nil: the path's own.
  init(_ path: String, as name: String? = nil) throws {
    dfer_listen_to_demuxers()
    (self.path, target) = (name ?? path, path)
    let file = (path as NSString).lastPathComponent
    part =
      String(path.dropLast(file.count)) + ".\(file.prefix(60)).part-"
      + String(UInt32.random(in: .min ... .max), radix: 16)
    guard let format = av_guess_format(nil, name ?? path, nil) else {
      throw VideoWriteError(
        operation: "write", path: self.path, reason: "no container format has this file name extension")
    }
    var context: UnsafeMutablePointer<AVFormatContext>?
    let allocated = avformat_alloc_output_context2(&context, format, nil, part)
    guard allocated >= 0, let context else {
      throw VideoWriteError(operation: "write", path: self.path, reason: text(of: allocated))
    }
    self.context = context
    // The same packets always make the same bytes: no library version, no date.
    context.pointee.flags |= AVFMT_FLAG_BITEXACT
    // A name that is there, or that links elsewhere, is somebody else's.
    let made = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard made >= 0 else {
      let reason = String(cString: strerror(errno))
      avformat_free_context(context)
      throw VideoWriteError(operation: "create", path: self.path, reason: reason)
    }
    close(made)
    let opened = avio_open(&context.pointee.pb, part, AVIO_FLAG_WRITE)
    guard opened >= 0 else {
      throw VideoWriteError(operation: "create", path: self.path, reason: text(of: opened))
    }
  }

  deinit {
    if context.pointee.pb != nil { avio_closep(&context.pointee.pb) }
    avformat_free_context(context)
    if state != .finished { try? FileManager.default.removeItem(atPath: part) }
  }

  /// Whether encoders must keep their parameter sets out of the packets.
  var wantsGlobalHeader: Bool { context.pointee.oformat.pointee.flags & AVFMT_GLOBALHEADER != 0 }

  /// A new stream with these parameters; times of its packets are in `timeBase` of the stream after `start()`.
  func addStream(
    _ parameters: UnsafePointer<AVCodecParameters>, timeBase: AVRational
  ) throws -> UnsafeMutablePointer<AVStream> {
    guard let stream = avformat_new_stream(context, nil) else {
      throw VideoWriteError(operation: "write", path: self.path, reason: "out of memory")
    }
    try check(avcodec_parameters_copy(stream.pointee.codecpar, parameters))
    stream.pointee.time_base = timeBase
    return stream
  }

  /// Writes the header; no streams can be added after it.
  func start() throws {
    var options: OpaquePointer?
    // MP4: the index before the images, so that a player can begin at once.
    av_dict_set(&options, "movflags", "+faststart", 0)
    defer { av_dict_free(&options) }
    try check(avformat_write_header(context, &options))
    state = .started
  }

  /// Takes over the packet's data. Its times are in ticks of `base`.
  func write(
    _ packet: UnsafeMutablePointer<AVPacket>, to stream: UnsafeMutablePointer<AVStream>, base: AVRational
  ) throws {
    av_packet_rescale_ts(packet, base, stream.pointee.time_base)
    packet.pointee.stream_index = stream.pointee.index
    try check(av_interleaved_write_frame(context, packet))
  }

  /// Writes what is left and gives the file its name.
  func finish() throws {
    try check(av_write_trailer(context))
    try check(avio_closep(&context.pointee.pb))
    guard rename(part, target) == 0 else {
      throw VideoWriteError(operation: "put in place", path: self.path, reason: String(cString: strerror(errno)))
    }
    state = .finished
  }

  private func check(_ code: Int32) throws {
    if code < 0 { throw VideoWriteError(operation: "write", path: self.path, reason: text(of: code)) }
  }
}
