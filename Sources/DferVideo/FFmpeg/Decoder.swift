import CFFmpeg
import DferImage

/// A decoder for the frames of one stream.
final class Decoder {
  let context: UnsafeMutablePointer<AVCodecContext>
  /// Number of the stream that it decodes.
  let stream: Int32

  init(_ stream: UnsafeMutablePointer<AVStream>, info: VideoInfo, threads: Int) throws {
    let parameters = stream.pointee.codecpar!
    self.stream = stream.pointee.index
    let codec = avcodec_find_decoder(parameters.pointee.codec_id)
    guard let context = avcodec_alloc_context3(codec) else {
      throw VideoError.failed(operation: "decode", path: info.location, reason: "out of memory")
    }
    self.context = context
    avcodec_parameters_to_context(context, parameters)
    context.pointee.pkt_timebase = stream.pointee.time_base
    // FFmpeg decodes Theora whose headers come again, as in files that were joined, on one thread only.
    context.pointee.thread_count = parameters.pointee.codec_id == AV_CODEC_ID_THEORA ? 1 : Int32(max(1, threads))
    // A small video whose frames grow to a hundred times their size is no video.
    context.pointee.max_pixels = Int64(
      max(MediaLimits.mostGrownPixels, 2 * info.storedSize.width * info.storedSize.height))
    let code = avcodec_open2(context, codec, nil)
    guard code >= 0 else {
      let reason = code == dfer_error_again ? "no memory or no more threads for this process" : text(of: code)
      throw VideoError.failed(operation: "decode", path: info.location, reason: reason)
    }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
  }
}
