import CFFmpeg

/// What the FFmpeg that this program runs with was built to do: distributions leave codecs out.
package enum CodecSupport {
  /// Whether videos of a codec can be read, by FFmpeg's name of it (`h264`, `hevc`, `vp9`, `av1`).
  package static func decodes(_ codec: String) -> Bool {
    guard let descriptor = avcodec_descriptor_get_by_name(codec) else { return false }
    return avcodec_find_decoder(descriptor.pointee.id) != nil
  }

  /// Whether there is an encoder of this name, such as `libx264`.
  package static func encodes(_ encoder: String) -> Bool { avcodec_find_encoder_by_name(encoder) != nil }
}
