import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferVideo

/// What is decided about live sources without opening one.
struct LiveSourceTests {
  @Test func aHoleInAnEvenRhythmIsALoss() {
    var rhythm = FrameRhythm()
    #expect(rhythm.longestStep == nil)
    for _ in 0..<30 { rhythm.add(0.04) }
    #expect(rhythm.longestStep == 0.3)
    var slow = FrameRhythm()
    for _ in 0..<30 { slow.add(0.2) }
    #expect(slow.longestStep == 1)
    var webcam = FrameRhythm()
    for index in 0..<30 { webcam.add(index.isMultiple(of: 5) ? 0.2 : 0.033) }
    #expect(webcam.longestStep == nil)
  }

  @Test func cameraModesAreChosenSensibly() {
    func mode(_ format: String, _ width: Int, _ height: Int, _ rates: Double...) -> CameraMode {
      CameraMode(format: format, size: Size(width: width, height: height), rates: rates)
    }
    let webcam = [
      mode("yuyv422", 1920, 1080, 5), mode("yuyv422", 1280, 720, 10), mode("yuyv422", 640, 480, 30, 15),
      mode("mjpeg", 1920, 1080, 30), mode("mjpeg", 1280, 720, 60, 30, 25, 15), mode("mjpeg", 640, 480, 30),
      mode("WXYZ", 1280, 720, 90),
    ]
    func choice(_ captureRequest: CaptureRequest = CaptureRequest()) -> CaptureRequest {
      captureRequest.completed(from: webcam)
    }
    #expect(choice() == CaptureRequest(size: Size(width: 1280, height: 720), rate: 25, format: "mjpeg"))
    #expect(
      choice(CaptureRequest(size: Size(width: 640, height: 480)))
        == CaptureRequest(size: Size(width: 640, height: 480), rate: 30, format: "yuyv422"))
    #expect(choice(CaptureRequest(format: "yuyv422")).size == Size(width: 640, height: 480))
    #expect(
      choice(CaptureRequest(rate: 60))
        == CaptureRequest(size: Size(width: 1280, height: 720), rate: 60, format: "mjpeg"))
    // What no mode offers is left to the driver, which knows more than its list.
    let odd = CaptureRequest(size: Size(width: 333, height: 222))
    #expect(choice(odd) == odd)
    #expect(CaptureRequest().completed(from: [mode("yuyv422", 320, 240)]).rate == nil)
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
  func imagesAreFramesInTheOrderOfTheirNumbers() throws {
    let clip = try Clip()
    let folder = clip.scratch.file("pictures")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for index in 1...11 {
      // Wider with each number, so that the order shows.
      try Tool.ffmpeg(
        [
          "-f", "lavfi", "-i", "testsrc2=s=\(100 + 2 * index)x80:r=1:d=1", "-frames:v", "1",
          folder.path + "/p\(index).png",
        ])
    }
    try Data("no picture".utf8).write(to: folder.appendingPathComponent("p5.png"))
    #expect(ImageSource.takes(folder.path) && !ImageSource.takes(clip.path("none.mp4")))
    var options = VideoOptions()
    options.imageRate = 10
    let source = try ImageSource(folder.path, options: options)
    var (widths, times, gaps): ([Int], [Double], [Gap]) = ([], [], [])
    while let event = try source.next() {
      switch event {
      case .frame(let frame):
        widths.append(frame.size.width)
        times.append(frame.time.seconds)
        #expect(frame.index == widths.count - 1)
      case .gap(let gap): gaps.append(gap)
      case .lost: break
      }
    }
    #expect(widths == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11].map { 100 + 2 * $0 })
    #expect(abs(times[4] - 0.5) < 1e-6)
    #expect(gaps == [Gap(start: 0.4, end: 0.5, reason: .damage)])
    #expect(source.counts.damaged == 1 && source.counts.frames == 10)
    #expect(source.info.duration == 1.1)
  }

  @Test func missingNumbersKeepTheirTime() {
    func places(_ numbers: [Int], _ name: (Int) -> String = { "f\($0).png" }) -> ([Int], String?) {
      let found = ImageNumbers(numbered: numbers.map { "/x/" + name($0) })
      return (found.files.map(\.place), found.warning)
    }
    let holey = places(Array(1...14) + Array(25...40))
    #expect(holey.0 == Array(0..<14) + Array(24..<40) && holey.1 == "images are missing: 15 to 24")
    #expect(places([5, 6, 7, 8, 9]).0 == [0, 1, 2, 3, 4] && places([5, 6, 7, 8, 9]).1 == nil)
    #expect(places([10, 20, 30, 50, 60]).0 == [0, 1, 2, 4, 5])
    #expect(places([1, 2, 3, 5, 6], { "cam2_\($0)_720p.png" }).0 == [0, 1, 2, 4, 5])
    // A choice of frames, and times as names: nothing is missing.
    #expect(places([1, 40, 41, 300, 999]).0 == [0, 1, 2, 3, 4])
    #expect(ImageNumbers(numbered: ["a.png", "b.png", "d.png"]).files.map(\.place) == [0, 1, 2])
    #expect(places([1, 2, 3, 4, 5, 6, 7, 999_999_999_999_999_9]).0.last == 7)
  }

  /// Names that are not of the series hide no gap of it.
  @Test func strayImagesAndSeveralSeries() {
    func found(_ names: [String]) -> (places: [Int], names: [String], warning: String) {
      let found = ImageNumbers(folder: names)
      return (found.files.map(\.place), found.files.map(\.path), found.warning ?? "")
    }
    let series = (Array(1...14) + Array(20...40)).map { "f\($0).jpg" }
    let stray = found(["cover.jpg"] + series + ["thumb.jpg"])
    #expect(stray.names == series && stray.places == Array(0..<14) + Array(19..<40))
    #expect(stray.warning.contains("left out") && stray.warning.contains("cover.jpg, thumb.jpg"), "\(stray.warning)")
    #expect(stray.warning.contains("images are missing: 15 to 19"), "\(stray.warning)")
    // A number that is there already, one that is none, another ending: the rest keeps its gap.
    let odd = found(
      ["f1.jpg", "f2.png", "f3.jpg", "f3.png", "f03.JPG"] + series.dropFirst(3) + ["f99999999999999999999.jpg"])
    #expect(odd.places == stray.places && odd.names[1] == "f2.png", "\(odd)")
    #expect(odd.warning.contains("f3.png, f03.JPG, f99999999999999999999.jpg"), "\(odd.warning)")
    #expect(odd.warning.contains("images are missing: 15 to 19"), "\(odd.warning)")
    let (a, b) = ([1, 2, 3, 5, 6].map { "a_\($0).jp2" }, [1, 2, 4, 5, 6, 7].map { "b_\($0).jp2" })
    let two = found(a + b)
    #expect(two.places == [0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12] && two.names == a + b)
    #expect(
      two.warning.contains("2 series") && two.warning.contains("missing: 4;") && two.warning.contains("missing: 3"),
      "\(two.warning)")
    let doubled = found((1...10).flatMap { ["\($0).png", "0\($0).png"] })
    #expect(doubled.places == Array(0..<20) && doubled.warning.contains("10 images have the numbers of others"))
    // Names without a series, pairs of images, and times: every image counts, in order.
    for names in [
      ["a.png", "b.png", "c.png"], ["1_l.png", "1_r.png", "2_l.png", "2_r.png", "4_l.png", "4_r.png"],
      ["12-00-10.png", "12-00-20.png", "12-01-40.png"],
    ] {
      let all = found(names)
      #expect(all.places == Array(names.indices) && all.names == names, "\(all)")
    }
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program")) func missingImagesAreAGap() throws {
    let clip = try Clip()
    let folder = clip.scratch.file("numbers")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Tool.ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=32x32:r=10:d=2", folder.path + "/f%d.png"])
    for number in 8...11 { try FileManager.default.removeItem(at: folder.appendingPathComponent("f\(number).png")) }
    var options = VideoOptions()
    options.imageRate = 10
    let source = try ImageSource(folder.path, options: options)
    var (times, gaps): ([Double], [Gap]) = ([], [])
    while let event = try source.next() {
      if case .frame(let frame) = event { times.append(frame.time.seconds) }
      if case .gap(let gap) = event { gaps.append(gap) }
    }
    #expect(times.count == 16 && abs(times[7] - 1.1) < 1e-6 && source.info.duration == 2)
    #expect(gaps == [Gap(start: 0.7, end: 1.1, reason: .missingImages)])
    #expect(source.info.warnings == ["images are missing: 8 to 11"])
    // A link to nothing and a pipe have the place of an image that cannot be read.
    for (name, number) in [("dead", 3), ("pipe", 5)] {
      let path = folder.appendingPathComponent("f\(number).png").path
      try FileManager.default.removeItem(atPath: path)
      if name == "dead" {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
      } else {
        #expect(mkfifo(path, 0o600) == 0)
      }
    }
    let again = try ImageSource(folder.path, options: options)
    var damaged: [Double] = []
    while let event = try again.next() {
      if case .gap(let gap) = event, gap.reason == .damage { damaged.append(gap.start) }
    }
    #expect(damaged.count == 2 && abs(damaged[0] - 0.2) < 1e-6 && abs(damaged[1] - 0.4) < 1e-6, "\(damaged)")
    // Beside videos, a folder is not a video made of images.
    try Data().write(to: folder.appendingPathComponent("a.mp4"))
    #expect(throws: VideoError.folderOfVideos(path: folder.path, videos: 1)) { try ImageSource(folder.path) }
  }

  @Test func listsMayBeWideAndMustBeText() throws {
    let clip = try Clip()
    let wide = try clip.write(
      Data([0xFF, 0xFE]) + Data("nothing.png\n".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }), "wide.txt")
    #expect(ImageSource.takes(wide))
    #expect(throws: VideoError.missing(path: clip.path("nothing.png"))) { try ImageSource(wide) }
    let latin = try clip.write(Data([0x6D, 0xFC, 0x2E, 0x70, 0x6E, 0x67, 0x0A]), "latin.txt")
    #expect(throws: VideoError.notText(path: latin)) { try ImageSource(latin) }
    let comments = try clip.write(Data("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n\n".utf8), "comments.txt")
    #expect(throws: VideoError.emptyList(path: comments)) { try ImageSource(comments) }
  }
}
