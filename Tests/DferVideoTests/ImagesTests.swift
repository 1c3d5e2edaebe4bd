import DferImage
import DferTestSupport
import DferVideo
import Foundation
import Testing

/// Images stand upright, with square pixels, in the right colours, whatever the file stores.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct ImagesTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  /// White, light grey, dark grey and black quarters (from the top left, as read), 160x120.
  private static let quarters =
    "color=black:s=160x120:r=10:d=0.3,drawbox=0:0:80:60:white:fill,drawbox=80:0:80:60:0xaaaaaa:fill,"
    + "drawbox=0:60:80:60:0x555555:fill"

  /// Mean brightness at the middles of the four quarters, as read.
  private func brightness(_ image: Image) -> [Int] {
    [(1, 1), (3, 1), (1, 3), (3, 3)].map { x, y in
      let index = ((image.height * y / 4) * image.width + image.width * x / 4) * 3
      return (Int(image.pixels[index]) + Int(image.pixels[index + 1]) + Int(image.pixels[index + 2])) / 3
    }
  }

  private func expectQuarters(
    _ frame: any VideoFrame, tolerance: Int = 6, _ wanted: [Int] = [255, 170, 85, 0],
    _ location: SourceLocation = #_sourceLocation
  ) {
    let image = frame.image(longSide: 80)
    #expect(max(image.width, image.height) == 80, sourceLocation: location)
    let square = Double(min(frame.size.width, frame.size.height))
    let crop = frame.crop(
      Rect(
        x: Double(frame.size.width) / 2 - square / 2, y: Double(frame.size.height) / 2 - square / 2, width: square,
        height: square), side: 40)
    for image in [image, crop] {
      for (a, b) in zip(brightness(image), wanted) {
        #expect(abs(a - b) <= tolerance, "\(brightness(image))", sourceLocation: location)
      }
    }
  }

  @Test(arguments: [(90, "transpose=2"), (180, "hflip,vflip"), (270, "transpose=1")])
  func rotatedFilesStandUpright(degrees: Int, turn: String) throws {
    let stored = try clip.make("stored.mp4", source: Self.quarters + "," + turn, Clip.h264)
    let path = try clip.turned(stored, "turned.mp4", clockwise: degrees)
    let reading = try Reading(path)
    #expect(reading.info.orientation == Orientation(clockwise: degrees))
    let frame = try #require(reading.frames.first)
    #expect(frame.size == Size(width: 160, height: 120) && reading.info.size == frame.size)
    expectQuarters(frame)
  }

  @Test(arguments: [(90, "transpose=2"), (180, "hflip,vflip"), (270, "transpose=1")])
  func rotationCanBeGiven(degrees: Int, turn: String) throws {
    let path = try clip.make("stored.mp4", source: Self.quarters + "," + turn, Clip.h264)
    var options = VideoOptions()
    options.rotation = degrees
    let frame = try #require(try Reading(path, options: options).frames.first)
    #expect(frame.size == Size(width: 160, height: 120))
    expectQuarters(frame)
  }

  @Test func wideAndNarrowPixelsBecomeSquare() throws {
    let wide = try clip.make(
      "wide.mp4", source: Self.quarters, ["-vf", "scale=80:120,setsar=2/1"] + Clip.h264)
    let frame = try #require(try Reading(wide).frames.first)
    #expect(frame.size == Size(width: 160, height: 120))
    expectQuarters(frame)
    let narrow = try clip.make(
      "narrow.mp4", source: Self.quarters, ["-vf", "scale=160:60,setsar=1/2"] + Clip.h264)
    #expect(try Reading(narrow).frames.first?.size == Size(width: 160, height: 120))
  }

  @Test(arguments: [
    ("yuv420p", Clip.h264), ("yuv422p10le", Clip.h264), ("yuv444p", Clip.h264), ("gray", Clip.h264),
    ("yuvj420p", ["-c:v", "mjpeg", "-q:v", "2", "-strict", "-1"]), ("yuv420p", ["-c:v", "mpeg4", "-q:v", "2"]),
    ("rgb24", ["-c:v", "qtrle"]), ("yuv422p", ["-c:v", "ffv1"]), ("nv12", ["-c:v", "rawvideo"]),
    ("yuyv422", ["-c:v", "rawvideo"]), ("yuv420p12le", ["-c:v", "ffv1"]), ("gray10le", ["-c:v", "ffv1"]),
    ("bgr0", ["-c:v", "ffv1"]),
  ])
  func pixelFormats(format: String, codec: [String]) throws {
    let name = codec[1] == "qtrle" ? "a.mov" : codec[1] == "rawvideo" ? "a.nut" : "a.mkv"
    let path = try clip.make(name, source: Self.quarters, codec + ["-pix_fmt", format])
    let reading = try Reading(path)
    #expect(reading.frames.count == 3)
    let frame = try #require(reading.frames.first)
    expectQuarters(frame)
    // A crop away from the origin: the plane pointers must move by the right amounts.
    let crop = frame.crop(Rect(x: 85.5, y: 10.25, width: 40, height: 40), side: 24)
    let furthest = crop.pixels.map { abs(Int($0) - 170) }.max() ?? 0
    #expect(furthest <= 8, "\(format)")
  }

  @Test func fullRange() throws {
    let path = try clip.make(
      "full.mp4", source: Self.quarters,
      ["-vf", "scale=out_range=pc", "-color_range", "pc", "-pix_fmt", "yuvj420p"] + Clip.h264)
    expectQuarters(try #require(try Reading(path).frames.first))
  }

  @Test func alphaLiesOnBlack() throws {
    let path = try clip.make(
      "alpha.mov", source: Self.quarters, ["-vf", "format=argb,colorchannelmixer=aa=0.5", "-c:v", "qtrle"])
    expectQuarters(try #require(try Reading(path).frames.first), [128, 85, 43, 0])
  }

  @Test func animatedGIF() throws {
    let reading = try Reading(try clip.make("a.gif", source: Self.quarters, []))
    #expect(reading.frames.count == 3)
    expectQuarters(try #require(reading.frames.first), tolerance: 8)  // 256 colours are not exact
  }

  @Test(arguments: [(641, 359), (16, 16), (1, 1), (33, 2), (2, 33)]) func oddSizes(width: Int, height: Int) throws {
    let path = try clip.make(
      "odd.mkv", source: "color=0x808080:s=64x64:r=10:d=0.2,format=yuv444p,scale=\(width):\(height),setsar=1",
      ["-c:v", "ffv1", "-pix_fmt", "yuv420p"])
    let frame = try #require(try Reading(path).frames.first)
    #expect(frame.size == Size(width: width, height: height))
    for image in [
      frame.image(longSide: 32), frame.crop(Rect(x: -3.5, y: -2, width: 20, height: 20), side: 16),
      frame.crop(Rect(x: Double(width) - 1, y: Double(height) - 1, width: 5, height: 5), side: 7),
    ] {
      #expect(image.pixels.allSatisfy { abs(Int($0) - 128) <= 3 })
    }
  }

  @Test func aCropMovesByFractionsOfAPixel() throws {
    // Brightness rises by one for each pixel to the right, so the mean tells where the crop lies.
    let path = try clip.make(
      "ramp.mkv", source: "color=black:s=240x64:r=10:d=0.1,format=gray,geq=lum=X",
      ["-c:v", "ffv1", "-pix_fmt", "gray", "-color_range", "pc"])
    let frame = try #require(try Reading(path).frames.first)
    func mean(_ x: Double, side: Double) -> Double {
      let image = frame.crop(Rect(x: x, y: 4, width: side, height: side), side: 20)
      return image.pixels.reduce(0) { $0 + Double($1) } / Double(image.pixels.count)
    }
    for side in [16.0, 31.5, 55] {
      let start = mean(60, side: side)
      let scale = mean(160, side: side) - start
      for step in [0.25, 0.5, 3.75, 17.3] {
        #expect(abs(mean(60 + step, side: side) - start - step * scale / 100) < 0.3, "side \(side), step \(step)")
      }
    }
  }

  @Test func theSizeMayChange() throws {
    let ts = Clip.h264 + ["-muxdelay", "0", "-muxpreload", "0", "-f", "mpegts"]
    let first = try clip.make("a.ts", source: Self.quarters, ts)
    let second = try clip.make(
      "b.ts", source: Self.quarters, ["-vf", "scale=80:60", "-output_ts_offset", "0.3"] + ts)
    let path = try clip.write(try clip.data(first) + clip.data(second), "both.ts")
    let reading = try Reading(path)
    #expect(reading.frames.count == 6)
    #expect(reading.counts.sizeChanges == 1)
    #expect(reading.isRising)
    #expect(reading.frames.map(\.size.width) == [160, 160, 160, 80, 80, 80])
    for frame in reading.frames { expectQuarters(frame) }
  }
}
