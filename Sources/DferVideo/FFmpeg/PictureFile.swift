import CFFmpeg
import DferImage
import Foundation

extension Image {
  /// Writes the picture as a PNG file; an existing one is replaced in one go.
  /// - Throws: `VideoWriteError`.
  public func writePNG(to path: String) throws {
    func check(_ code: Int32) throws {
      if code < 0 { throw VideoWriteError(operation: "encode", path: path, reason: text(of: code)) }
    }
    let codec = avcodec_find_encoder(AV_CODEC_ID_PNG)
    var (context, frame, packet) = (avcodec_alloc_context3(codec), av_frame_alloc(), av_packet_alloc())
    defer {
      avcodec_free_context(&context)
      av_frame_free(&frame)
      av_packet_free(&packet)
    }
    guard let codec, let context, let frame, let packet else {
      throw VideoWriteError(operation: "encode", path: path, reason: "this FFmpeg cannot write PNG")
    }
    (context.pointee.width, context.pointee.height) = (Int32(width), Int32(height))
    context.pointee.pix_fmt = AV_PIX_FMT_RGB24
    context.pointee.time_base = AVRational(num: 1, den: 1)
    try check(avcodec_open2(context, codec, nil))
    (frame.pointee.width, frame.pointee.height) = (Int32(width), Int32(height))
    frame.pointee.format = AV_PIX_FMT_RGB24.rawValue
    try check(av_frame_get_buffer(frame, 0))
    for y in 0..<height {
      guard let row = frame.pointee.data.0.map({ $0 + y * Int(frame.pointee.linesize.0) }) else { break }
      for x in 0..<3 * width { row[x] = pixels[y * 3 * width + x] }
    }
    try check(avcodec_send_frame(context, frame))
    try check(avcodec_receive_packet(context, packet))
    let data = Data(bytes: packet.pointee.data, count: Int(packet.pointee.size))
    do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw VideoWriteError(operation: "write", path: path, reason: error.localizedDescription)
    }
  }
}
