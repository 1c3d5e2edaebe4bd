import CFFmpeg

/// What is believed of the numbers in a file. Everything that a container says of times and sizes passes here once, where
/// it enters; behind it nothing overflows, and nothing counts towards a far time.
enum MediaLimits {
  /// Seconds from the start, 31 years: a stamp beyond it is as good as none.
  static let longestTime = 1e9
  /// Seconds that one frame may be shown by its own word. Beyond it the frame counts for `impossibleFrame` seconds, and
  /// what follows is a gap.
  static let longestFrame = 10.0
  static let impossibleFrame = 1.0
  /// Pixels of a frame: 16384 x 8192.
  static let mostPixels = 16_384 * 8192
  /// Pixels to which a video of any size may grow while it is read: 4096 x 2176.
  static let mostGrownPixels = 4096 * 2176

  /// Seconds, if they can be true.
  static func duration(_ seconds: Double) -> Double? {
    seconds.isFinite && seconds > 0 && seconds <= longestTime ? seconds : nil
  }

  /// Frames a second, if they can be true.
  static func frameRate(_ rate: AVRational) -> Double? {
    guard rate.num > 0, rate.den > 0 else { return nil }
    let value = Double(rate.num) / Double(rate.den)
    return (0.001...10_000).contains(value) ? value : nil
  }

  /// Width over height of a pixel; square where a file says what no camera does.
  static func pixelAspect(_ ratio: AVRational) -> Double {
    guard ratio.num > 0, ratio.den > 0 else { return 1 }
    let value = Double(ratio.num) / Double(ratio.den)
    return (1.0 / 16...16).contains(value) ? value : 1
  }

  /// The unit in which times are kept: the stream's own, but microseconds where that is too coarse to put a frame between
  /// two others, or no unit at all.
  static func timeBase(_ base: AVRational) -> TimeBase {
    guard base.num > 0, base.den > 0, Double(base.num) / Double(base.den) <= 0.25 else {
      return TimeBase(numerator: 1, denominator: 1_000_000)
    }
    return TimeBase(numerator: base.num, denominator: base.den)
  }

  /// A stamp or length of a stream in the unit of `timeBase`; nil when there is none, or when it has no place there.
  static func ticks(_ stamp: Int64, of base: AVRational) -> Int64? {
    guard stamp != dfer_no_pts else { return nil }
    let own = timeBase(base)
    guard own.numerator != base.num || own.denominator != base.den else { return stamp }
    guard base.num > 0, base.den > 0 else { return nil }
    let ticks = av_rescale_q(stamp, base, AVRational(num: own.numerator, den: own.denominator))
    return ticks == Int64.min ? nil : ticks
  }
}
