import CDemuxerLog
import CFFmpeg
import DferImage
import Foundation
import Synchronization

/// An opened container: finds the video stream and hands out its packets. Owns the format context.
final class Container {
  let info: VideoInfo
  let timeBase: TimeBase
  private let input: OpenedInput
  var context: UnsafeMutablePointer<AVFormatContext> { input.context }
  /// The stream that is read; another one than at the start where a broadcast goes on in another.
  var stream: UnsafeMutablePointer<AVStream> { context.pointee.streams[index]! }
  private(set) var index: Int
  private var succession: StreamSuccession?
  private(set) var clock: PacketClock
  private let stop: StopFlag
  /// Seconds that one read may take. No source may keep us waiting for ever, not even a file.
  private let timeout: Double
  private let follows: Bool
  /// The path of a file.
  let file: String?
  /// Whether packets lie in memory of a driver, which goes with the device.
  private let isDevice: Bool
  /// Whether parts can be lost on the way without anything else telling of it.
  let mayLoseParts: Bool

  /// Whether a read has run out of its time.
  private var fellSilent = false
  /// When the newest packet came.
  private(set) var lastArrival = ContinuousClock.now
  /// Whether the demuxer passed over something damaged on its way to the newest packet.
  private(set) var passedDamage = false
  /// A read error other than the end of the file; the file was cut off or cannot be read further.
  private(set) var endedBadly = false
  /// Whether FFmpeg could not read on although there is more.
  private(set) var leavesRest = false
  /// Why reading ended, for people; nil at an ordinary end.
  private(set) var endReason: String?

  /// What the file says of its own end, when it has been read.
  private(set) lazy var declaredEnd = readDeclaredEnd()

  init(_ location: String, options: VideoOptions, stop: StopFlag) throws {
    let kind = try SourceKind(location, options: options)
    self.stop = stop
    isDevice = kind.device != nil
    dfer_listen_to_demuxers()
    follows = options.follows && kind.file != nil
    file = kind.file
    timeout = options.readTimeout ?? Self.patience(with: kind, follows: follows)
    // Waiting for the first byte of a pipe has a limit of its own.
    stop.allow(timeout + (kind.isStandardInput || kind.isPipe ? options.pipeTimeout : 0))
    defer { stop.allow(nil) }
    let errors = dfer_demuxer_errors()
    input = try OpenedInput(kind, options: options, stop: stop)
    try MediaCheck(input, kind: kind).runBeforeReading()
    (info, timeBase) = try Self.examine(input.context, options: options, kind: kind)
    index = info.stream
    let base = input.context.pointee.streams[index]!.pointee.time_base
    let second = base.num > 0 ? Double(base.den) / Double(base.num) : 1e6
    clock = PacketClock(second: Int64(second.rounded()), step: Int64((second / (info.frameRate ?? 25)).rounded()))
    if options.stream == nil, info.format == "mpegts" || info.format.contains("hls") { succession = StreamSuccession() }
    // Of a short file, damage in the middle is passed over while the streams are examined.
    mayLoseParts = kind.isRemote || Self.losesParts(info.format) || dfer_demuxer_errors() > errors
  }

  deinit { succession?.letGo() }

  /// Seconds that a source may be silent, where nobody says it.
  private static func patience(with kind: SourceKind, follows: Bool) -> Double {
    if kind.device != nil { return 5 }
    if kind.isRemote || kind.isPlaylist || follows { return 10 }
    return kind.isStandardInput || kind.isPipe ? 600 : 60
  }

  /// Reads the next packet of the video stream into `packet`, its stamps moved by the clock; false at the end.
  func read(into packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    guard readAnyClock(into: packet) else { return false }
    let (pts, dts) = (packet.pointee.pts, packet.pointee.dts)
    // What an edit list hides goes back to the key frame before the place where showing goes on.
    if packet.pointee.flags & AV_PKT_FLAG_DISCARD == 0 {
      clock.note(
        decoding: dts == dfer_no_pts ? nil : dts, shown: pts == dfer_no_pts ? nil : pts,
        duration: packet.pointee.duration, isKey: packet.pointee.flags & AV_PKT_FLAG_KEY != 0)
    }
    let shift = clock.shift
    if pts != dfer_no_pts { packet.pointee.pts = pts &+ shift }
    if dts != dfer_no_pts { packet.pointee.dts = dts &+ shift }
    return true
  }

