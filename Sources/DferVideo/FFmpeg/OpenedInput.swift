import CFFmpeg
import CGrowingFile
import DferImage
import Foundation

/// A format context with everything that must live as long as it: the bytes that it reads, and the guard that says what
/// it may open beside them.
final class OpenedInput {
  let context: UnsafeMutablePointer<AVFormatContext>
  private let guarded: UnsafeMutablePointer<dfer_guard>
  private var io: UnsafeMutablePointer<AVIOContext>?
  /// A pipe that was opened here; -1: none.
  private var descriptor: Int32 = -1
  /// Position in the bytes when the header had been read.
  let headerEnd: Int64

  /// Whether it can go back in its bytes.
  var isSeekable: Bool { context.pointee.pb.map { $0.pointee.seekable != 0 } ?? false }

  init(_ kind: SourceKind, options: VideoOptions, stop: StopFlag) throws {
    let guarded = UnsafeMutablePointer<dfer_guard>.allocate(capacity: 1)
    guarded.initialize(to: dfer_guard())
    var held = Held(guarded: guarded)
    do {
      var code: Int32
      (code, held.context) = try Self.attempt(kind, Self.settings(kind, options), options, stop, &held)
      if code == -EINVAL, kind.device == .camera, options.camera == CaptureRequest() {
        // A driver that refuses what it has listed: as it comes.
        (code, held.context) = try Self.attempt(kind, kind.settings, options, stop, &held)
      }
      guard code >= 0, let context = held.context else {
        if guarded.pointee.refused != 0 { throw VideoError.outsidePlaylist(path: kind.name) }
        // FFmpeg itself refuses some of what a playlist names, and says only that the data is invalid.
        if kind.isPlaylist, code == dfer_error_invalid_data { throw VideoError.unreadablePlaylist(path: kind.name) }
        let error = Self.openError(code, kind: kind)
        if case .notVideo = error, let io = held.io { throw Self.notVideo(io, kind) }
        throw error
      }
      self.context = context
    } catch {
      held.close()
      throw error
    }
    (self.guarded, io, descriptor) = (guarded, held.io, held.descriptor)
    headerEnd = context.pointee.pb.map { avio_seek($0, 0, SEEK_CUR) } ?? 0
    // While a header is read, a playlist of playlists of playlists must come to an end; its parts may be as many as they like.
    if guarded.pointee.left > 0 || kind.scheme != nil { guarded.pointee.left = .max }
  }

  deinit {
    var held = Held(guarded: guarded, context: context, io: io, descriptor: descriptor)
    held.close()
  }

  /// What has to be let go of, whole or half made.
  private struct Held {
    let guarded: UnsafeMutablePointer<dfer_guard>
    var context: UnsafeMutablePointer<AVFormatContext>?
    var io: UnsafeMutablePointer<AVIOContext>?
    var descriptor: Int32 = -1

    mutating func close() {
      avformat_close_input(&context)
      closeBytes()
      guarded.deallocate()
    }

    mutating func closeBytes() {
      avio_closep(&io)
      if descriptor >= 0 { _ = Foundation.close(descriptor) }
      descriptor = -1
    }
  }

  // MARK: Opening

  private static func attempt(
    _ kind: SourceKind, _ settings: [String: String], _ options: VideoOptions, _ stop: StopFlag, _ held: inout Held
  ) throws -> (Int32, UnsafeMutablePointer<AVFormatContext>?) {
    // No single thing that a file asks for may be larger: an index of a billion entries is a lie.
    av_max_alloc(512 << 20)
    var context = avformat_alloc_context()
    guard let fresh = context else {
      throw VideoError.failed(operation: "open", path: kind.name, reason: "out of memory")
    }
    // An MP4 in fragments is looked through to its end first otherwise, and what comes later is never seen.
    if options.follows { fresh.pointee.flags |= AVFMT_FLAG_IGNIDX }
    let flag = Unmanaged.passUnretained(stop).toOpaque()
    var input: UnsafePointer<AVInputFormat>?
    if let device = kind.device {
      let missing = Cameras.missingLibrary
      input = UnsafePointer(av_find_input_format(device.inputFormat))
      guard input != nil else {
        avformat_free_context(fresh)
        if let missing { throw VideoError.devicesMissing(path: kind.name, library: missing) }
        throw VideoError.unsupportedDevice(path: kind.name, device: device.inputFormat)
      }
      // Devices are asked whether they have an image, never waited for inside of a driver, where nothing could end it.
      // FFmpeg asks again at once while it opens one: the rest keeps that from using a whole core.
      fresh.pointee.flags |= AVFMT_FLAG_NONBLOCK
      fresh.pointee.interrupt_callback = AVIOInterruptCB(
        callback: {
          usleep(1000)
          return Unmanaged<StopFlag>.fromOpaque($0!).takeUnretainedValue().mustEnd ? 1 : 0
        }, opaque: flag)
    } else {
      fresh.pointee.interrupt_callback = AVIOInterruptCB(
        callback: { Unmanaged<StopFlag>.fromOpaque($0!).takeUnretainedValue().mustEnd ? 1 : 0 }, opaque: flag)
      dfer_guard_install(fresh, held.guarded)
    }
    var dictionary: OpaquePointer?
    defer { av_dict_free(&dictionary) }
    for (key, value) in settings { av_dict_set(&dictionary, key, value, 0) }
    // Clocks that jump back are mended where time enters (`TimeRepair`), those that begin anew after 26 hours too. FFmpeg takes
    // every jump back for the latter, and 26 hours for what is missing.
    av_dict_set(&dictionary, "correct_ts_overflow", "0", 0)
    do {
      if kind.device == nil {
        if kind.scheme != nil {
          try prepareAddress(kind, held.guarded, &dictionary)
          input = try kind.format.map { try named($0, kind) }
        } else {
          input = try openBytes(kind, options, stop, fresh, &held)
          fresh.pointee.pb = held.io
          try prepareFile(kind, held.guarded, &dictionary)
        }
      }
    } catch {
      avformat_free_context(fresh)
      throw error
    }
    let code = avformat_open_input(&context, kind.url, input, &dictionary)
    return (code, context)
  }

