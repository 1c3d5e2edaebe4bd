import DferImage
import DferVideo
import Foundation

/// An image with all its faces, for the face detector.
package struct DetectorScene: Sendable {
  package struct Face: Sendable, Hashable {
    /// Pixels of the image.
    package var box: Rect
    /// Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner; empty: not known.
    package var points: [Point]
    /// Whether mouth and nose are covered by a mask; nil: not known.
    package var wearsMask: Bool?
    /// Neither a face nor background: too small or too doubtful to learn or to count.
    package var isIgnored: Bool
  }

  package var name: String
  package var image: Image
  package var faces: [Face]
}

extension DetectorScene {
  /// Reads a packed set of scenes: a video and a CSV file of the same name with one row a face, and one without a box for
  /// an image that has none. Columns: `frame`, `x0,y0,x1,y1`, optionally the five points, `width,height` (the part of
  /// the canvas that is image), `ignore` (1: do not count), `kind` (`animal` and `scene` have no faces) and `label`
  /// (`mask` or `none`).
  ///
  /// - Throws: `DataError` with the line of the first row that is wrong, or `VideoError`.
  package static func read(_ csv: String) throws -> [DetectorScene] {
    guard let video = PackedSet.video(of: csv) else {
      throw DataError(path: csv, reason: "no video of this name lies beside it")
    }
    let table = try LabelTable(path: csv)
    guard table.has("frame"), table.has("x0") else {
      throw DataError(path: csv, line: 1, reason: "scenes need the columns frame and x0,y0,x1,y1")
    }
    let hasPoints = table.has(PackedSet.pointColumns[0])
    var scenes: [Int: DetectorScene] = [:]
    var sizes: [Int: Size] = [:]
    _ = try table.rows { row in
      guard let frame = row.text("frame").flatMap({ Int($0) }), frame >= 0 else { throw row.fault("no frame number") }
      var scene =
        scenes[frame]
        ?? DetectorScene(
          name: row.text("name") ?? "\(csv), frame \(frame)", image: Image(width: 1, height: 1), faces: [])
      if let box = try row.box() {
        scene.faces.append(
          Face(
            box: box, points: hasPoints ? try row.points(PackedSet.pointColumns) ?? [] : [],
            wearsMask: row.text("label").map { $0 == "mask" }, isIgnored: row.text("ignore") == "1"))
      }
      if let width = try row.number("width"), let height = try row.number("height") {
        sizes[frame] = Size(width: Int(width), height: Int(height))
      }
      scenes[frame] = scene
    }
    var result: [DetectorScene] = []
    let source = try VideoSource(video)
    var number = 0
    while let event = try source.next() {
      guard case .frame(let frame) = event else { continue }
      if var scene = scenes.removeValue(forKey: number) {
        scene.image = frame.image(longSide: max(frame.size.width, frame.size.height))
        if let size = sizes[number], size != scene.image.size { scene.image = scene.image.topLeft(size) }
        guard scene.faces.allSatisfy({ $0.box.isFace(in: scene.image.size) }) else {
          throw DataError(path: csv, reason: "frame \(number): a box lies outside of the image")
        }
        result.append(scene)
      }
      number += 1
    }
    if let missing = scenes.keys.min() {
      throw DataError(path: csv, reason: "row of frame \(missing), but \(video) has \(number) frames")
    }
    return result
  }
}

extension Image {
  /// The part of that size at the top left.
  fileprivate func topLeft(_ size: Size) -> Image {
    let (width, height) = (min(max(1, size.width), self.width), min(max(1, size.height), self.height))
    var part = Image(width: width, height: height)
    for y in 0..<height {
      part.pixels.replaceSubrange(
        3 * y * width..<3 * (y + 1) * width, with: pixels[3 * y * self.width..<3 * (y * self.width + width)])
    }
    return part
  }
}
