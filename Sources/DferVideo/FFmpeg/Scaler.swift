import CFFmpeg
import DferImage

/// Converts parts of decoded frames to RGB with libswscale.
enum Scaler {
  /// The pixels of `area` as RGB, scaled to `target`.
  static func convert(_ frame: UnsafeMutablePointer<AVFrame>, _ area: StoredArea, to target: Size) -> Image {
    let format = AVPixelFormat(frame.pointee.format)
    let description = av_pix_fmt_desc_get(format)
    let flags = description.map { $0.pointee.flags } ?? 0
    let hasAlpha = flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0
    let channels = hasAlpha ? 4 : 3
    let isShrinking = target.width < area.width || target.height < area.height
    // Chroma of tiny images: exact arithmetic costs nothing there and 1-pixel planes stay right.
    let method = (isShrinking ? dfer_sws_area : dfer_sws_bilinear) | dfer_sws_exact
    guard
      let context = sws_getContext(
        Int32(area.width), Int32(area.height), unlabelled(format), Int32(target.width), Int32(target.height),
        hasAlpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, Int32(method), nil, nil, nil)
    else { return Image(width: target.width, height: target.height) }
    defer { sws_freeContext(context) }
    sws_setColorspaceDetails(
      context, sws_getCoefficients(matrix(of: frame)), isFullRange(frame, format) ? 1 : 0,
      sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16)

    var planes = (0..<4).map { plane in plane8(frame, plane).map { UnsafePointer($0) } }
    if let description, area.x > 0 || area.y > 0 { move(&planes, to: area, frame, description) }
    let strides = [
      frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, frame.pointee.linesize.3,
    ]
    // Rows start at multiples of 32 bytes with room after the last: the scaler's fast paths write in whole vectors.
    let stride = (target.width * channels + 31) / 32 * 32
    var buffer = [UInt8](repeating: 0, count: stride * target.height + 64)
    buffer.withUnsafeMutableBufferPointer { bytes in
      var out: [UnsafeMutablePointer<UInt8>?] = [bytes.baseAddress, nil, nil, nil]
      _ = sws_scale(context, &planes, strides, 0, Int32(area.height), &out, [Int32(stride), 0, 0, 0])
    }
    return image(buffer, stride: stride, channels: channels, size: target)
  }

  private static func image(_ buffer: [UInt8], stride: Int, channels: Int, size: Size) -> Image {
    if channels == 3 && stride == size.width * 3 {
      return Image(width: size.width, height: size.height, pixels: Array(buffer.prefix(stride * size.height)))
    }
    let pixels = [UInt8](unsafeUninitializedCapacity: size.width * size.height * 3) { pixels, count in
      var target = 0
      for y in 0..<size.height {
        var source = y * stride
        for _ in 0..<size.width {
          let alpha = channels == 4 ? Int(buffer[source + 3]) : 255
          for channel in 0..<3 {
            pixels[target + channel] = UInt8((Int(buffer[source + channel]) * alpha + 127) / 255)
          }
          source += channels
          target += 3
        }
      }
      count = target
    }
    return Image(width: size.width, height: size.height, pixels: pixels)
  }

  private static func plane8(_ frame: UnsafeMutablePointer<AVFrame>, _ index: Int) -> UnsafeMutablePointer<UInt8>? {
    switch index {
    case 0: frame.pointee.data.0
    case 1: frame.pointee.data.1
    case 2: frame.pointee.data.2
    default: frame.pointee.data.3
    }
  }

  /// Moves plane pointers to the first pixel of `area`.
  private static func move(
    _ planes: inout [UnsafePointer<UInt8>?], to area: StoredArea, _ frame: UnsafeMutablePointer<AVFrame>,
    _ description: UnsafePointer<AVPixFmtDescriptor>
  ) {
    let flags = description.pointee.flags
    let isColour = flags & UInt64(AV_PIX_FMT_FLAG_RGB) == 0
    let components = [
      description.pointee.comp.0, description.pointee.comp.1, description.pointee.comp.2, description.pointee.comp.3,
    ]
    let strides = [
      frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, frame.pointee.linesize.3,
    ]
    var moved: Set<Int32> = []
    for (index, component) in components.prefix(Int(description.pointee.nb_components)).enumerated() {
      guard moved.insert(component.plane).inserted else { continue }
      let isChroma = isColour && (index == 1 || index == 2)
      let (dx, dy) = isChroma ? (description.pointee.log2_chroma_w, description.pointee.log2_chroma_h) : (0, 0)
      let plane = Int(component.plane)
      let offset = (area.y >> Int(dy)) * Int(strides[plane]) + (area.x >> Int(dx)) * Int(component.step)
      planes[plane] = planes[plane].map { $0 + offset }
    }
  }

  /// The "J" formats say in their name what the range field says better; libswscale warns about them.
  private static func unlabelled(_ format: AVPixelFormat) -> AVPixelFormat {
    switch format {
    case AV_PIX_FMT_YUVJ420P: AV_PIX_FMT_YUV420P
    case AV_PIX_FMT_YUVJ422P: AV_PIX_FMT_YUV422P
    case AV_PIX_FMT_YUVJ444P: AV_PIX_FMT_YUV444P
    case AV_PIX_FMT_YUVJ440P: AV_PIX_FMT_YUV440P
    case AV_PIX_FMT_YUVJ411P: AV_PIX_FMT_YUV411P
    default: format
    }
  }

  /// Grey without a tag is full range, as everything that writes it takes it.
  private static func isFullRange(_ frame: UnsafeMutablePointer<AVFrame>, _ format: AVPixelFormat) -> Bool {
    if frame.pointee.color_range == AVCOL_RANGE_UNSPECIFIED, let description = av_pix_fmt_desc_get(format),
      description.pointee.nb_components <= 2
    {
      return true
    }
    return frame.pointee.color_range == AVCOL_RANGE_JPEG || unlabelled(format) != format
  }

  private static func matrix(of frame: UnsafeMutablePointer<AVFrame>) -> Int32 {
    switch frame.pointee.colorspace {
    case AVCOL_SPC_BT709: SWS_CS_ITU709
    case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: SWS_CS_BT2020
    case AVCOL_SPC_SMPTE240M: SWS_CS_SMPTE240M
    case AVCOL_SPC_FCC: SWS_CS_FCC
    case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M: SWS_CS_ITU601
    default: frame.pointee.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601
    }
  }
}
