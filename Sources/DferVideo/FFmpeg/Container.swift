import CFFmpeg
import DferImage
import Foundation
import Synchronization

/// An opened container: finds the video stream and hands out its packets. Owns the format context.
final class Container {
  let location: String
  let info: VideoInfo
  let timeBase: TimeBase
  let context: UnsafeMutablePointer<AVFormatContext>
  var stream: UnsafeMutablePointer<AVStream> { context.pointee.streams[info.stream]! }
  private let stop: StopFlag
  private let timeout: Double?
  private let follows: Bool
  /// Whether parts can be lost on the way without anything else telling of it.
  let mayLoseParts: Bool

  /// Whether a read has run out of its time.
  private var fellSilent = false
  /// When the newest packet came.
  private(set) var lastArrival = ContinuousClock.now
  /// A read error other than the end of the file; the file was cut off or cannot be read further.
  private(set) var endedBadly = false
  /// Why reading ended, for people; nil at an ordinary end.
  private(set) var endReason: String?

  init(_ location: String, options: VideoOptions, stop: StopFlag) throws {
    let name = redacted(location)
    let kind = try SourceKind(location)
    self.location = name
    self.stop = stop
    av_log_set_level(AV_LOG_QUIET)
    if kind.isStandardInput, !Self.hasInput(within: options.pipeTimeout) { throw VideoError.timedOut(path: name) }
    follows = options.follows && kind.file != nil
    // Files may take as long as they need; devices, networks and files that grow may not.
    timeout = kind.isRemote || follows ? options.readTimeout ?? (kind.device == nil ? 10 : 5) : nil
    stop.allow(timeout)
    defer { stop.allow(nil) }
    let context = try Self.open(kind, options: options, stop: stop, name: name)
    self.context = context
    do {
      (info, timeBase) = try Self.examine(context, options: options, kind: kind, name: name)
      mayLoseParts = kind.isRemote || Self.isSegmented(info.format)
    } catch {
      var context: UnsafeMutablePointer<AVFormatContext>? = context
      avformat_close_input(&context)
      throw error
    }
  }

  deinit {
    var context: UnsafeMutablePointer<AVFormatContext>? = context
    avformat_close_input(&context)
  }

