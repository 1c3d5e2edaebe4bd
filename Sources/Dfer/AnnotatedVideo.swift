import DferImage
import DferTimeline
import DferVideo

/// Draws a timeline into its video: boxes with labels, landmarks, the head's axes, gaze, and a strip of all faces' labels
/// with a mark that moves. A label in doubt has a question mark, and its part of the strip is hatched. Faces can be hidden.
/// Images are read, drawn and written one by one.
package struct AnnotatedVideo {
  package struct Options: Sendable, Hashable {
    /// Whether faces are made unrecognisable: for all of the time that their rows cover and a little beyond, and all of the
    /// image where no row says who was in it.
    package var hidesFaces = false
    package var coding = VideoCoding.lossy(quality: 21)
    /// How the video is read: with the stream and rotation that the rows are of.
    package var video = VideoOptions()

    package init() {}
  }

  private let timeline: SegmentTimeline
  private let rows: [Int: [ClipResult]]
  private let hidden: HiddenFaces
  /// Length of a whole clip, in seconds.
  private let wholeClip: Double
  private let colours: [String: Colour]
  private let options: Options

  /// - Parameter sightings: of the run that has just made the rows, for hiding faces; see `HiddenFaces`.
  package init(
    _ rows: [ClipResult], labels: [String], options: Options = Options(), sightings: [HiddenFaces.Sighting] = []
  ) {
    timeline = SegmentTimeline(rows, labels: labels)
    self.rows = HiddenFaces.byFace(rows)
    hidden = HiddenFaces(rows, sightings: sightings)
    wholeClip = rows.map { $0.endSeconds - $0.startSeconds }.max() ?? 0
    colours = Dictionary(uniqueKeysWithValues: zip(timeline.labels, timeline.colours))
    self.options = options
  }

  /// Writes the video at `path` anew to `output`, with its sound as it is.
  ///
  /// - Parameters:
  ///   - name: whose extension chooses the container; nil: that of `output`.
  ///   - end: seconds; frames from there on are left out.
  ///   - isCancelled: asked before each image; when true, what is drawn so far is ended validly.
  /// - Returns: frames drawn, and whether the sound came along.
  package func write(
    _ path: String, to output: String, as name: String? = nil, until end: Double = .infinity,
    isCancelled: () -> Bool = { false }
  ) throws -> (frames: Int, hasSound: Bool) {
    let source = try openVideo(path, options: options.video)
    var writer: VideoWriter?
    let size = source.info.size
    var pen = Pen(size: size)
    let strip = pen.strip(timeline, colours)
    var frames = 0
    while !isCancelled(), let event = try source.next() {
      guard case .frame(let frame) = event else { continue }
      guard frame.time.seconds < end || frames == 0 else { break }
      // Where the size changes, rows are in pixels of the frame that they are of.
      var image = frame.image(longSide: max(frame.size.width, frame.size.height))
      if pen.size != image.size { pen = Pen(size: image.size) }
      draw(at: frame.time.seconds, on: &image, &pen)
      if image.size != size {
        let whole = Rect(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
        image = image.resampled(whole, width: size.width, height: size.height)
      }
      pen.place(strip, at: frame.time.seconds / max(timeline.duration, 0.001), on: &image)
      if writer == nil {
        writer = try VideoWriter(
          output, as: name, size: size, timeBase: frame.time.timeBase, frameRate: source.info.frameRate ?? 25,
          coding: options.coding, soundOf: path)
      }
      try writer?.write(image, at: frame.time.ticks)
      frames += 1
    }
    guard let writer else { throw VideoError.noFrames(path: path) }
    try writer.finish()
    return (frames, writer.hasSound)
  }

  // MARK: One image

  private func draw(at time: Double, on image: inout Image, _ pen: inout Pen) {
    let faces = rows.keys.sorted().compactMap { id in place(of: id, at: time).map { (id: id, place: $0) } }
    if options.hidesFaces {
      image = image.hiding(
        faces.map(\.place.box) + hidden.boxes(at: time, size: Size(width: image.width, height: image.height)))
    }
    for (id, place) in faces {
      let segment = segment(of: id, at: time)
      let colour = segment.flatMap { colours[$0.label] } ?? Colour(200, 200, 200)
      image.outline(place.box, colour, thickness: pen.line)
      if !options.hidesFaces { for point in place.landmarks { image.dot(point, radius: pen.line, colour) } }
      place.behaviour.draw(on: &image, colour, line: pen.line, showsPoints: !options.hidesFaces)
      let text = segment.map { "\(id) \($0.shownLabel) \(Int(($0.confidence * 100).rounded())) %" } ?? "\(id)"
      pen.label(text, above: place.box, colour, on: &image)
    }
  }

  private func segment(of face: Int, at time: Double) -> Segment? {
    timeline.segments.first { $0.faceID == face && $0.start <= time && time < $0.end }
  }

  /// Where a face is: between the middles of two of its clips on the way from one to the other. Where it was first or
  /// last, as much of the clip counts as shows it, so that no box stands on an empty wall before a face appears.
  private func place(of face: Int, at time: Double) -> (box: Rect, landmarks: [Point], behaviour: AnnotatedBehaviour)? {
    guard let own = rows[face], !own.isEmpty else { return nil }
    var (low, high) = (0, own.count)
    while low < high {
      let middle = (low + high) / 2
      if own[middle].middleSeconds <= time { low = middle + 1 } else { high = middle }
    }
    let before = low > 0 ? own[low - 1] : nil
    let after = low < own.count ? own[low] : nil
    if let before, let after, let from = before.box, let to = after.box, after.startSeconds < before.endSeconds + 1e-6 {
      let t = (time - before.middleSeconds) / max(after.middleSeconds - before.middleSeconds, 1e-9)
      let points = zip(before.landmarks, after.landmarks).map {
        Point(x: $0.x + ($1.x - $0.x) * t, y: $0.y + ($1.y - $0.y) * t)
      }
      let box = from.interpolated(to: to, t)
      return (box, points, AnnotatedBehaviour(before, after, t, box: box))
    }
    if let before, time < before.startSeconds + shownSeconds(before), let box = before.box {
      return (box, before.landmarks, AnnotatedBehaviour(before, box: box))
    }
    if let after, time >= after.endSeconds - shownSeconds(after) - 1e-6, let box = after.box {
      return (box, after.landmarks, AnnotatedBehaviour(after, box: box))
    }
    return nil
  }

  /// How much of its clip shows the face. The coverage is of a whole clip, also where the clip is shorter.
  private func shownSeconds(_ row: ClipResult) -> Double {
    min(row.endSeconds - row.startSeconds, wholeClip * (row.coverage ?? 1))
  }
}

/// Sizes and letters that fit a video.
private struct Pen {
  let line: Double
  let size: Size
  private var font: Typeface

  init(size: Size) {
    self.size = size
    let unit = Double(min(size.width, size.height))
    line = max(1, (unit / 240).rounded())
    font = Typeface(height: max(7, (unit / 36).rounded()))
  }

  mutating func label(_ text: String, above box: Rect, _ colour: Colour, on image: inout Image) {
    let pad = font.height / 3
    let height = font.height + 2 * pad
    let top = box.y >= height ? box.y - height : box.y
    let width = font.width(of: text) + 2 * pad
    let left = max(0, min(box.x, Double(size.width) - width))
    image.fill(Rect(x: left, y: top, width: width, height: height), colour)
    let isDark = 2 * Int(colour.red) + 5 * Int(colour.green) + Int(colour.blue) < 1100
    font.draw(text, at: Point(x: left + pad, y: top + pad), isDark ? .white : .black, on: &image)
  }

  /// The whole timeline as an image: a lane for each face, at most six.
  mutating func strip(_ timeline: SegmentTimeline, _ colours: [String: Colour]) -> Image {
    let faces = timeline.faces.prefix(6)
    let lane = max(4, Int(font.height * 0.9))
    guard !faces.isEmpty, size.width > 0 else { return Image(width: 1, height: 1) }
    var image = Image(width: size.width, height: faces.count * (lane + 2) + 2)
    let scale = Double(size.width) / max(timeline.duration, 0.001)
    for (index, face) in faces.enumerated() {
      for segment in timeline.segments(of: face) {
        let bar = Rect(
          x: segment.start * scale, y: Double(index * (lane + 2) + 2), width: segment.seconds * scale,
          height: Double(lane))
        image.fill(bar, colours[segment.label] ?? .white)
        if segment.isDoubtful {
          image.hatch(bar, .white, step: Double(lane) * 0.7, thickness: max(1, Double(lane) / 7))
        }
      }
    }
    return image
  }

  /// Lays the strip over the image's lower edge, with a mark at `share` of its length.
  func place(_ strip: Image, at share: Double, on image: inout Image) {
    guard strip.width == image.width, strip.height <= image.height else { return }
    let top = image.height - strip.height
    let start = top * image.width * 3
    image.pixels.replaceSubrange(start..<start + strip.pixels.count, with: strip.pixels)
    image.fill(
      Rect(x: share * Double(image.width) - line, y: Double(top), width: 2 * line, height: Double(strip.height)), .white
    )
  }
}
