import CFFmpeg
import DferImage

/// How images are compressed.
package enum VideoCoding: Sendable, Hashable {
  /// H.264 by libx264 where FFmpeg has it, else MPEG-4 part 2. `quality` is x264's CRF: 18 looks like the source, 23 is
  /// usual, 35 is poor.
  case lossy(quality: Int)
  /// FFV1 on RGB: every image comes back bit for bit. Not for MP4.
  case lossless
}

/// Compresses RGB images of one size. Owns the codec context.
final class VideoEncoder {
  let context: UnsafeMutablePointer<AVCodecContext>
  private let path: String
  private let frame: UnsafeMutablePointer<AVFrame>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let scaler: UnsafeMutableRawPointer
  private let size: Size

  /// - Parameters:
  ///   - size: of the images. Lossy coding of an odd side adds a pixel that repeats the border.
  ///   - timeBase: of the images' times.
  ///   - frameRate: what the container says; only a hint.
  ///   - path: for messages.
  init(
    _ coding: VideoCoding, size: Size, timeBase: AVRational, frameRate: AVRational, globalHeader: Bool, path: String
  ) throws {
    func failure(_ reason: String) -> VideoWriteError {
      VideoWriteError(operation: "encode", path: path, reason: reason)
    }
    guard size.width > 0, size.height > 0, size.width <= 16384, size.height <= 16384 else {
      throw failure("\(size.width)x\(size.height) is no size for a video")
    }
    let codec: UnsafePointer<AVCodec>?
    switch coding {
    case .lossy: codec = avcodec_find_encoder_by_name("libx264") ?? avcodec_find_encoder(AV_CODEC_ID_MPEG4)
    case .lossless: codec = avcodec_find_encoder(AV_CODEC_ID_FFV1)
    }
    guard let codec else { throw failure("this FFmpeg has no encoder for it") }
    guard let context = avcodec_alloc_context3(codec), let frame = av_frame_alloc(), let packet = av_packet_alloc()
    else { throw failure("out of memory") }
    (self.context, self.frame, self.packet, self.path, self.size) = (context, frame, packet, path, size)
    let format: AVPixelFormat
    var options: OpaquePointer?
    defer { av_dict_free(&options) }
    switch coding {
    case .lossy(let quality):
      (context.pointee.width, context.pointee.height) = (
        Int32((size.width + 1) / 2 * 2), Int32((size.height + 1) / 2 * 2)
      )
      format = AV_PIX_FMT_YUV420P
      av_dict_set(&options, "crf", String(min(51, max(0, quality))), 0)
      av_dict_set(&options, "preset", "veryfast", 0)
      // MPEG-4 has no CRF; its quantiser runs from 2 to 31.
      context.pointee.flags |= AV_CODEC_FLAG_QSCALE
      context.pointee.global_quality = FF_QP2LAMBDA * Int32(min(31, max(2, quality / 2 - 6)))
    case .lossless:
      (context.pointee.width, context.pointee.height) = (Int32(size.width), Int32(size.height))
      format = AV_PIX_FMT_BGR0
      av_dict_set(&options, "level", "3", 0)
    }
    context.pointee.pix_fmt = format
    context.pointee.time_base = timeBase
    context.pointee.framerate = frameRate
    // One thread and no build string: the same images always give the same bytes.
    context.pointee.thread_count = 1
    context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
    if globalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
    let isHigh = size.height >= 720
    if coding != .lossless {
      context.pointee.colorspace = isHigh ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
      context.pointee.color_primaries = isHigh ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M
      context.pointee.color_trc = isHigh ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M
      context.pointee.color_range = AVCOL_RANGE_MPEG
    }
    let scaler = sws_getContext(
      Int32(size.width), Int32(size.height), AV_PIX_FMT_RGB24, Int32(size.width), Int32(size.height), format,
      Int32(dfer_sws_bilinear | dfer_sws_exact), nil, nil, nil)
    guard let scaler, let raw = dfer_scaler_raw(scaler) else { throw failure("the images cannot be converted") }
    self.scaler = raw
    sws_setColorspaceDetails(
      scaler, sws_getCoefficients(SWS_CS_DEFAULT), 1, sws_getCoefficients(isHigh ? SWS_CS_ITU709 : SWS_CS_ITU601), 0, 0,
      1 << 16, 1 << 16)
    let opened = avcodec_open2(context, codec, &options)
    guard opened >= 0 else { throw failure(text(of: opened)) }
    frame.pointee.format = format.rawValue
    (frame.pointee.width, frame.pointee.height) = (context.pointee.width, context.pointee.height)
    let allocated = av_frame_get_buffer(frame, 0)
    guard allocated >= 0 else { throw failure(text(of: allocated)) }
  }

  deinit {
    var (context, frame, packet):
      (UnsafeMutablePointer<AVCodecContext>?, UnsafeMutablePointer<AVFrame>?, UnsafeMutablePointer<AVPacket>?) =
        (context, frame, packet)
    avcodec_free_context(&context)
    av_frame_free(&frame)
    av_packet_free(&packet)
    sws_freeContext(dfer_scaler(scaler))
  }

  /// Compresses one image, or with nil what is still inside, and hands out finished packets.
  func encode(_ image: Image?, at ticks: Int64, _ take: (UnsafeMutablePointer<AVPacket>) throws -> Void) throws {
    if let image {
      guard image.size == size else {
        throw VideoWriteError(
          operation: "encode", path: path,
          reason: "an image of \(image.width)x\(image.height) in a video of \(size.width)x\(size.height)")
      }
      try check(av_frame_make_writable(frame))
      convert(image)
      frame.pointee.pts = ticks
      try check(avcodec_send_frame(context, frame))
    } else {
      try check(avcodec_send_frame(context, nil))
    }
    while true {
      let code = avcodec_receive_packet(context, packet)
      if code == dfer_error_again || code == dfer_error_eof { return }
      try check(code)
      defer { av_packet_unref(packet) }
      try take(packet)
    }
  }

  private func convert(_ image: Image) {
    var planes = [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2, frame.pointee.data.3]
    let strides = [
      frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, frame.pointee.linesize.3,
    ]
    image.pixels.withUnsafeBufferPointer { pixels in
      var source: [UnsafePointer<UInt8>?] = [pixels.baseAddress, nil, nil, nil]
      _ = sws_scale(
        dfer_scaler(scaler), &source, [Int32(3 * size.width), 0, 0, 0], 0, Int32(size.height), &planes, strides)
    }
    guard frame.pointee.format == AV_PIX_FMT_YUV420P.rawValue else { return }
    // An odd side: the border once more. Chroma planes are rounded up and complete already.
    if let luma = planes[0], !size.width.isMultiple(of: 2) {
      for y in 0..<size.height { luma[y * Int(strides[0]) + size.width] = luma[y * Int(strides[0]) + size.width - 1] }
    }
    if let luma = planes[0], !size.height.isMultiple(of: 2) {
      let row = Int(strides[0])
      (luma + size.height * row).update(from: luma + (size.height - 1) * row, count: Int(frame.pointee.width))
    }
  }

  private func check(_ code: Int32) throws {
    if code < 0 { throw VideoWriteError(operation: "encode", path: path, reason: text(of: code)) }
  }
}