  /// Whether standard input has something to read, or has ended, before `seconds` are over.
  private static func hasInput(within seconds: Double) -> Bool {
    var descriptor = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, Int32(min(seconds, 86_400) * 1000)) != 0
  }

  /// Reads the next packet of the video stream into `packet`; false at the end.
  func read(into packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    var failures = 0
    stop.allow(timeout)
    defer { stop.allow(nil) }
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
        end(with: code)
        return false
      }
      if Int(packet.pointee.stream_index) == info.stream { return true }
      av_packet_unref(packet)
    }
    return false
  }

  private func end(with code: Int32) {
    // FFmpeg gives what it still has after a read that was broken off, and then calls it what it likes, even an
    // ordinary end.
    let isSilence = fellSilent && !stop.isRaised
    // A file that has not grown for long has ended.
    endedBadly = isSilence ? !follows : code != dfer_error_eof
    guard endedBadly, !stop.isRaised else { return }
    endReason = isSilence ? "nothing for \(timeout.map { "\($0)" } ?? "some") s" : text(of: code)
  }

  /// Bytes read so far, when the source can tell.
  var bytesRead: Int64? { context.pointee.pb.map { avio_seek($0, 0, SEEK_CUR) } }

  // MARK: Opening

  private static func open(
    _ kind: SourceKind, options: VideoOptions, stop: StopFlag, name: String
  ) throws -> UnsafeMutablePointer<AVFormatContext> {
    var input: UnsafePointer<AVInputFormat>?
    if let device = kind.device {
      avdevice_register_all()
      input = av_find_input_format(device.inputFormat)
      guard input != nil else { throw VideoError.unsupportedDevice(path: name, device: device.inputFormat) }
    }
    func attempt(_ settings: [String: String]) throws -> (Int32, UnsafeMutablePointer<AVFormatContext>?) {
      var context = avformat_alloc_context()
      guard let fresh = context else { throw VideoError.failed(operation: "open", path: name, reason: "out of memory") }
      let flag = Unmanaged.passUnretained(stop).toOpaque()
      if kind.device == nil {
        fresh.pointee.interrupt_callback = AVIOInterruptCB(
          callback: { Unmanaged<StopFlag>.fromOpaque($0!).takeUnretainedValue().mustEnd ? 1 : 0 }, opaque: flag)
      } else {
        // Devices are asked whether they have an image, never waited for inside of a driver, where nothing could end
        // it. FFmpeg asks again at once while it opens one: the rest keeps that from using a whole core.
        fresh.pointee.flags |= AVFMT_FLAG_NONBLOCK
        fresh.pointee.interrupt_callback = AVIOInterruptCB(
          callback: {
            usleep(1000)
            return Unmanaged<StopFlag>.fromOpaque($0!).takeUnretainedValue().mustEnd ? 1 : 0
          }, opaque: flag)
      }
      var dictionary: OpaquePointer?
      defer { av_dict_free(&dictionary) }
      for (key, value) in settings { av_dict_set(&dictionary, key, value, 0) }
      let code = avformat_open_input(&context, kind.url, input, &dictionary)
      return (code, context)
    }
    var (code, context) = try attempt(settings(kind, options))
    if code == -EINVAL, kind.device == .camera, options.camera == CaptureRequest() {
      // A driver that refuses what it has listed: as it comes.
      (code, context) = try attempt(kind.settings)
    }
    guard code >= 0, let context else { throw openError(code, kind: kind, name: name) }
    return context
  }

  private static func settings(_ kind: SourceKind, _ options: VideoOptions) -> [String: String] {
    var all = kind.settings
    if kind.device == .camera || kind.device == .screen {
      let captureRequest = kind.device == .camera ? options.camera.completed(from: Cameras.modes(of: kind.url)) : options.camera
      if let size = captureRequest.size { all["video_size"] = "\(size.width)x\(size.height)" }
      if let rate = captureRequest.rate { all["framerate"] = "\(rate)" }
      if let format = captureRequest.format, kind.device == .camera {
        all[kind.device?.inputFormat == "v4l2" ? "input_format" : "pixel_format"] = format
      }
    }
    if options.follows && kind.file != nil { all["follow"] = "1" }
    return all
  }

  /// Playlists of parts that are fetched one by one.
  private static func isSegmented(_ format: String) -> Bool { format.contains("hls") || format == "dash" }

  private static func examine(
    _ context: UnsafeMutablePointer<AVFormatContext>, options: VideoOptions, kind: SourceKind, name: String
  ) throws -> (VideoInfo, TimeBase) {
    let format = String(cString: context.pointee.iformat.pointee.name)
    // FFmpeg reads any text as "ansi art".
    if format == "tty" { throw VideoError.notVideo(path: name) }
    let found = avformat_find_stream_info(context, nil)
    guard found >= 0 else { throw VideoError.failed(operation: "examine", path: name, reason: text(of: found)) }
    let streams = (0..<Int(context.pointee.nb_streams)).map { context.pointee.streams[$0]! }
    let all = streams.indices.filter { streams[$0].pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO }
    let video = all.filter { streams[$0].pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0 }
    guard !video.isEmpty else { throw VideoError.noVideoStream(path: name, onlyCoverArt: !all.isEmpty) }
    let index: Int
    if let wanted = options.stream {
      guard video.contains(wanted) else { throw VideoError.noSuchStream(path: name, stream: wanted, video: video) }
      index = wanted
    } else {
      let isDefault = { streams[$0].pointee.disposition & AV_DISPOSITION_DEFAULT != 0 }
      index = video.first(where: isDefault) ?? video[0]
    }
    for other in streams.indices where other != index { streams[other].pointee.discard = AVDISCARD_ALL }
    let stream = streams[index]
    let parameters = stream.pointee.codecpar!
    let codec = String(cString: avcodec_get_name(parameters.pointee.codec_id))
    guard avcodec_find_decoder(parameters.pointee.codec_id) != nil else {
      throw VideoError.unsupportedCodec(path: name, codec: codec)
    }
    let base = stream.pointee.time_base
    let stored = Size(width: Int(parameters.pointee.width), height: Int(parameters.pointee.height))
    let aspect = av_guess_sample_aspect_ratio(context, stream, nil)
    let pixelAspect = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
    var orientation = Orientation()
    if let degrees = options.rotation {
      orientation = Orientation(clockwise: degrees)
    } else if let matrix = dfer_display_matrix(stream) {
      orientation = Orientation(a: matrix[0], b: matrix[1], c: matrix[3], d: matrix[4])
    }
    let rate = dfer_frame_rate(context, stream)
    let start = context.pointee.start_time
    return (
      VideoInfo(
        location: name, format: format, codec: codec,
        pixelFormat: av_get_pix_fmt_name(AVPixelFormat(parameters.pointee.format)).map { String(cString: $0) } ?? "unknown",
        storedSize: stored, size: uprightSize(of: stored, pixelAspect: pixelAspect, orientation: orientation),
        pixelAspect: pixelAspect, orientation: orientation,
        frameRate: rate.num > 0 && rate.den > 0 ? Double(rate.num) / Double(rate.den) : nil,
        duration: duration(of: stream, in: context),
        containerStart: start == dfer_no_pts ? 0 : Double(start) / Double(AV_TIME_BASE), stream: index,
        videoStreams: video, byteSize: kind.byteSize,
        isLive: kind.isLive || (kind.isRemote && isEndless(context, format: format))),
      TimeBase(numerator: base.num, denominator: base.den)
    )
  }

  /// Whether a source of a network sets its own pace, whatever its address says: a playlist without an end, or a
  /// connection that says neither its length nor its duration, as cameras send it.
  private static func isEndless(_ context: UnsafeMutablePointer<AVFormatContext>, format: String) -> Bool {
    guard context.pointee.duration <= 0 else { return false }
    return isSegmented(format) || context.pointee.pb.map { avio_size($0) <= 0 } ?? false
  }

  /// The stream's own duration. The container's counts only when there is no other stream that could be the longer one.
  private static func duration(
    of stream: UnsafeMutablePointer<AVStream>, in context: UnsafeMutablePointer<AVFormatContext>
  ) -> Double? {
    let base = stream.pointee.time_base
    let start = context.pointee.start_time
    if stream.pointee.duration > 0 {
      // From the container's start, like all times here.
      let first = stream.pointee.start_time == dfer_no_pts ? 0 : Double(stream.pointee.start_time) * av_q2d(base)
      let origin = start == dfer_no_pts ? first : Double(start) / Double(AV_TIME_BASE)
      return Double(stream.pointee.duration) * av_q2d(base) + max(0, first - origin)
    }
    if let end = taggedEnd(of: stream) {
      return max(0, end - (start == dfer_no_pts ? 0 : Double(start) / Double(AV_TIME_BASE)))
    }
    guard context.pointee.duration > 0 else { return nil }
    return Double(context.pointee.duration) / Double(AV_TIME_BASE)
  }

  /// Whether the declared duration is the video stream's own, so that ending before it means a cut file.
  var declaresStreamDuration: Bool { stream.pointee.duration > 0 || Self.taggedEnd(of: stream) != nil }

  /// The end of a Matroska stream in seconds, by its tag: "00:00:03.133000000".
  private static func taggedEnd(of stream: UnsafeMutablePointer<AVStream>) -> Double? {
    guard let entry = av_dict_get(stream.pointee.metadata, "DURATION", nil, AV_DICT_IGNORE_SUFFIX) else { return nil }
    let parts = String(cString: entry.pointee.value).split(separator: ":").map { Double($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else { return nil }
    let end = hours * 3600 + minutes * 60 + seconds
    return end.isFinite && end > 0 ? end : nil
  }

  private static func openError(_ code: Int32, kind: SourceKind, name: String) -> VideoError {
    switch kind.device {
    case .camera?: if let error = cameraError(dfer_posix_code(code), path: name) { return error }
    case .screen?: return .noScreen(path: name, screen: kind.url)
    case .virtual?, nil: break
    }
    if code == dfer_error_exit {
      return kind.isRemote ? .timedOut(path: name) : .cancelled(path: name)
    }
    if code == dfer_error_invalid_data {
      return kind.file.map(lacksIndex) == true ? .missingIndex(path: name) : .notVideo(path: name)
    }
    return .failed(operation: "open", path: name, reason: text(of: code))
  }

  /// Whether a file is an MP4 or QuickTime file without a `moov` box: reads the headers of its outermost boxes only.
  private static func lacksIndex(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    var offset: UInt64 = 0
    var isFirst = true
    for _ in 0..<1000 {
      guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.read(upToCount: 16), data.count >= 8 else { break }
      let bytes = [UInt8](data)
      let kind = String(decoding: bytes[4..<8], as: UTF8.self)
      if isFirst && !["ftyp", "mdat", "wide", "free", "skip"].contains(kind) { return false }
      if kind == "moov" { return false }
      isFirst = false
      var size = bytes[0..<4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if size == 1, bytes.count == 16 { size = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
      guard size >= 8, offset <= UInt64.max / 2, size <= UInt64.max / 2 else { break }
      offset += size
    }
    return !isFirst
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

