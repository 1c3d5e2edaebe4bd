import CFFmpeg
import DferImage

/// Writes RGB images as a video file, one image at a time, with the times they are given.
///
/// The file has its name only after `finish()`; a writer that is dropped before leaves nothing behind. The same images
/// and times give the same bytes with the same FFmpeg.
package final class VideoWriter {
  package let path: String
  private let muxer: Muxer
  private let encoder: VideoEncoder
  private let stream: UnsafeMutablePointer<AVStream>
  private let sound: SoundCopy?
  private var last: Int64?

  /// - Parameters:
  ///   - path: .mp4, .mkv or another container that FFmpeg knows by its extension. An existing file is replaced.
  ///   - name: whose extension counts instead; nil: the path's own.
  ///   - size: of every image, in pixels.
  ///   - timeBase: of the images' times, as 1/90000.
  ///   - frameRate: frames a second that the container declares.
  ///   - soundOf: a file whose sound goes along as it is, where the container can hold its codec; see `hasSound`.
  /// - Throws: `VideoWriteError`.
  package init(
    _ path: String, as name: String? = nil, size: Size, timeBase: TimeBase, frameRate: Double,
    coding: VideoCoding = .lossy(quality: 23),
    soundOf: String? = nil
  ) throws {
    self.path = name ?? path
    muxer = try Muxer(path, as: name)
    let base = AVRational(num: timeBase.numerator, den: timeBase.denominator)
    encoder = try VideoEncoder(
      coding, size: size, timeBase: base, frameRate: av_d2q(frameRate, 100_000), globalHeader: muxer.wantsGlobalHeader,
      path: self.path)
    guard let parameters = avcodec_parameters_alloc() else {
      throw VideoWriteError(operation: "write", path: path, reason: "out of memory")
    }
    defer {
      var parameters: UnsafeMutablePointer<AVCodecParameters>? = parameters
      avcodec_parameters_free(&parameters)
    }
    avcodec_parameters_from_context(parameters, encoder.context)
    stream = try muxer.addStream(parameters, timeBase: base)
    stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
    if let soundOf { sound = try SoundCopy(of: soundOf, to: muxer) } else { sound = nil }
    try muxer.start()
  }

  /// Whether sound goes along.
  package var hasSound: Bool { sound != nil }

  /// Adds an image that is shown from `ticks` of the time base on. Times must rise.
  package func write(_ image: Image, at ticks: Int64) throws {
    if let last, ticks <= last {
      throw VideoWriteError(operation: "write", path: path, reason: "time \(ticks) does not follow time \(last)")
    }
    last = ticks
    let base = encoder.context.pointee.time_base
    try sound?.copy(until: Double(ticks) * Double(base.num) / Double(base.den), to: muxer)
    try encoder.encode(image, at: ticks, take)
  }

  /// Writes what is still in the encoder and closes the file.
  package func finish() throws {
    try encoder.encode(nil, at: 0, take)
    try sound?.copy(until: .infinity, to: muxer)
    try muxer.finish()
  }

  private func take(_ packet: UnsafeMutablePointer<AVPacket>) throws {
    try muxer.write(packet, to: stream, base: encoder.context.pointee.time_base)
  }
}
