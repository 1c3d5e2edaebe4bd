import DferImage

/// What a container says of the video stream that is read, before any frame is decoded.
public struct VideoInfo: Sendable, Hashable, Codable {
  /// The input as given, without credentials.
  public var location: String
  /// FFmpeg's name of the container format.
  public var format: String
  /// FFmpeg's name of the video codec.
  public var codec: String
  package var pixelFormat: String
  /// Pixels as stored.
  package var storedSize: Size
  /// Pixels as shown: pixel aspect and rotation applied. All boxes are in this space.
  public var size: Size
  /// Width over height of one stored pixel.
  package var pixelAspect: Double
  /// How the stored image is turned and mirrored to stand upright.
  package var orientation: Orientation
  /// Mean frame rate as declared; nil when unknown. Never used for times.
  public var frameRate: Double?
  /// Declared duration of the video in seconds; nil when unknown.
  public var duration: Double?
  /// The container's first time stamp, in seconds; subtracted from every time.
  package var containerStart: Double
  package var stream: Int
  package var videoStreams: [Int]
  package var byteSize: Int64?
  /// Whether the source sets its own pace.
  public var isLive: Bool
  /// What was decided or found that a user should know, such as a choice between streams.
  public var warnings: [String] = []
}

/// What is asked of a video source.
public struct VideoOptions: Sendable, Hashable {
  /// Whether the location is the path of a file whatever it looks like, which opens nothing but itself: no device, no
  /// address, no playlist. For names that were found and not typed.
  public var isFileOnly = false
  /// FFmpeg's name of an input format that is not read unasked: a filter graph ("lavfi"), another device, or a playlist
  /// whose name does not say that it is one ("hls", "dash", "concat", "sdp").
  public var inputFormat: String?
  /// Index of the video stream; nil: the film among them.
  public var stream: Int?
  /// Clockwise degrees instead of the file's own rotation: 0, 90, 180 or 270.
  public var rotation: Int?
  /// Threads of the decoder. More of them add a frame of delay each.
  public var threads = 2
  /// Seconds that a source may be silent before it counts as lost; nil: 5 for devices, 10 for networks and playlists, 60
  /// for files, 600 for pipes that have begun.
  public var readTimeout: Double?
  /// Seconds that standard input may take to begin.
  package var pipeTimeout = 60.0
  /// What a camera or a screen is asked for.
  package var camera = CaptureRequest()
  /// Whether a file is read on while it grows, until it has not grown for the read time-out.
  public var follows = false
  /// Frames a second of a folder or list of images.
  public var imageRate = 25.0

  /// Number of the first frame and time of the start, for a source that goes on after another.
  var firstIndex = 0
  var startTime = 0.0

  /// What `dfer watch` asks for.
  public init() {}
}

/// What a decoder has met so far.
package struct DecodeCounts: Sendable, Hashable, Codable {
  package var packets = 0
  /// Frames that were shown.
  package var frames = 0
  /// Packets that the container marks as not to be shown (edit lists).
  package var hidden = 0
  /// Packets that could not be decoded, or only in part.
  package var damaged = 0
  package var repairedTimes = 0
  package var sizeChanges = 0

  static func + (a: DecodeCounts, b: DecodeCounts) -> DecodeCounts {
    DecodeCounts(
      packets: a.packets + b.packets, frames: a.frames + b.frames, hidden: a.hidden + b.hidden,
      damaged: a.damaged + b.damaged, repairedTimes: a.repairedTimes + b.repairedTimes,
      sizeChanges: a.sizeChanges + b.sizeChanges)
  }
}

/// Frames and holes, one by one, from a file, a camera or a stream.
package protocol VideoEvents: AnyObject, Sendable {
  var info: VideoInfo { get }
  var counts: DecodeCounts { get }
  /// Share of the input that has been read, by bytes; nil when it cannot be known.
  var byteProgress: Double? { get }
  /// The next frame or hole, waiting for it if need be; nil at the end.
  func next() throws -> VideoEvent?
  /// Ends reads that wait, from any thread.
  func cancel()
}