  private static func settings(_ kind: SourceKind, _ options: VideoOptions) -> [String: String] {
    var all = kind.settings
    if kind.device == .camera || kind.device == .screen {
      let request =
        kind.device == .camera ? options.camera.completed(from: Cameras.modes(of: kind.url)) : options.camera
      if let size = request.size { all["video_size"] = "\(size.width)x\(size.height)" }
      if let rate = request.rate { all["framerate"] = "\(rate)" }
      if let format = request.format, kind.device == .camera {
        all[kind.device?.inputFormat == "v4l2" ? "input_format" : "pixel_format"] = format
      }
    }
    return all
  }

  /// Opens the bytes of a file or pipe, and finds what reads them: what was asked for, or what the bytes say.
  private static func openBytes(
    _ kind: SourceKind, _ options: VideoOptions, _ stop: StopFlag, _ context: UnsafeMutablePointer<AVFormatContext>,
    _ held: inout Held
  ) throws -> UnsafePointer<AVInputFormat> {
    held.closeBytes()
    var url = kind.url
    if kind.isPipe || kind.isStandardInput {
      (url, held.descriptor) = try Pipe.open(kind, patience: options.pipeTimeout, stop: stop)
    }
    var dictionary: OpaquePointer?
    defer { av_dict_free(&dictionary) }
    if options.follows && kind.file != nil { av_dict_set(&dictionary, "follow", "1", 0) }
    let code = avio_open2(&held.io, url, AVIO_FLAG_READ, &context.pointee.interrupt_callback, &dictionary)
    guard code >= 0, let io = held.io else { throw openError(code, kind: kind) }
    if options.follows { dfer_hide_size(io) }
    if let format = kind.format { return try named(format, kind) }
    var found: UnsafePointer<AVInputFormat>?
    var score = av_probe_input_buffer2(io, &found, kind.url, nil, 0, 0)
    // The ending of an image calls for the reader of numbered images, which opens files by itself. Its bytes say more.
    if let guess = found, score >= 0, AllowedFormats.firstName(guess) == "image2" {
      found = nil
      score = av_probe_input_buffer2(io, &found, "", nil, 0, 0)
    }
    guard score >= 0, let found else {
      let error = score == dfer_error_eof ? .notVideo(path: kind.name) : openError(score, kind: kind)
      if case .notVideo = error { throw notVideo(io, kind) }
      throw error
    }
    let name = AllowedFormats.firstName(found)
    if AllowedFormats.playlists.contains(name) { throw VideoError.playlist(path: kind.name, format: name) }
    // FFmpeg reads any text as "ansi art", and subtitles as streams.
    guard AllowedFormats.allows(found) else { throw notVideo(io, kind) }
    return found
  }

  /// What is in no format that is read. FFmpeg 7 knows a playlist of HLS by its usual names only, so it is asked by one:
  /// under another, the playlist may have been taken for what its name says.
  private static func notVideo(_ io: UnsafeMutablePointer<AVIOContext>, _ kind: SourceKind) -> VideoError {
    var found: UnsafePointer<AVInputFormat>?
    guard avio_seek(io, 0, SEEK_SET) == 0, av_probe_input_buffer2(io, &found, "index.m3u8", nil, 0, 0) >= 0, let found,
      AllowedFormats.playlists.contains(AllowedFormats.firstName(found))
    else { return .notVideo(path: kind.name) }
    return .playlist(path: kind.name, format: AllowedFormats.firstName(found))
  }

  private static func named(_ format: String, _ kind: SourceKind) throws -> UnsafePointer<AVInputFormat> {
    guard let found = av_find_input_format(format) else {
      throw VideoError.unsupportedDevice(path: kind.name, device: format)
    }
    return UnsafePointer(found)
  }

