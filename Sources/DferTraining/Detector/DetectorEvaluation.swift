import DferImage
import DferModels
import DferTracking
import Foundation

/// How well a face detector finds: recall and precision by the size of faces, wrong finds in images without faces, and how
/// far the points are off. A find counts for a face when they overlap by half (IoU 0.5); ignored faces count neither way.
package struct DetectorEvaluation: Sendable, Codable {
  /// Faces of one range of sizes, sqrt(width * height) in pixels of the detector's image.
  package struct Size: Sendable, Codable {
    package var least: Double
    /// nil: no limit.
    package var most: Double?
    package var faces = 0
    package var found = 0
    /// Finds of this size that are no face.
    package var wrong = 0

    package var recall: Double { faces > 0 ? Double(found) / Double(faces) : 0 }
    package var precision: Double { found + wrong > 0 ? Double(found) / Double(found + wrong) : 0 }
  }

  package var threshold: Double
  /// Long side of the images as the detector saw them, in pixels.
  package var longSide: Int
  package var sizes = [(0, 12), (12, 24), (24, 48), (48, 96), (96, nil)].map { Size(least: $0.0, most: $0.1) }
  /// Area under the curve of precision over recall for faces of 12 pixels and more.
  package var averagePrecision = 0.0
  package var emptyPictures = 0
  package var findsInEmptyPictures = 0
  /// Mean distance of the five points over sqrt(width * height) of the face; nil without points.
  package var pointError: Double?

  /// - Parameter progress: called with the count of images that are done; false ends the reading early.
  package init(
    _ detector: FaceDetector, on scenes: [DetectorScene], longSide: Int = 320, threshold: Double? = nil,
    progress: (Int) -> Bool = { _ in true }
  ) {
    self.threshold = threshold ?? Double(detector.threshold)
    self.longSide = longSide
    var ranked: [(score: Double, isFace: Bool)] = []
    var (faces, errors): (Int, [Double]) = (0, [])
    for (number, scene) in scenes.enumerated() {
      let scale = min(4, Double(longSide) / Double(max(scene.image.width, scene.image.height)))
      let image = scene.image.resampled(
        Rect(x: 0, y: 0, width: Double(scene.image.width), height: Double(scene.image.height)),
        width: max(1, Int((Double(scene.image.width) * scale).rounded())),
        height: max(1, Int((Double(scene.image.height) * scale).rounded())))
      let truth = scene.faces.map { $0.moved(scale: scale, dx: 0, dy: 0) }
      var isOpen = truth.map { !$0.isIgnored }
      faces += truth.count { !$0.isIgnored && Self.size($0.box) >= 12 }
      for face in truth where !face.isIgnored { sizes[bin(face.box)].faces += 1 }
      if truth.isEmpty { emptyPictures += 1 }
      for find in detector.detect(image, threshold: 0.05) {
        let match = truth.indices.max { truth[$0].box.overlap(find.box) < truth[$1].box.overlap(find.box) }
        let overlap = match.map { truth[$0].box.overlap(find.box) } ?? 0
        // A find over an ignored face, or one too small to count, says nothing.
        if let match, overlap > 0.3, truth[match].isIgnored { continue }
        let isFace = overlap >= 0.5 && match.map { isOpen[$0] } == true
        let counts = find.score > self.threshold
        if isFace, let match {
          isOpen[match] = false
          if Self.size(truth[match].box) >= 12 { ranked.append((find.score, true)) }
          if counts {
            sizes[bin(truth[match].box)].found += 1
            let face = truth[match]
            if face.points.count == 5 {
              let off = zip(face.points, find.points).reduce(0) { $0 + Agreement.distance($1.0, $1.1) } / 5
              errors.append(off / Self.size(face.box))
            }
          }
        } else {
          if Self.size(find.box) >= 12 { ranked.append((find.score, false)) }
          if counts {
            sizes[bin(find.box)].wrong += 1
            if truth.isEmpty { findsInEmptyPictures += 1 }
          }
        }
      }
      guard progress(number + 1) else { break }
    }
    averagePrecision = Self.averagePrecision(ranked, faces: faces)
    pointError = errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
  }

  private static func size(_ box: Rect) -> Double { (box.width * box.height).squareRoot() }

  private func bin(_ box: Rect) -> Int { sizes.firstIndex { Self.size(box) < $0.most ?? .infinity } ?? sizes.count - 1 }

  /// The mean over all faces of the best precision at their recall or beyond.
  static func averagePrecision(_ ranked: [(score: Double, isFace: Bool)], faces: Int) -> Double {
    guard faces > 0 else { return 0 }
    var (right, precisions): (Int, [Double]) = (0, [])
    for (index, find) in ranked.sorted(by: { $0.score > $1.score }).enumerated() where find.isFace {
      right += 1
      precisions.append(Double(right) / Double(index + 1))
    }
    for index in precisions.indices.dropLast().reversed() {
      precisions[index] = max(precisions[index], precisions[index + 1])
    }
    return precisions.reduce(0, +) / Double(faces)
  }

  /// For people.
  package var lines: [String] {
    func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
    var lines = [
      "average precision \(percent(averagePrecision)) (faces of 12 pixels and more, IoU 0.5, long side \(longSide))"
    ]
    for size in sizes where size.faces > 0 {
      let name = size.most.map { "\(Int(size.least)) to \(Int($0))" } ?? "over \(Int(size.least))"
      lines.append(
        "  \(name) pixels: \(size.faces) faces, recall \(percent(size.recall)), precision \(percent(size.precision))")
    }
    if emptyPictures > 0 {
      lines.append("  \(findsInEmptyPictures) false detections in \(emptyPictures) images without faces")
    }
    if let pointError { lines.append("  points: off by \(percent(pointError)) of the face's size") }
    return lines
  }
}