/// A part of a video without frames.
package struct Gap: Sendable, Hashable {
  package enum Reason: String, Sendable, Codable {
    case damage, timestamps, truncated
    /// Numbers of a folder of images that are not there.
    case missingImages = "missing_images"
    /// A camera or stream that was lost and came back.
    case disconnected
    /// A part of a live stream that never came, while the stream went on.
    case lost
    /// A live source whose frames nobody took for more than a second.
    case notTaken
    /// The same because somebody asked for a pause: nothing is damaged.
    case paused

    /// Whether the hole is in a live stream, not in a file.
    package var isOfStream: Bool { [.disconnected, .lost, .notTaken, .paused].contains(self) }
  }

  /// Seconds from the container's start.
  package let start, end: Double
  package let reason: Reason

  package init(start: Double, end: Double, reason: Reason) {
    self.start = start
    self.end = end
    self.reason = reason
  }
}

/// What a source gives, in order of time.
package enum VideoEvent: Sendable {
  case frame(any VideoFrame)
  case gap(Gap)
  /// A live source is gone. A gap follows when it is back, which may take days: what came before must not wait for it.
  case lost
}

/// How a stored image is brought upright: first transposed (rows become columns), then mirrored.
package struct Orientation: Sendable, Hashable, Codable {
  package var transposes = false
  package var mirrorsX = false
  package var mirrorsY = false

  package init(transposes: Bool = false, mirrorsX: Bool = false, mirrorsY: Bool = false) {
    self.transposes = transposes
    self.mirrorsX = mirrorsX
    self.mirrorsY = mirrorsY
  }

  /// A turn clockwise by 0, 90, 180 or 270 degrees.
  package init(clockwise degrees: Int) {
    switch ((degrees % 360) + 360) % 360 {
    case 90: self.init(transposes: true, mirrorsX: true)
    case 180: self.init(mirrorsX: true, mirrorsY: true)
    case 270: self.init(transposes: true, mirrorsY: true)
    default: self.init()
    }
  }

  /// From the linear part of a display matrix: x' = a x + c y, y' = b x + d y.
  init(a: Int32, b: Int32, c: Int32, d: Int32) {
    if a.magnitude >= b.magnitude {
      self.init(mirrorsX: a < 0, mirrorsY: d < 0)
    } else {
      self.init(transposes: true, mirrorsX: c < 0, mirrorsY: b < 0)
    }
  }

  /// A short name: "none", "90", "180", "270", or with "mirrored".
  package var name: String {
    for degrees in [0, 90, 180, 270] where self == Orientation(clockwise: degrees) {
      return degrees == 0 ? "none" : "\(degrees)"
    }
    return "mirrored" + (transposes ? " and turned" : "")
  }

  func upright(_ size: Size) -> Size {
    transposes ? Size(width: size.height, height: size.width) : size
  }

  /// The stored place of a box of the upright image, whose size is `upright`.
  func stored(_ box: Rect, upright: Size) -> Rect {
    var box = box
    if mirrorsX { box.x = Double(upright.width) - box.right }
    if mirrorsY { box.y = Double(upright.height) - box.bottom }
    return transposes ? Rect(x: box.y, y: box.x, width: box.height, height: box.width) : box
  }

  /// A stored image, brought upright.
  func upright(_ image: Image) -> Image {
    guard self != Orientation() else { return image }
    let size = upright(image.size)
    var result = Image(width: size.width, height: size.height)
    for y in 0..<size.height {
      let fromY = mirrorsY ? size.height - 1 - y : y
      for x in 0..<size.width {
        let fromX = mirrorsX ? size.width - 1 - x : x
        let source = 3 * (transposes ? fromX * image.width + fromY : fromY * image.width + fromX)
        let target = 3 * (y * size.width + x)
        for channel in 0..<3 { result.pixels[target + channel] = image.pixels[source + channel] }
      }
    }
    return result
  }
}
