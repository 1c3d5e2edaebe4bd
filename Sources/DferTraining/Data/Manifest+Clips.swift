import DferImage
import DferModels
import DferTracking
import DferVideo

extension Manifest {
  /// Decodes the clips: frames at even times, and around the face of each an image with room to move the crop.
  ///
  /// Every video is read once, from front to back, whatever the number of its clips. A clip whose video cannot be read
  /// or that lies behind its end is left out and named in `skipped`; one without a face goes to `faceless`.
  ///
  /// - Parameters:
  ///   - frames: at most so many of each clip.
  ///   - imageSize: side of the network's crops, in pixels.
  ///   - every: take every n-th entry only.
  ///   - detector: made when the first entry without a box is met.
  package func read(
    frames: Int, imageSize: Int, every: Int = 1, detector: () throws -> FaceDetector
  ) throws -> LabelledSet {
    let wanted = entries.enumerated().filter { $0.offset.isMultiple(of: every) }.map(\.element)
    let find = try wanted.contains { $0.box == nil && $0.truth.isEmpty } ? detector() : nil
    var set = LabelledSet(labels: labels, clips: [])
    var clips: [Int: LabelledClip] = [:]
    for (path, group) in Dictionary(grouping: wanted, by: \.path).sorted(by: { $0.key < $1.key }) {
      let reader = ClipReader(frames: frames, imageSize: imageSize, detector: find)
      do {
        for (entry, frames) in try reader.frames(of: path, group) {
          let name = title(of: entry)
          guard !frames.isEmpty else {
            set.skipped.append("\(name): the video ends before \(entry.start) s")
            continue
          }
          guard entry.box?.isFace(in: frames[0].size) != false else {
            set.skipped.append("\(name): the box lies outside of the image")
            continue
          }
          guard let clip = reader.clip(entry, frames, name: name) else {
            set.skipped.append("\(name): no face found")
            set.faceless.append(
              LabelledClip(
                name: name, images: [], boxes: [], boxesAreLabels: false, points: [], votes: entry.votes,
                otherVotes: entry.otherVotes))
            continue
          }
          clips[entry.line] = clip
          clips[entry.line]?.person = entry.person
        }
      } catch let error as VideoError {
        set.skipped += group.map { "\(title(of: $0)): \(error)" }
      }
    }
    set.clips = wanted.compactMap { clips[$0.line] }
    return set
  }

  private func title(of entry: Entry) -> String { entry.name ?? "\(path), line \(entry.line)" }
}

/// Cuts the clips of one video.
private struct ClipReader {
  let frames: Int
  let detector: FaceDetector?
  /// Side of the kept images: twice what the network sees leaves detail when the crop is drawn smaller.
  private let side: Int

  /// Side of the kept images' square over the longer side of the face.
  private static let room = 1.8
  private static let longSide = 320
  private static let minimumScore: Float = 0.55

  init(frames: Int, imageSize: Int, detector: FaceDetector?) {
    (self.frames, self.detector) = (frames, detector)
    side = min(160, 2 * imageSize)
  }

  /// For each entry the frames nearest to the middles of its even parts, each frame once.
  func frames(of path: String, _ entries: [Manifest.Entry]) throws -> [(Manifest.Entry, [any VideoFrame])] {
    let source = try VideoSource(path)
    var moments: [(time: Double, entry: Int)] = []
    for (index, entry) in entries.enumerated() {
      let end = entry.end ?? max(entry.start, source.info.duration ?? 0)
      moments += (0..<frames).map { (entry.start + (end - entry.start) * (Double($0) + 0.5) / Double(frames), index) }
    }
    moments.sort { $0.time < $1.time }
    var found = [[any VideoFrame]](repeating: [], count: entries.count)
    var (next, last): (Int, (any VideoFrame)?) = (0, nil)
    func give(_ frame: any VideoFrame, until time: Double) {
      while next < moments.count, moments[next].time <= time {
        if found[moments[next].entry].last !== frame { found[moments[next].entry].append(frame) }
        next += 1
      }
    }
    while next < moments.count, let event = try source.next() {
      guard case .frame(let frame) = event else { continue }
      if let last { give(last, until: (last.time.seconds + frame.time.seconds) / 2) }
      last = frame
    }
    if let last {
      // What lies a little behind the last frame still shows it; a clip that starts there does not exist.
      for index in next..<max(next, moments.count) {
        let entry = moments[index].entry
        let isIn = !found[entry].isEmpty || entries[entry].start <= last.time.seconds + (last.duration ?? 0.04)
        if isIn, found[entry].last !== last { found[entry].append(last) }
      }
    }
    return Array(zip(entries, found))
  }

  /// nil when no face is found in any frame.
  func clip(_ entry: Manifest.Entry, _ frames: [any VideoFrame], name: String) -> LabelledClip? {
    let truths = frames.map { FrameTruth.nearest($0.time.seconds, in: entry.truth) }
    var boxes: [Rect?] = []
    for (frame, truth) in zip(frames, truths) {
      boxes.append(truth?.box ?? entry.box ?? face(in: frame, near: boxes.compactMap { $0 }.last))
    }
    guard boxes.contains(where: { $0 != nil }) else { return nil }
    var clip = LabelledClip(
      name: name, images: [], boxes: [], boxesAreLabels: !entry.truth.isEmpty, points: [], votes: entry.votes,
      otherVotes: entry.otherVotes)
    for (index, frame) in frames.enumerated() {
      // A frame without a face is cut where the nearest one has it.
      let nearest = boxes.indices.filter { boxes[$0] != nil }.min { abs($0 - index) < abs($1 - index) }
      guard let nearest, let box = boxes[nearest] else { continue }
      let square = box.square(factor: Self.room)
      let scale = Double(side) / square.width
      func inside(_ point: Point) -> Point { Point(x: (point.x - square.x) * scale, y: (point.y - square.y) * scale) }
      clip.images.append(frame.crop(square, side: side))
      let corner = inside(Point(x: box.x, y: box.y))
      clip.boxes.append(Rect(x: corner.x, y: corner.y, width: box.width * scale, height: box.height * scale))
      if let points = truths[index]?.points, points.count == 5 { clip.points.append(points.map(inside)) }
    }
    // Points of some frames only would shift those of the others.
    if clip.points.count != clip.images.count { clip.points = [] }
    if let first = clip.points.first { clip.eyeDistance = Agreement.distance(first[0], first[1]) }
    return clip
  }

  /// The face that lies over `near`, else the largest, in upright frame pixels and as labels would have it.
  private func face(in frame: any VideoFrame, near: Rect?) -> Rect? {
    let image = frame.image(longSide: Self.longSide)
    let faces = detector?.detect(image, of: frame.size, threshold: Self.minimumScore) ?? []
    let boxes = faces.map { CropGeometry.labelled($0.box) }
    if let near, let same = boxes.max(by: { $0.overlap(near) < $1.overlap(near) }), same.overlap(near) > 0.2 {
      return same
    }
    return boxes.max { $0.area < $1.area }
  }
}
