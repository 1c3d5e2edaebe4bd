import DferImage
import DferModels
import DferTracking
import DferVideo

@testable import Dfer

/// A frame that a test paints: a dark wall with squares on it, which `SquareDetector` finds.
final class PaintedFrame: VideoFrame {
  /// A square of one colour: red 200 makes it a face, green is its tone, blue its score.
  struct Face {
    var box: Rect
    var tone = 100
    var score = 0.9
    /// How bright its stripes are, if it has some.
    var stripes: Int?
    /// A face has a darker band at its lower edge, if it has one; upside down that is above, and a head that lies on its
    /// right has it on the left.
    var band: Band = .none

    enum Band { case none, below, above, left, right }
  }

  let index: Int
  let time: MediaTime
  let duration: Double?
  let arrivedAt = ContinuousClock.now
  let size: Size
  private let wall: Int
  private let scenery: [Rect]
  private let faces: [Face]

  init(
    _ index: Int, at seconds: Double, for duration: Double? = 0.04, size: Size = Size(width: 160, height: 120),
    wall: Int = 20, scenery: [Rect] = [], _ faces: [Face] = []
  ) {
    (self.index, self.duration, self.size, self.wall) = (index, duration, size, wall)
    (self.scenery, self.faces) = (scenery, faces)
    time = MediaTime(
      ticks: Int64((seconds * 1e6).rounded()), timeBase: TimeBase(numerator: 1, denominator: 1_000_000))
  }

  /// Painted when it is asked for: most frames are never looked at.
  private var pixels: Image {
    var image = Image(
      width: size.width, height: size.height,
      pixels: [UInt8](repeating: UInt8(wall), count: 3 * size.width * size.height))
    for part in scenery { image.fill(part, Colour(150, 150, 150)) }
    for face in faces {
      image.fill(face.box, Colour(200, UInt8(face.tone), UInt8(face.score * 255)))
      if face.band != .none {
        var place = face.box
        switch face.band {
        case .none, .below, .above:
          place.height /= 4
          if face.band == .below { place.y = face.box.bottom - place.height }
        case .left, .right:
          place.width /= 4
          if face.band == .right { place.x = face.box.right - place.width }
        }
        image.fill(place, Colour(200, UInt8(face.tone), 160))
      }
      if let stripes = face.stripes {
        let colour = Colour(UInt8(stripes), UInt8(stripes), UInt8(stripes))
        for x in stride(from: face.box.x + 2, to: face.box.right - 4, by: 10) {
          image.fill(Rect(x: x, y: face.box.y + 4, width: 4, height: face.box.height - 8), colour)
        }
      }
    }
    return image
  }

  func image(longSide: Int) -> Image {
    guard longSide != max(size.width, size.height) else { return pixels }
    let scale = Double(longSide) / Double(max(size.width, size.height))
    return pixels.resampled(
      Rect(x: 0, y: 0, width: Double(size.width), height: Double(size.height)),
      width: Int((Double(size.width) * scale).rounded()), height: Int((Double(size.height) * scale).rounded()))
  }

  func crop(_ square: Rect, side: Int) -> Image { pixels.resampled(square, width: side, height: side) }
}

/// Finds squares whose red is 200: one for each tone, with the score that blue says.
struct SquareDetector: FaceDetecting {
  func detect(_ image: Image, threshold: Float?) -> [FaceDetection] {
    guard image.pixels.contains(200) else { return [] }
    struct Extent {
      var (left, top, right, bottom, blue, count) = (Int.max, Int.max, 0, 0, 0, 0)
      /// Blue of the first and of the last row.
      var (first, last) = (0, 0)
    }
    var found: [Int: Extent] = [:]
    for y in 0..<image.height {
      for x in 0..<image.width where image.pixels[3 * (y * image.width + x)] == 200 {
        let pixel = 3 * (y * image.width + x)
        var extent = found[Int(image.pixels[pixel + 1])] ?? Extent()
        (extent.left, extent.right) = (min(extent.left, x), max(extent.right, x + 1))
        (extent.top, extent.bottom) = (min(extent.top, y), max(extent.bottom, y + 1))
        (extent.blue, extent.count) = (extent.blue + Int(image.pixels[pixel + 2]), extent.count + 1)
        if extent.top == y { extent.first = Int(image.pixels[pixel + 2]) }
        extent.last = Int(image.pixels[pixel + 2])
        found[Int(image.pixels[pixel + 1])] = extent
      }
    }
    return found.sorted { $0.key < $1.key }.compactMap { _, extent in
      // It knows upright faces better, as the network does.
      let isUpsideDown = extent.last > extent.first + 10
      let score = Double(extent.blue) / Double(extent.count) / 255 * (isUpsideDown ? 0.9 : 1)
      guard score > Double(threshold ?? 0) else { return nil }
      return FaceDetection(
        box: Rect(
          left: Double(extent.left), top: Double(extent.top), right: Double(extent.right), bottom: Double(extent.bottom)
        ),
        score: score)
    }
  }
}