  /// How often the stamps began a new count.
  var restarts: Int { clock.restarts }

  private func readAnyClock(into packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    if succession?.give(packet) == true {
      passedDamage = false
      return true
    }
    var failures = 0
    let errors = dfer_demuxer_errors()
    stop.allow(timeout)
    defer {
      stop.allow(nil)
      passedDamage = dfer_demuxer_errors() > errors
    }
    while !stop.isRaised {
      let code = av_read_frame(context, packet)
      if stop.mustEnd { fellSilent = true }
      if code >= 0 && !fellSilent { lastArrival = .now }
      if code == dfer_error_again && !stop.mustEnd {
        // A camera without an image yet: look again soon, but do not spin.
        usleep(2000)
        continue
      }
      if code < 0 {
        // A damaged place may be passed; the end, or a broken source, may not.
        failures += 1
        if code == dfer_error_invalid_data && failures < 50 { continue }
        if let next = succession?.rest() {
          goOn(in: next)
          return succession?.give(packet) ?? false
        }
        end(with: code)
        return false
      }
      if Int(packet.pointee.stream_index) == index {
        succession?.noteOwn(packet, timeBase: stream.pointee.time_base)
        if isDevice { Self.copyBytes(of: packet) }
        return true
      }
      let goesOn = follow(packet)
      av_packet_unref(packet)
      if goesOn { return succession?.give(packet) ?? false }
    }
    return false
  }

  /// Whether the film goes on in the stream of a packet.
  private func follow(_ packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    let other = Int(packet.pointee.stream_index)
    guard succession?.mayFollow(other, of: context) == true,
      succession?.hold(packet, timeBase: context.pointee.streams[other]!.pointee.time_base) == true
    else { return false }
    goOn(in: other)
    return true
  }

  private func goOn(in other: Int) {
    // Each programme has a clock of its own.
    let programmes = (0..<Int(context.pointee.nb_programs)).map { context.pointee.programs[$0]!.pointee }
    let isSame = programmes.contains { programme in
      let streams = (0..<Int(programme.nb_stream_indexes)).map { Int(programme.stream_index[$0]) }
      return streams.contains(index) && streams.contains(other)
    }
    if !isSame { clock.expectAnotherClock() }
    index = other
  }

  /// Gives a packet memory of its own. A camera's images stay in its driver's buffers, raw ones even as decoded frames, and
  /// those are taken away when it closes: a clip that is still open then would read what is no longer there.
  private static func copyBytes(of packet: UnsafeMutablePointer<AVPacket>) {
    var copy = av_packet_alloc()
    defer { av_packet_free(&copy) }
    guard let copy, av_new_packet(copy, packet.pointee.size) >= 0, av_packet_copy_props(copy, packet) >= 0 else {
      fatalError("out of memory")
    }
    memcpy(copy.pointee.data, packet.pointee.data, Int(packet.pointee.size))
    av_packet_unref(packet)
    av_packet_move_ref(packet, copy)
  }

  private func end(with code: Int32) {
    // FFmpeg gives what it still has after a read that was broken off, and then calls it what it likes, even an
    // ordinary end.
    let isSilence = fellSilent && !stop.isRaised
    // A file that has not grown for long has ended.
    endedBadly = isSilence ? !follows : code != dfer_error_eof
    leavesRest = !isSilence && (code != dfer_error_eof || endsElsewhere || declaredEnd.hasAnotherBehind)
    guard endedBadly, !stop.isRaised else { return }
    endReason = isSilence ? "nothing for \(timeout) s" : text(of: code)
  }

  /// Whether FFmpeg ended elsewhere than the file does: of joined FLV files it reads the first.
  private var endsElsewhere: Bool {
    guard info.format == "flv", let size = info.byteSize, let read = bytesRead else { return false }
    return abs(size - read) > 1024
  }

  /// Bytes read so far, when the source can tell.
  var bytesRead: Int64? { context.pointee.pb.map { avio_seek($0, 0, SEEK_CUR) } }

  // MARK: What is in it

  /// Formats of streams: what was lost on the way is missing in their files too, and encoders write them at an even rate.
  static func losesParts(_ format: String) -> Bool {
    isSegmented(format) || ["mpegts", "mpeg"].contains(format)
  }

