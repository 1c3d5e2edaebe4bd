import DferImage
import DferModels
import DferVideo
import Foundation

/// A face with what is known of its behaviour, image by image.
package struct BehaviourFace: Sendable {
  /// Who says what is known.
  package enum Source: String, Sendable, CaseIterable, Codable {
    /// Points placed by people.
    case people
    /// The renderer: exact.
    case renderer
    /// Points and coefficients of another network.
    case teacher
  }

  /// What is known of one image; nil and empty: not known.
  package struct Truth: Sendable, Hashable {
    /// 68, in pixels.
    var points: [Point] = []
    var rotation: HeadRotation?
    var eyes: [FaceBehaviour.Eye] = []
    /// One for each of `ActionUnit.all`.
    var strengths = [Double?](repeating: nil, count: ActionUnit.all.count)
  }

  var source: Source
  /// Images and boxes; nothing else of it is used.
  var clip: LabelledClip
  /// One for each image.
  var truths: [Truth]
}

/// Where behaviour is learned from: packed sets of single images with 68 points, and the manifests of `dfer synthesize`.
package enum BehaviourSet {
  /// Gives the faces of a file one after the other; their images are held no longer than that.
  ///
  /// - Parameters:
  ///   - every: take every n-th face only.
  ///   - keep: called for each face; false ends the reading.
  /// - Throws: `DataError` with the line of the first row that is wrong, or `VideoError`.
  package static func read(_ csv: String, every: Int = 1, _ keep: (BehaviourFace) throws -> Bool) throws {
    if PackedSet.video(of: csv) != nil {
      for face in try packed(csv, every: every) { guard try keep(face) else { return } }
    } else {
      try rendered(csv, every: every, keep)
    }
  }

  /// Single images. Coefficients in NAME-blendshapes.csv say that both they and the points are a teacher's.
  private static func packed(_ csv: String, every: Int) throws -> [BehaviourFace] {
    let set = try PackedSet.read(
      csv, labels: ExpressionLabels.names, blendshapes: Blendshapes.names, every: every, contours: true)
    return set.clips.filter { $0.contour.count == 68 }.map { clip in
      var truth = BehaviourFace.Truth(points: clip.contour)
      let isTeacher = !clip.blendshapes.isEmpty
      if isTeacher {
        let named = Dictionary(uniqueKeysWithValues: zip(Blendshapes.names, clip.blendshapes))
        truth.strengths = ActionUnit.all.map { unit in
          let values = unit.coefficients.compactMap { named[$0] }.map(Double.init)
          return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        // Of eyes it teaches the opening alone; the subject's right eye is on the left of the image.
        truth.eyes = ["eyeBlinkRight", "eyeBlinkLeft"].compactMap { named[$0] }.map {
          FaceBehaviour.Eye(yaw: 0, pitch: 0, open: opening(blink: Double($0)))
        }
        truth.setClosed()
      }
      truth.setLipsApart()
      return BehaviourFace(source: isTeacher ? .teacher : .people, clip: clip, truths: [truth])
    }
  }

  /// MediaPipe's coefficient as an opening: on the faces here its median is 0.1, and closed eyes have 0.65 and more.
  private static func opening(blink: Double) -> Double { min(1, max(0, 1 - (blink - 0.1) / 0.55)) }

  /// Clips of `dfer synthesize`, with the truth beside each.
  private static func rendered(_ csv: String, every: Int, _ keep: (BehaviourFace) throws -> Bool) throws {
    let manifest = try LabelTable(path: csv)
    guard manifest.has("path"), manifest.has("truth") else {
      throw DataError(path: csv, line: 1, reason: "neither a packed set nor a manifest of dfer synthesize")
    }
    let folder = URL(fileURLWithPath: csv).deletingLastPathComponent()
    let clips = try manifest.rows { row -> (video: String, truth: String, face: String) in
      guard let path = row.text("path"), let truth = row.text("truth") else { throw row.fault("no path, or no truth") }
      func full(_ path: String) -> String { URL(fileURLWithPath: path, relativeTo: folder).path }
      return (full(path), full(truth), row.text("face") ?? "0")
    }
    for (index, clip) in clips.enumerated() where index.isMultiple(of: every) {
      guard let face = try rendered(clip.video, clip.truth, face: clip.face) else { continue }
      guard try keep(face) else { return }
    }
  }

  private static func rendered(_ video: String, _ csv: String, face: String) throws -> BehaviourFace? {
    let table = try LabelTable(path: csv)
    guard table.has("rotation0"), table.has("eye0_open") else {
      throw DataError(path: csv, line: 1, reason: "no head rotation or eyes: render it with this version of dfer")
    }
    let rows = try table.rows { row -> (frame: Int, box: Rect, truth: BehaviourFace.Truth)? in
      guard row.text("face") == face, let frame = row.text("frame").flatMap({ Int($0) }), let box = try row.box() else {
        return nil
      }
      return (frame, box, try truth(row, table))
    }
    let known = Dictionary(rows.compactMap { $0 }.map { ($0.frame, $0) }, uniquingKeysWith: { first, _ in first })
    var clip = LabelledClip(
      name: "\(video), face \(face)", images: [], boxes: [], boxesAreLabels: true, points: [], votes: [])
    var truths: [BehaviourFace.Truth] = []
    let source = try VideoSource(video)
    var number = 0
    while let event = try source.next() {
      guard case .frame(let frame) = event else { continue }
      if let row = known[number] {
        clip.images.append(frame.image(longSide: max(frame.size.width, frame.size.height)))
        clip.boxes.append(row.box)
        truths.append(row.truth)
      }
      number += 1
    }
    return truths.isEmpty ? nil : BehaviourFace(source: .renderer, clip: clip, truths: truths)
  }

  private static func truth(_ row: LabelTable.Row, _ table: LabelTable) throws -> BehaviourFace.Truth {
    var truth = BehaviourFace.Truth(points: try row.points(PackedSet.contourColumns) ?? [])
    truth.rotation = try row.numbers((0..<6).map { "rotation\($0)" }).flatMap { HeadRotation(sixNumbers: $0) }
    truth.eyes = try (0..<2).compactMap { eye in
      try row.numbers(["eye\(eye)_yaw_deg", "eye\(eye)_pitch_deg", "eye\(eye)_open"]).map {
        FaceBehaviour.Eye(yaw: $0[0] * .pi / 180, pitch: $0[1] * .pi / 180, open: min(1.5, $0[2]))
      }
    }
    truth.strengths = try ActionUnit.all.map { unit in
      let names = unit.shapes.flatMap { [$0, $0 + "_L", $0 + "_R"] }.filter(table.has)
      guard let values = try row.numbers(names) else { return nil }
      return min(1, values.reduce(0, +) / Double(values.count))
    }
    truth.setLipsApart()
    truth.setClosed()
    return truth
  }
}

extension BehaviourFace.Truth {
  /// AU25 is measured: the gap between the inner lips over half of the width of the mouth, 1 at most.
  mutating func setLipsApart() {
    guard points.count == 68, let index = ActionUnit.index(of: 25) else { return }
    let gap = [(61, 67), (62, 66), (63, 65)].reduce(0) { $0 + Agreement.distance(points[$1.0], points[$1.1]) } / 3
    let width = max(1e-6, Agreement.distance(points[48], points[54]))
    strengths[index] = min(1, gap / (width / 2))
  }

  /// AU45 is measured: how far both eyes are closed.
  mutating func setClosed() {
    guard eyes.count == 2, let index = ActionUnit.index(of: 45) else { return }
    strengths[index] = eyes.reduce(0) { $0 + max(0, 1 - $1.open) } / 2
  }

  /// What is true of the image as an augmentation shows it; points in 0...1 of the crop.
  func seen(_ augmentation: Augmentation, _ box: Rect) -> BehaviourFace.Truth {
    var seen = self
    seen.points = points.map { augmentation.normalized($0, box) }
    seen.rotation = rotation?.turned(by: -augmentation.angle)
    guard augmentation.isMirrored else { return seen }
    if seen.points.count == 68 { seen.points = FaceBehaviour.mirroredPoints.map { seen.points[$0] } }
    seen.rotation = seen.rotation?.mirrored
    seen.eyes = eyes.reversed().map { FaceBehaviour.Eye(yaw: -$0.yaw, pitch: $0.pitch, open: $0.open) }
    return seen
  }
}
