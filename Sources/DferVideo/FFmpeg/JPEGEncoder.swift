import CFFmpeg
import DferImage

/// Makes JPEG files of images with libavcodec. Used from one thread; set up anew only when the size changes.
package final class JPEGEncoder {
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var scaler: OpaquePointer?
  private var frame: UnsafeMutablePointer<AVFrame>?
  private var packet = av_packet_alloc()
  private var size = Size(width: 0, height: 0)
  private let scale: Int32

  /// - Parameter scale: FFmpeg's quantiser, 2 (best) to 31 (smallest).
  package init(scale: Int = 5) {
    precondition((2...31).contains(scale), "JPEGEncoder: scale \(scale)")
    self.scale = Int32(scale)
  }

  deinit {
    close()
    av_packet_free(&packet)
  }

  /// The image as the bytes of a JPEG file (4:2:0, full range). Throws `VideoError` when this FFmpeg cannot do it.
  package func encode(_ image: Image) throws -> [UInt8] {
    if image.size != size { try open(image.size) }
    guard let context, let scaler, let frame, let packet else { throw failure(-ENOMEM) }
    // The encoder may still hold the planes of the last image.
    try check(av_frame_make_writable(frame))
    image.pixels.withUnsafeBufferPointer { pixels in
      var planes: [UnsafePointer<UInt8>?] = [pixels.baseAddress, nil, nil, nil]
      var targets = [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2, nil]
      let strides = [frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, 0]
      _ = sws_scale(scaler, &planes, [Int32(image.width * 3), 0, 0, 0], 0, Int32(image.height), &targets, strides)
    }
    frame.pointee.quality = scale * FF_QP2LAMBDA
    frame.pointee.pts += 1
    try check(avcodec_send_frame(context, frame))
    try check(avcodec_receive_packet(context, packet))
    defer { av_packet_unref(packet) }
    return Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
  }

  private func open(_ size: Size) throws {
    close()
    guard let codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG), let context = avcodec_alloc_context3(codec) else {
      throw failure(dfer_error_encoder_not_found)
    }
    self.context = context
    (context.pointee.width, context.pointee.height) = (Int32(size.width), Int32(size.height))
    context.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
    context.pointee.color_range = AVCOL_RANGE_JPEG
    context.pointee.time_base = AVRational(num: 1, den: 25)
    context.pointee.flags |= AV_CODEC_FLAG_QSCALE
    context.pointee.global_quality = scale * FF_QP2LAMBDA
    context.pointee.thread_count = 1
    try check(avcodec_open2(context, codec, nil))
    guard let frame = av_frame_alloc() else { throw failure(-ENOMEM) }
    self.frame = frame
    (frame.pointee.width, frame.pointee.height) = (Int32(size.width), Int32(size.height))
    frame.pointee.format = AV_PIX_FMT_YUVJ420P.rawValue
    frame.pointee.color_range = AVCOL_RANGE_JPEG
    try check(av_frame_get_buffer(frame, 0))
    scaler = sws_getContext(
      Int32(size.width), Int32(size.height), AV_PIX_FMT_RGB24, Int32(size.width), Int32(size.height),
      AV_PIX_FMT_YUV420P,
      Int32(dfer_sws_bilinear), nil, nil, nil)
    // JPEG is BT.601 at full range.
    sws_setColorspaceDetails(
      scaler, sws_getCoefficients(SWS_CS_ITU601), 1, sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16)
    self.size = size
  }

  private func close() {
    size = Size(width: 0, height: 0)
    avcodec_free_context(&context)
    av_frame_free(&frame)
    sws_freeContext(scaler)
    scaler = nil
  }

  private func check(_ code: Int32) throws {
    if code < 0 { throw failure(code) }
  }

  private func failure(_ code: Int32) -> VideoError {
    .failed(operation: "encode", path: "JPEG", reason: text(of: code))
  }
}