  /// Playlists of parts that are fetched one by one.
  private static func isSegmented(_ format: String) -> Bool { format.contains("hls") || format == "dash" }

  private static func examine(
    _ context: UnsafeMutablePointer<AVFormatContext>, options: VideoOptions, kind: SourceKind
  ) throws -> (VideoInfo, TimeBase) {
    let (name, format) = (kind.name, String(cString: context.pointee.iformat.pointee.name))
    let found = avformat_find_stream_info(context, nil)
    guard found >= 0 else { throw VideoError.failed(operation: "examine", path: name, reason: text(of: found)) }
    let streams = (0..<Int(context.pointee.nb_streams)).map { context.pointee.streams[$0]! }
    let all = streams.indices.filter { streams[$0].pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO }
    let video = all.filter { streams[$0].pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0 }
    guard !video.isEmpty else { throw VideoError.noVideoStream(path: name, onlyCoverArt: !all.isEmpty) }
    let choice = StreamChoice(among: video, of: streams)
    if let wanted = options.stream, !video.contains(wanted) {
      throw VideoError.noSuchStream(path: name, stream: wanted, video: video)
    }
    let index = options.stream ?? choice.index
    // In a broadcast the film may go on in another stream.
    let mayGoOn = format == "mpegts" && options.stream == nil
    for other in streams.indices where other != index && !(mayGoOn && video.contains(other)) {
      streams[other].pointee.discard = AVDISCARD_ALL
    }
    let stream = streams[index]
    let parameters = stream.pointee.codecpar!
    let codec = String(cString: avcodec_get_name(parameters.pointee.codec_id))
    guard avcodec_find_decoder(parameters.pointee.codec_id) != nil else {
      throw VideoError.unsupportedCodec(path: name, codec: codec)
    }
    let stored = Size(width: Int(parameters.pointee.width), height: Int(parameters.pointee.height))
    guard stored.width * stored.height <= MediaLimits.mostPixels else {
      throw VideoError.tooLarge(path: name, size: stored)
    }
    let pixelAspect = MediaLimits.pixelAspect(av_guess_sample_aspect_ratio(context, stream, nil))
    var orientation = Orientation()
    if let degrees = options.rotation {
      orientation = Orientation(clockwise: degrees)
    } else if let matrix = dfer_display_matrix(stream) {
      orientation = Orientation(a: matrix[0], b: matrix[1], c: matrix[3], d: matrix[4])
    }
    let start = context.pointee.start_time
    var info = VideoInfo(
      location: name, format: format, codec: codec,
      pixelFormat: av_get_pix_fmt_name(AVPixelFormat(parameters.pointee.format)).map { String(cString: $0) }
        ?? "unknown",
      storedSize: stored, size: uprightSize(of: stored, pixelAspect: pixelAspect, orientation: orientation),
      pixelAspect: pixelAspect, orientation: orientation,
      frameRate: MediaLimits.frameRate(dfer_frame_rate(context, stream)), duration: duration(of: stream, in: context),
      containerStart: start == dfer_no_pts ? 0 : Double(start) / Double(AV_TIME_BASE), stream: index,
      videoStreams: video, byteSize: kind.byteSize,
      isLive: kind.isLive || (kind.isRemote && isEndless(context, format: format)))
    if options.stream == nil, let note = choice.note { info.warnings.append(note) }
    return (info, MediaLimits.timeBase(stream.pointee.time_base))
  }

  /// Whether a source of a network sets its own pace, whatever its address says: a playlist without an end, or a
  /// connection that says neither its length nor its duration, as cameras send it.
  private static func isEndless(_ context: UnsafeMutablePointer<AVFormatContext>, format: String) -> Bool {
    guard context.pointee.duration <= 0 else { return false }
    return isSegmented(format) || context.pointee.pb.map { avio_size($0) <= 0 } ?? false
  }
}

/// FFmpeg's words for an error code.
func text(of code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  guard av_strerror(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The size of the upright image: the shorter direction of non-square pixels is stretched, then the image is turned.
func uprightSize(of stored: Size, pixelAspect: Double, orientation: Orientation) -> Size {
  var size = stored
  if pixelAspect > 1 { size.width = max(1, Int((Double(stored.width) * pixelAspect).rounded())) }
  if pixelAspect < 1 { size.height = max(1, Int((Double(stored.height) / pixelAspect).rounded())) }
  return orientation.upright(size)
}
