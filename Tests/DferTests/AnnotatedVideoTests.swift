import DferImage
import DferTestSupport
import DferTimeline
import DferVideo
import Foundation
import Testing

@testable import Dfer

@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program")) struct AnnotatedVideoTests {
  private let folder: ScratchFolder
  private let input: String
  private let labels = ["happiness", "neutral"]

  /// Two seconds of noise images with a tone, at uneven times.
  init() throws {
    folder = try ScratchFolder()
    input = folder.file("in.mp4").path
    try Tool.ffmpeg(
      [
        "-f", "lavfi", "-i", "nullsrc=s=320x240:r=30,geq=random(1)*255:128:128", "-f", "lavfi", "-i", "sine=f=440:d=2",
        "-t", "2", "-vf", "select='not(eq(mod(n,7),3))'", "-vsync", "vfr", "-c:v", "libx264", "-preset", "ultrafast",
        "-crf", "15",
        "-pix_fmt", "yuv420p", "-c:a", "aac", input,
      ])
  }

  private var rows: [ClipResult] {
    (0..<2).map { clip in
      var row = ClipResult(
        clip: clip, startSeconds: Double(clip) * 0.8, endSeconds: Double(clip) * 0.8 + 1.2, status: .ok)
      (row.faceID, row.probabilities) = (0, [0.9, 0.1])
      row.box = Rect(x: 100 + Double(clip) * 40, y: 60, width: 80, height: 80)
      return row
    }
  }

  private func frames(_ path: String) throws -> [(time: Double, image: Image)] {
    let source = try VideoSource(path)
    var result: [(Double, Image)] = []
    while let event = try source.next() {
      if case .frame(let frame) = event { result.append((frame.time.seconds, frame.image(longSide: 320))) }
    }
    return result
  }

  private func soundHash(_ path: String) throws -> String {
    let ffmpeg = try #require(Tool.find("ffmpeg"))
    return try Tool.run(ffmpeg, ["-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-"])
      .output
  }

  /// Standard deviation of the red channel inside a box.
  private func spread(_ image: Image, _ box: Rect) -> Double {
    var values: [Double] = []
    for y in Int(box.y)..<Int(box.bottom) {
      for x in Int(box.x)..<Int(box.right) { values.append(Double(image.pixels[(y * image.width + x) * 3])) }
    }
    let mean = values.reduce(0, +) / Double(values.count)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
  }

  @Test(arguments: ["out.mp4", "out.mkv"]) func timesAndSoundStayAsTheyWere(name: String) throws {
    let output = folder.file(name).path
    let (count, hasSound) = try AnnotatedVideo(rows, labels: labels).write(input, to: output)
    let (before, after) = (try frames(input), try frames(output))
    #expect(hasSound && count == before.count && after.count == before.count)
    // Matroska keeps the silence that AAC starts with, and so begins a little earlier: times count from the first image.
    let (first, firstAfter) = (before[0].time, after[0].time)
    #expect(zip(before, after).allSatisfy { abs(($0.time - first) - ($1.time - firstAfter)) < 0.002 })
    #expect(try soundHash(input).hasPrefix("MD5=") && soundHash(input) == soundHash(output))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == ["in.mp4", name].sorted())
  }

  @Test(arguments: [["95443"], ["3600", "0"]]) func soundComesAlongWhereTheClockBeginsAnew(offsets: [String]) throws {
    var data = Data()
    for (number, offset) in offsets.enumerated() {
      let part = folder.file("\(number).ts")
      try Tool.ffmpeg(
        [
          "-i", input, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy", "-output_ts_offset", offset,
          part.path,
        ])
      data += try Data(contentsOf: part)
    }
    let (joined, output) = (folder.file("joined.ts"), folder.file("out.mp4").path)
    try data.write(to: joined)
    let (_, hasSound) = try AnnotatedVideo(rows, labels: labels).write(joined.path, to: output)
    let probe = try #require(Tool.find("ffprobe"))
    let seconds = try Tool.run(
      probe, ["-v", "error", "-select_streams", "a", "-show_entries", "stream=duration", "-of", "csv=p=0", output])
    #expect(
      hasSound
        && abs(
          (Double(seconds.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) - 2 * Double(offsets.count))
          < 0.15
    )
  }

  @Test func theBoxMovesWithTheFace() throws {
    let output = folder.file("out.mp4").path
    _ = try AnnotatedVideo(rows, labels: labels).write(input, to: output)
    // Middles at 0.6 and 1.4 s: at 1 s the box is halfway, its left edge at 120.
    let frame = try #require(frames(output).min { abs($0.time - 1) < abs($1.time - 1) })
    let edge = spread(frame.image, Rect(x: 120, y: 90, width: 1, height: 30))
    #expect(edge < 25 && spread(frame.image, Rect(x: 130, y: 90, width: 30, height: 30)) > 40, "\(edge)")
    // The strip at the lower edge is flat up to its mark.
    #expect(spread(frame.image, Rect(x: 4, y: 236, width: 60, height: 2)) < 12)
  }

  @Test func hiddenFacesAreBlocks() throws {
    let output = folder.file("out.mp4").path
    var options = AnnotatedVideo.Options()
    options.hidesFaces = true
    _ = try AnnotatedVideo(rows, labels: labels, options: options).write(input, to: output)
    let frame = try #require(frames(output).min { abs($0.time - 1) < abs($1.time - 1) })
    #expect(spread(frame.image, Rect(x: 130, y: 80, width: 50, height: 50)) < 20)
    #expect(spread(frame.image, Rect(x: 20, y: 80, width: 50, height: 50)) > 40)
  }

  /// Rows are in pixels of the frame that they are of, whatever size the first one had.
  @Test func facesAreHiddenAfterTheSizeHasChanged() throws {
    let parts = try [320, 160].map { width in
      let part = folder.file("part\(width).ts")
      try Tool.ffmpeg([
        "-f", "lavfi", "-i", "nullsrc=s=\(width)x\(width * 3 / 4):r=25:d=1,geq=random(1)*255:128:128", "-c:v",
        "libx264", "-crf", "15", "-output_ts_offset",
        width == 320 ? "0" : "1", part.path,
      ])
      return try Data(contentsOf: part)
    }
    let video = folder.file("sizes.ts")
    try (parts[0] + parts[1]).write(to: video)
    let rows = [(0, 200.0), (1, 100)].map { clip, place in
      var row = ClipResult(clip: clip, startSeconds: Double(clip), endSeconds: Double(clip) + 1, status: .ok)
      (row.faceID, row.probabilities) = (clip, [0.9, 0.1])
      row.box = Rect(x: place, y: place / 2, width: place / 4, height: place / 4)
      return row
    }
    var options = AnnotatedVideo.Options()
    options.hidesFaces = true
    let output = folder.file("sizes.mp4").path
    _ = try AnnotatedVideo(rows, labels: labels, options: options).write(video.path, to: output)
    let whole = try frames(video.path), hidden = try frames(output)
    for time in [0.5, 1.3] {
      func spread(in frames: [(time: Double, image: Image)]) throws -> Double {
        let frame = try #require(frames.min { abs($0.time - time) < abs($1.time - time) })
        return self.spread(frame.image, Rect(x: 205, y: 105, width: 40, height: 40))
      }
      #expect(try spread(in: hidden) < 0.6 * spread(in: whole), "at \(time) s")
    }
  }

  /// A face is hidden as long as its rows last, and a little longer; where nobody looked for faces everything is.
  @Test func nothingOfAFaceIsShownAtTheEndsOfItsRows() throws {
    var rows = self.rows
    rows[1].endSeconds = 1.4
    (rows[1].status, rows[1].coverage, rows[0].coverage) = (.partialClip, 0.25, 0.25)
    rows.append(ClipResult(clip: 2, startSeconds: 1.4, endSeconds: 1.8, status: .noFace))
    let output = folder.file("out.mp4").path
    var options = AnnotatedVideo.Options()
    options.hidesFaces = true
    _ = try AnnotatedVideo(rows, labels: labels, options: options).write(input, to: output)
    for (time, image) in try frames(output) {
      let first = spread(image, Rect(x: 105, y: 80, width: 50, height: 50))
      let (second, elsewhere) = (
        spread(image, Rect(x: 160, y: 80, width: 50, height: 50)), Rect(x: 20, y: 20, width: 40, height: 40)
      )
      if time < 0.1 { #expect(first < 20, "\(time)") }
      if (1.0..<1.6).contains(time) { #expect(second < 20, "\(time)") }
      if time >= 1.82 { #expect(spread(image, elsewhere) < 20, "\(time)") }
      if time < 1.35 { #expect(spread(image, elsewhere) > 40, "\(time)") }
    }
  }

  /// Rows know where a face was in the middle of a clip; a run knows where it was in between.
  /// From one look to the next a face may move by more than its size; faces that stay are not joined.
  @Test func facesThatFlyAreHiddenOnTheirWay() {
    func face(_ x: Double) -> Rect { Rect(x: x, y: 50, width: 20, height: 20) }
    let stays = Rect(x: 10, y: 150, width: 20, height: 20)
    let sightings = [(0.0, 20.0), (0.1, 60), (0.2, 110), (0.3, 160)].map {
      HiddenFaces.Sighting(time: $0.0, boxes: [face($0.1), stays])
    }
    let hidden = HiddenFaces(
      [ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .noFace)], sightings: sightings)
    let boxes = hidden.boxes(at: 0.15, size: Size(width: 320, height: 240))
    for x in stride(from: 20.0, through: 160, by: 10) {
      #expect(boxes.contains { $0.x <= x && $0.right >= x + 20 && $0.y <= 50 && $0.bottom >= 70 }, "\(x)")
    }
    #expect(!boxes.contains { $0.y < 100 && $0.bottom > 120 })
  }

  @Test func facesThatMoveAreHiddenOnTheirWay() {
    let rows = rows
    let size = Size(width: 320, height: 240)
    func holds(_ boxes: [Rect], _ face: Rect) -> Bool { boxes.contains { $0.union(face) == $0 } }
    let hidden = HiddenFaces(rows)
    // 50 pixels a second, also before the first middle and after the last one.
    for time in stride(from: 0.0, to: 1.5, by: 0.1) {
      let face = Rect(x: 100 + (time - 0.6) * 50, y: 60, width: 80, height: 80)
      let boxes = hidden.boxes(at: time, size: size)
      #expect(boxes.contains { $0.union(face).area < $0.area * 1.001 }, "\(time) \(boxes)")
    }
    let seen = HiddenFaces(
      rows,
      sightings: (0..<20).map {
        .init(time: Double($0) / 10, boxes: [Rect(x: Double($0) * 10, y: 0, width: 30, height: 30)])
      })
    #expect(holds(seen.boxes(at: 0.55, size: size), Rect(x: 50, y: 0, width: 30, height: 30)))
    #expect(seen.boxes(at: 0.55, size: size).count == 6)
    // Between rows, before and after them nobody looked.
    let sparse = HiddenFaces([rows[0], ClipResult(clip: 3, startSeconds: 2, endSeconds: 3, status: .noFace)])
    let whole = [Rect(x: 0, y: 0, width: 320, height: 240)]
    #expect(sparse.boxes(at: 1.5, size: size) == whole && sparse.boxes(at: 3.1, size: size) == whole)
    #expect(sparse.boxes(at: 2.5, size: size).isEmpty && !sparse.boxes(at: 1, size: size).isEmpty)
  }

  /// Neither a download nor what a link leads to is ours.
  @Test func partsOfOthersStay() throws {
    let (output, other) = (folder.file("out.mp4").path, folder.file("thesis.txt"))
    try Data("thesis".utf8).write(to: other)
    try FileManager.default.createSymbolicLink(atPath: output + ".part", withDestinationPath: other.path)
    _ = try AnnotatedVideo(rows, labels: labels).write(input, to: output)
    #expect(try String(contentsOf: other, encoding: .utf8) == "thesis")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: output + ".part") == other.path)
    #expect(try frames(output).count > 10)
  }

  @Test func nothingIsLeftOfAVideoThatCannotBeRead() throws {
    try Data("no video".utf8).write(to: folder.file("bad.mp4"))
    #expect(throws: VideoError.self) {
      try AnnotatedVideo(rows, labels: labels).write(folder.file("bad.mp4").path, to: folder.file("out.mp4").path)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.mp4").path))
  }
}