  private static func prepareFile(
    _ kind: SourceKind, _ guarded: UnsafeMutablePointer<dfer_guard>, _ dictionary: inout OpaquePointer?
  ) throws {
    guard kind.isPlaylist, let format = kind.format else {
      av_dict_set(&dictionary, "format_whitelist", AllowedFormats.list(), 0)
      av_dict_set(&dictionary, "protocol_whitelist", "file,pipe,fd", 0)
      return
    }
    if let file = kind.file {
      try PlaylistCheck(path: file, format: format).run()
      guard dfer_guard_set_folder(guarded, file) != 0 else { throw VideoError.missing(path: kind.name) }
    }
    guarded.pointee.left = 64
    av_dict_set(&dictionary, "format_whitelist", AllowedFormats.list(with: [format, "webvtt", "rtp", "rtsp"]), 0)
    av_dict_set(&dictionary, "protocol_whitelist", format == "sdp" ? "file,rtp,srtp,udp" : "file,crypto,data", 0)
  }

  private static func prepareAddress(
    _ kind: SourceKind, _ guarded: UnsafeMutablePointer<dfer_guard>, _ dictionary: inout OpaquePointer?
  ) throws {
    let scheme = kind.scheme ?? ""
    let more: Set<String> = scheme.hasPrefix("http") ? ["hls", "dash", "webvtt"] : ["rtsp", "rtp", "sdp", "live_flv"]
    av_dict_set(&dictionary, "format_whitelist", AllowedFormats.list(with: more), 0)
    av_dict_set(&dictionary, "protocol_whitelist", AllowedFormats.protocols(of: scheme) ?? scheme, 0)
    guarded.pointee.own = 1
    guarded.pointee.left = 64
    if scheme.hasPrefix("http"), let host = PlaylistCheck.host(of: kind.url) {
      _ = dfer_guard_set_host(guarded, host)
    }
  }

  // MARK: Why not

  private static func openError(_ code: Int32, kind: SourceKind) -> VideoError {
    switch kind.device {
    case .camera?: if let error = cameraError(dfer_posix_code(code), path: kind.name) { return error }
    case .screen?: return .noScreen(path: kind.name, screen: kind.url)
    case .virtual?, .named?, nil: break
    }
    if code == dfer_error_exit { return .timedOut(path: kind.name) }
    // "Not on the list of formats" has no code of its own.
    if code == dfer_error_invalid_data || (code == -EINVAL && kind.device == nil) {
      return kind.file.map(lacksIndex) == true ? .missingIndex(path: kind.name) : .notVideo(path: kind.name)
    }
    var reason = text(of: code)
    if kind.isPipe || kind.isStandardInput, [EIO, ESPIPE, ENOSYS].contains(dfer_posix_code(code)) {
      reason = "FFmpeg reads this format from a file, not from a pipe; give the file by its name"
    } else if kind.scheme != nil, dfer_posix_code(code) == EIO {
      reason = "the host does not answer, or nobody knows its name"
    }
    return .failed(operation: "open", path: kind.name, reason: reason)
  }

  /// Whether a file is an MP4 or QuickTime file without a `moov` box: reads the headers of its outermost boxes only.
  private static func lacksIndex(_ path: String) -> Bool {
    guard let file = FileBytes(path) else { return false }
    let names = file.boxes.prefix(1000).map { String(decoding: $0.name, as: UTF8.self) }
    return ["ftyp", "mdat", "wide", "free", "skip"].contains(names.first) && !names.contains("moov")
  }
}

/// Standard input and pipes with names, opened so that nothing can wait inside of the system without an end: reads ask
/// again and again, and hear of the end in between.
enum Pipe {
  /// What FFmpeg is to open, and a descriptor to close afterwards (-1: none).
  static func open(_ kind: SourceKind, patience: Double, stop: StopFlag) throws -> (url: String, descriptor: Int32) {
    let path = kind.isStandardInput ? "/dev/fd/0" : kind.file ?? ""
    var facts = stat()
    let isKnown = kind.isStandardInput ? fstat(0, &facts) == 0 : stat(path, &facts) == 0
    // A file on standard input can go back, and so can hold its index at the end.
    if isKnown, facts.st_mode & S_IFMT == S_IFREG, lseek(0, 0, SEEK_CUR) == 0 { return ("file:" + path, -1) }
    var descriptor: Int32 = -1
    if isKnown, facts.st_mode & S_IFMT == S_IFIFO {
      // A description of its own: the flag must not be seen by whoever shares standard input with us.
      descriptor = Foundation.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }
    guard begins(descriptor >= 0 ? descriptor : 0, within: patience, stop: stop) else {
      if descriptor >= 0 { _ = Foundation.close(descriptor) }
      throw VideoError.timedOut(path: kind.name)
    }
    return ("pipe:\(max(0, descriptor))", descriptor)
  }

  /// Whether there is something to read, or the end, before `seconds` are over.
  private static func begins(_ descriptor: Int32, within seconds: Double, stop: StopFlag) -> Bool {
    let end = ContinuousClock.now + .seconds(min(max(0, seconds), 86_400))
    repeat {
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = poll(&state, 1, 50)
      // A signal ends the wait as well, and says nothing about the input.
      if count > 0 || (count < 0 && errno != EINTR) { return true }
    } while ContinuousClock.now < end && !stop.isRaised
    return false
  }
}