/// Finds what `SquareDetector` finds, upright faces only: those with their band below.
struct UprightDetector: FaceDetecting {
  func detect(_ image: Image, threshold: Float?) -> [FaceDetection] {
    SquareDetector().detect(image, threshold: threshold).filter { face in
      let (x, y) = (Int(face.box.centre.x), Int(face.box.bottom - face.box.height / 8))
      return image.pixels[3 * (y * image.width + x) + 2] < 200
        && image.pixels[3 * (Int(face.box.centre.y) * image.width + Int(face.box.x + 2)) + 2] > 200
    }
  }
}

/// Says of each clip which tones its crops have in their middle, in order: what the network would have seen.
struct ToneReader: ClipClassifying {
  func read(_ clips: [[Image]], points: [[[Point]]]) -> [ExpressionReading] {
    clips.map { clip in ExpressionReading(probabilities: clip.map { Float(Self.tone($0)) }) }
  }

  func views(of crop: Image, points: [Point]) -> [Image] { [crop] }

  static func tone(_ crop: Image) -> Int {
    Int(crop.pixels[3 * (crop.height / 2 * crop.width + crop.width / 2) + 1])
  }
}

/// Events from a list, as a source.
final class PaintedSource: VideoEvents, @unchecked Sendable {
  let info = VideoInfo(location: "painted", format: "list", size: Size(width: 160, height: 120), frameRate: 25)
  private(set) var counts = DecodeCounts.none
  let byteProgress: Double? = nil
  private var events: [VideoEvent]
  private let failure: (any Error)?

  init(_ events: [VideoEvent], failure: (any Error)? = nil) { (self.events, self.failure) = (events, failure) }

  func next() throws -> VideoEvent? {
    guard !events.isEmpty else {
      if let failure { throw failure }
      return nil
    }
    let event = events.removeFirst()
    if case .frame = event { counts.frames += 1 }
    return event
  }

  func cancel() {}
}

extension SegmentSettings {
  /// 16 samples of 0.1 s, a clip every 0.8 s.
  static let painted = painted(SquareDetector())

  static func painted(_ detector: any FaceDetecting) -> SegmentSettings {
    SegmentSettings(
      grid: ClipGrid(frames: 16, span: 1.6, hop: 0.8), detector: detector, detectorLongSide: 160,
      tracker: TrackerOptions(), geometry: CropGeometry(sideFactor: 1.3), cropSide: 24)
  }
}

extension RunStages {
  static let painted = RunStages(
    segment: .painted, detectorEvery: 0.2, classifier: ToneReader(),
    rows: RowBuilder(frames: 16, includesWallTime: false, isMaskAware: false))
}

/// Frames at 25 a second from `start` on, with a face in the middle whose tone is the number of the frame, from 1.
func paintedFrames(
  _ count: Int, from start: Double = 0, firstIndex: Int = 0, rate: Double = 25,
  size: Size = Size(width: 160, height: 120), face: Rect? = Rect(x: 60, y: 40, width: 40, height: 40)
) -> [PaintedFrame] {
  (0..<count).map { number in
    PaintedFrame(
      firstIndex + number, at: start + Double(number) / rate, for: 1 / rate, size: size,
      face.map { [PaintedFrame.Face(box: $0, tone: 1 + min(number % 380, 379 - number % 380))] } ?? [])
  }
}
