import CFFmpeg

/// Finds the stream in which a broadcast goes on. In an MPEG transport stream the film gets another number where a sender starts
/// its encoder anew or changes the programme: FFmpeg gives what follows as a stream of its own.
///
/// Packets of another video stream are kept back until it has gone on for a second, and longer than the images of the one that is
/// read are apart, while that one gave nothing. A stream beside which the other one goes on is another film.
struct StreamSuccession {
  private var held: [UnsafeMutablePointer<AVPacket>?] = []
  private var bytes = 0
  private var stream: Int?
  /// Whether reading has gone on in the stream of the packets that are kept.
  private var isFollowed = false
  /// How often a stream gave packets between two of the one that is read.
  private var meetings: [Int: Int] = [:]
  /// Decoding stamp of the newest packet of the stream that is read, and the longest step between two, in seconds.
  private var newest: Double?
  private var longestStep = 0.0

  /// Packets and bytes that are kept back at most.
  private static let (mostHeld, mostBytes) = (250, 32 << 20)
  /// Meetings from which on two streams are two films.
  private static let mostMeetings = 5

  /// Whether a stream may be the one that follows: not before the one that is read has begun.
  func mayFollow(_ index: Int, of context: UnsafeMutablePointer<AVFormatContext>) -> Bool {
    let parameters = context.pointee.streams[index]!.pointee.codecpar!
    return newest != nil && meetings[index, default: 0] < Self.mostMeetings
      && parameters.pointee.codec_type == AVMEDIA_TYPE_VIDEO && avcodec_find_decoder(parameters.pointee.codec_id) != nil
  }

  /// Notes a packet of the stream that is read.
  mutating func noteOwn(_ packet: UnsafeMutablePointer<AVPacket>, timeBase: AVRational) {
    if let other = stream { meetings[other, default: 0] += 1 }
    letGo()
    let stamp = Self.seconds(packet, timeBase)
    if let stamp, let newest, stamp > newest, stamp - newest <= MediaLimits.longestFrame {
      longestStep = max(longestStep * 0.98, stamp - newest)
    }
    newest = stamp ?? newest ?? 0
  }

  /// Keeps a packet of another stream; true when reading goes on there.
  mutating func hold(_ packet: UnsafeMutablePointer<AVPacket>, timeBase: AVRational) -> Bool {
    let (index, stamp) = (Int(packet.pointee.stream_index), Self.seconds(packet, timeBase))
    // What was kept back may be only the end of a stream that was read before: its last packets come late.
    let last = held.last.flatMap { $0 }.flatMap { Self.seconds($0, timeBase) }
    if stream != index || abs((stamp ?? 0) - (last ?? stamp ?? 0)) > 1 { letGo() }
    stream = index
    held.append(av_packet_clone(packet))
    bytes += Int(packet.pointee.size)
    let first = held.first.flatMap { $0 }.flatMap { Self.seconds($0, timeBase) }
    let length = (stamp ?? 0) - (first ?? stamp ?? 0)
    isFollowed = held.count >= Self.mostHeld || bytes >= Self.mostBytes || length >= max(1, 2.5 * longestStep)
    return isFollowed
  }

  /// The stream that follows where nothing else comes any more.
  mutating func rest() -> Int? {
    isFollowed = held.count > 3
    return isFollowed ? stream : nil
  }

  /// Moves the first packet that was kept back into `packet`, where reading has gone on in its stream; false when there is none.
  mutating func give(_ packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    guard isFollowed, !held.isEmpty else { return false }
    var first = held.removeFirst()
    if let first { av_packet_move_ref(packet, first) }
    av_packet_free(&first)
    if held.isEmpty { letGo() }
    return true
  }

  mutating func letGo() {
    for index in held.indices { av_packet_free(&held[index]) }
    (held, bytes, stream, isFollowed) = ([], 0, nil, false)
  }

  private static func seconds(_ packet: UnsafeMutablePointer<AVPacket>, _ timeBase: AVRational) -> Double? {
    packet.pointee.dts == dfer_no_pts ? nil : Double(packet.pointee.dts) * av_q2d(timeBase)
  }
}
