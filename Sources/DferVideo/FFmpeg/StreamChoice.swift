import CFFmpeg

/// Which of several video streams is the film: not a thumbnail or a short clip beside it, then the one that the container
/// marks as default, then not a small preview, then the first.
struct StreamChoice {
  let index: Int
  /// What was chosen among what, for people; nil when there was nothing to choose.
  let note: String?

  init(among video: [Int], of streams: [UnsafeMutablePointer<AVStream>]) {
    let facts = video.map { Facts(streams[$0], index: $0) }
    let longest = facts.compactMap(\.seconds).max() ?? 0
    let largest = facts.map(\.pixels).max() ?? 0
    let mostFrames = facts.compactMap(\.frames).max() ?? 0
    func rank(_ stream: Facts) -> [Int] {
      let moves =
        stream.frames.map { $0 > 1 || mostFrames <= 1 } ?? !(stream.isImageCodec && facts.contains { !$0.isImageCodec })
      let isLong = stream.seconds.map { 2 * $0 >= longest } ?? true
      return [
        moves ? 1 : 0, isLong ? 1 : 0, stream.isDefault ? 1 : 0, 4 * stream.pixels >= largest ? 1 : 0, -stream.index,
      ]
    }
    let best = facts.max { rank($0).lexicographicallyPrecedes(rank($1)) }
    let chosen = best?.index ?? video[0]
    index = chosen
    // Of a stream without a size nothing has come yet.
    let known = facts.filter { $0.index == chosen || $0.pixels > 0 }
    note =
      known.count < 2
      ? nil
      : "\(known.count) video streams: reading stream \(chosen) (\(best?.words ?? "")); --stream chooses another: "
        + known.filter { $0.index != chosen }.map { "\($0.index) (\($0.words))" }.joined(separator: ", ")
  }

  private struct Facts {
    let index: Int
    let pixels: Int
    let words: String
    let isDefault: Bool
    /// Nil where the container does not say it.
    let frames: Int64?
    let seconds: Double?
    /// Whether it is in a format for single images, such as thumbnails have.
    let isImageCodec: Bool

    init(_ stream: UnsafeMutablePointer<AVStream>, index: Int) {
      let parameters = stream.pointee.codecpar.pointee
      self.index = index
      pixels = Int(parameters.width) * Int(parameters.height)
      words = "\(parameters.width)x\(parameters.height), \(String(cString: avcodec_get_name(parameters.codec_id)))"
      isDefault = stream.pointee.disposition & AV_DISPOSITION_DEFAULT != 0
      frames = stream.pointee.nb_frames > 0 ? stream.pointee.nb_frames : nil
      let length =
        stream.pointee.duration > 0 ? Double(stream.pointee.duration) * av_q2d(stream.pointee.time_base) : nil
      seconds = length.flatMap(MediaLimits.duration) ?? Container.taggedEnd(of: stream)
      isImageCodec = [
        AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG, AV_CODEC_ID_BMP, AV_CODEC_ID_GIF, AV_CODEC_ID_WEBP, AV_CODEC_ID_TIFF,
      ]
      .contains(parameters.codec_id)
    }
  }
}
