import DferImage
import DferTimeline
import DferVideo
import Foundation

/// Writes synthetic clips and what is true of them into a folder:
///
/// * `clips/000000.mp4`, one video for each clip;
/// * `clips/000000.csv`, one row for each frame and face;
/// * `manifest.csv`, one row for each clip and face, as training reads it. It grows with the clips, so that a run that is
///   stopped leaves a folder that can be used.
package struct ClipFiles {
  package let folder: URL
  private let manifest: OutputFile
  package var manifestPath: String { manifest.path }

  static let manifestHeader =
    "path,start_s,end_s,label,x0,y0,x1,y1,truth,face,strength,speaks,person"
  static let truthHeader =
    (["frame", "time_s", "face", "class", "intensity", "phase", "x0", "y0", "x1", "y1"]
    + ["leye", "reye", "nose", "lmouth", "rmouth"].flatMap { ["\($0)_x", "\($0)_y"] }
    + (0..<68).flatMap { ["p\($0)x", "p\($0)y"] } + FaceTruth.columns).joined(separator: ",")

  /// - Throws: `OutputError` when the folder cannot be made or holds a manifest already.
  package init(_ folder: String, overwrite: Bool) throws {
    self.folder = URL(fileURLWithPath: folder)
    do {
      try FileManager.default.createDirectory(
        at: self.folder.appendingPathComponent("clips"), withIntermediateDirectories: true)
    } catch { throw OutputError.notWritable(path: folder, reason: error.localizedDescription) }
    manifest = try OutputFile(self.folder.appendingPathComponent("manifest.csv").path, overwrite: overwrite)
    try manifest.append(Self.manifestHeader)
  }

  /// Renders and writes one clip.
  ///
  /// - Parameter person: names the clip's people in the manifest, so that no person is on both sides of a split.
  package func write(_ clip: SyntheticClip, number: Int, person: String) throws {
    let name = String(repeating: "0", count: max(0, 6 - String(number).count)) + String(number)
    let base = folder.appendingPathComponent("clips/\(name)")
    let settings = clip.settings
    let rate = settings.frameRate
    // Ticks of a millionth of a second: any frame rate fits within half of one.
    let video = try VideoWriter(
      base.appendingPathExtension("mp4").path, size: settings.size,
      timeBase: TimeBase(numerator: 1, denominator: 90_000),
      frameRate: rate, coding: .lossy(quality: clip.quality))
    var rows = [Self.truthHeader]
    var boxes = [[Rect]](repeating: [], count: settings.faces)
    for index in 0..<settings.frames {
      let frame = clip.frame(index)
      try video.write(frame.image, at: Int64((Double(index) / rate * 90_000).rounded()))
      for (number, face) in frame.faces.enumerated() {
        rows.append(Self.row(index, Double(index) / rate, number, face))
        boxes[number].append(face.box)
      }
    }
    try video.finish()
    let truth = try OutputFile(base.appendingPathExtension("csv").path, overwrite: true, kind: .whole)
    try truth.writeWhole(rows.joined(separator: "\n") + "\n")
    for face in 0..<settings.faces {
      let box = Self.mean(boxes[face])
      let end = fixedDecimal(Double(settings.frames) / rate, places: 3)
      let cells = [
        "clips/\(name).mp4", "0", end, clip.expressions[face].rawValue, Self.sides(box), "clips/\(name).csv", "\(face)",
        fixedDecimal(clip.strengths[face], places: 3), clip.speaks[face] ? "1" : "0", "\(person)-\(face)",
      ]
      try manifest.append(cells.joined(separator: ","))
    }
  }

  private static func row(_ index: Int, _ time: Double, _ number: Int, _ face: SyntheticClip.Face) -> String {
    var cells = [
      String(index), fixedDecimal(time, places: 4), String(number), face.expression.rawValue,
      fixedDecimal(face.intensity, places: 3), face.phase.rawValue, sides(face.box),
    ]
    for point in face.fivePoints + face.points {
      cells += [fixedDecimal(point.x, places: 2), fixedDecimal(point.y, places: 2)]
    }
    cells += face.truth.numbers.map { fixedDecimal($0, places: 4) }
    return cells.joined(separator: ",")
  }

  private static func sides(_ box: Rect) -> String {
    [box.x, box.y, box.right, box.bottom].map { fixedDecimal($0, places: 2) }.joined(separator: ",")
  }

  private static func mean(_ boxes: [Rect]) -> Rect {
    func mean(_ side: (Rect) -> Double) -> Double { boxes.reduce(0) { $0 + side($1) } / Double(max(1, boxes.count)) }
    return Rect(left: mean(\.x), top: mean(\.y), right: mean(\.right), bottom: mean(\.bottom))
  }
}
