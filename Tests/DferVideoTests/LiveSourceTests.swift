import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferVideo

/// What is decided about live sources without opening one.
struct LiveSourceTests {
  @Test(arguments: [
    ("rtsp://admin:secret@host:554/a", "rtsp://***@host:554/a"),
    ("rtsp://admin:se@cret@host/a", "rtsp://***@host/a"),
    ("rtsp://admin:se/cret@host/a", "rtsp://***@host/a"),
    ("rtsp://admin:se?cret@host/a", "rtsp://***@host/a"),
    ("http://host/a?token=secret&x=1", "http://host/a?token=***&x=1"),
    ("http://host/a?x=1&api_key=secret", "http://host/a?x=1&api_key=***"),
    ("https://u:secret@host/a.m3u8?X-Amz-Signature=secret", "https://***@host/a.m3u8?X-Amz-Signature=***"),
    ("http://host/a", "http://host/a"), ("talk.mp4", "talk.mp4"), ("v4l2:0", "v4l2:0"),
  ])
  func secretsAreHidden(url: String, shown: String) {
    #expect(redacted(url) == shown)
    #expect(!redacted(url).contains("cret"))
  }

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
    func choice(_ captureRequest: CaptureRequest = CaptureRequest()) -> CaptureRequest { captureRequest.completed(from: webcam) }
    #expect(choice() == CaptureRequest(size: Size(width: 1280, height: 720), rate: 25, format: "mjpeg"))
    #expect(
      choice(CaptureRequest(size: Size(width: 640, height: 480)))
        == CaptureRequest(size: Size(width: 640, height: 480), rate: 30, format: "yuyv422"))
    #expect(choice(CaptureRequest(format: "yuyv422")).size == Size(width: 640, height: 480))
    #expect(choice(CaptureRequest(rate: 60)) == CaptureRequest(size: Size(width: 1280, height: 720), rate: 60, format: "mjpeg"))
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
        ["-f", "lavfi", "-i", "testsrc2=s=\(100 + 2 * index)x80:r=1:d=1", "-frames:v", "1", folder.path + "/p\(index).png"])
    }
    try Data("no picture".utf8).write(to: folder.appendingPathComponent("p5.png"))
    #expect(ImageSource.takes(folder.path) && !ImageSource.takes(clip.path("none.mp4")))
    var options = VideoOptions()
    options.pictureRate = 10
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
}
