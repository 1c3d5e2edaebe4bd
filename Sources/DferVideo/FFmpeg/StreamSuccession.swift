import CFFmpeg

/// Finds the stream in which a broadcast goes on. In an MPEG transport stream the film gets another number where a sender starts
/// its encoder anew or changes the programme: FFmpeg gives what follows as a stream of its own.
///
/// Packets of another video stream are kept back until it has gone on for a second while the one that is read gave nothing.
/// A stream beside which the other one goes on is another film.
struct StreamSuccession {
  private var held: [UnsafeMutablePointer<AVPacket>?] = []
  private var stream: Int?
  /// Packets of the read stream that came meanwhile. The last one of a stream that has ended comes late.
  private var meanwhile = 0
  private var others: Set<Int> = []
  private var bytes = 0

  /// Packets and bytes that are kept back at most.
  private static let (mostHeld, mostBytes) = (250, 32 << 20)

  /// Whether a stream may be the one that follows.
  func mayFollow(_ index: Int, of context: UnsafeMutablePointer<AVFormatContext>) -> Bool {
    let parameters = context.pointee.streams[index]!.pointee.codecpar!
    return !others.contains(index) && parameters.pointee.codec_type == AVMEDIA_TYPE_VIDEO
      && avcodec_find_decoder(parameters.pointee.codec_id) != nil
  }

  /// Notes a packet of the stream that is read.
  mutating func noteOwn() {
    guard let other = stream else { return }
    meanwhile += 1
    guard meanwhile > 2 else { return }
    if held.count > 2 { others.insert(other) }
    letGo()
  }

  /// Keeps a packet of another stream; true when reading goes on there.
  mutating func hold(_ packet: UnsafeMutablePointer<AVPacket>, timeBase: AVRational) -> Bool {
    let index = Int(packet.pointee.stream_index)
    if stream != index || isFarFromLast(packet, timeBase) { letGo() }
    stream = index
    held.append(av_packet_clone(packet))
    bytes += Int(packet.pointee.size)
    let isFull = held.count >= Self.mostHeld || bytes >= Self.mostBytes
    guard let first = held.first??.pointee.dts, first != dfer_no_pts, packet.pointee.dts != dfer_no_pts else {
      return isFull
    }
    let (length, isTooFar) = packet.pointee.dts.subtractingReportingOverflow(first)
    return isFull || isTooFar || Double(length) * av_q2d(timeBase) >= 1
  }

  /// Whether what was kept back is only the end of a stream that was read before: the last packets of one come late.
  private func isFarFromLast(_ packet: UnsafeMutablePointer<AVPacket>, _ timeBase: AVRational) -> Bool {
    guard let last = held.last??.pointee.dts, last != dfer_no_pts, packet.pointee.dts != dfer_no_pts else {
      return false
    }
    return abs(Double(packet.pointee.dts) - Double(last)) * av_q2d(timeBase) > 1
  }

  /// The stream that follows where nothing else comes any more.
  var rest: Int? { held.count > 3 ? stream : nil }

  /// Moves the first packet that was kept back into `packet`; false when there is none.
  mutating func give(_ packet: UnsafeMutablePointer<AVPacket>) -> Bool {
    guard !held.isEmpty else { return false }
    var first = held.removeFirst()
    if let first { av_packet_move_ref(packet, first) }
    av_packet_free(&first)
    if held.isEmpty { letGo() }
    return true
  }

  mutating func letGo() {
    for index in held.indices { av_packet_free(&held[index]) }
    (held, bytes, stream, meanwhile) = ([], 0, nil, 0)
  }
}
