import CFFmpeg
import DferImage

/// How long a video is, by the word of its container, and whether all of it is there.
extension Container {
  /// The stream's own duration. The container's counts only when there is no other stream that could be the longer one.
  static func duration(
    of stream: UnsafeMutablePointer<AVStream>, in context: UnsafeMutablePointer<AVFormatContext>
  ) -> Double? {
    let base = stream.pointee.time_base
    let start = context.pointee.start_time
    if stream.pointee.duration > 0 {
      // From the container's start, like all times here.
      let first = stream.pointee.start_time == dfer_no_pts ? 0 : Double(stream.pointee.start_time) * av_q2d(base)
      let origin = start == dfer_no_pts ? first : Double(start) / Double(AV_TIME_BASE)
      return MediaLimits.duration(Double(stream.pointee.duration) * av_q2d(base) + max(0, first - origin))
    }
    if let end = taggedEnd(of: stream) {
      return MediaLimits.duration(end - (start == dfer_no_pts ? 0 : Double(start) / Double(AV_TIME_BASE)))
    }
    guard context.pointee.duration > 0 else { return nil }
    return MediaLimits.duration(Double(context.pointee.duration) / Double(AV_TIME_BASE))
  }

  /// Seconds from the start to the end of all streams of a broadcast or its recording, in which sound and images end together; nil
  /// elsewhere, and where nobody can know it.
  var broadcastSeconds: Double? {
    guard Self.losesParts(info.format), clock.restarts == 0, index == info.stream, context.pointee.duration > 0 else {
      return nil
    }
    return MediaLimits.duration(Double(context.pointee.duration) / Double(AV_TIME_BASE))
  }

  /// Reads what the file says of its own end; nothing of pipes and addresses.
  func readDeclaredEnd() -> DeclaredEnd {
    guard let file else { return DeclaredEnd() }
    let image = stream.pointee.codecpar.pointee
    let bytes = av_image_get_buffer_size(AVPixelFormat(image.format), image.width, image.height, 1)
    var end = DeclaredEnd.read(file, format: info.format, frameBytes: Int(bytes))
    // FFmpeg makes the duration of an AVI file from the frames that it finds, and hands out how many there should be.
    if info.format == "avi", end.isCut, stream.pointee.nb_frames > 0 {
      end.seconds = MediaLimits.duration(Double(stream.pointee.nb_frames) * av_q2d(stream.pointee.time_base))
      end.declaresDuration = end.seconds != nil
    }
    return end
  }

  /// Whether every frame that the container lists has been read.
  func hasGivenAll(packets: Int) -> Bool {
    stream.pointee.nb_frames > 0 && Int64(packets) >= stream.pointee.nb_frames
  }

  /// Whether the declared duration is the video stream's own, so that ending before it means a cut file.
  var declaresStreamDuration: Bool {
    !lendsDuration && (stream.pointee.duration > 0 || Self.taggedEnd(of: stream) != nil)
  }

  /// Whether FFmpeg gives every stream the duration of the longest, or one that it makes up.
  private var lendsDuration: Bool { ["avi", "asf"].contains(info.format) }

  /// Seconds that were promised of a file that was cut off or damaged, in which sound may go on longer than the images.
  var promisedSeconds: Double? {
    if let seconds = declaredEnd.seconds, declaredEnd.isCut { return seconds }
    return lendsDuration ? nil : info.duration
  }

  /// The end of a Matroska stream in seconds, by its tag: "00:00:03.133000000".
  static func taggedEnd(of stream: UnsafeMutablePointer<AVStream>) -> Double? {
    guard let entry = av_dict_get(stream.pointee.metadata, "DURATION", nil, AV_DICT_IGNORE_SUFFIX) else { return nil }
    let parts = String(cString: entry.pointee.value).split(separator: ":").map { Double($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else { return nil }
    return MediaLimits.duration(hours * 3600 + minutes * 60 + seconds)
  }
}
