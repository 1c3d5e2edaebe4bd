import Dfer
import DferImage
import DferVideo
import Foundation

/// Sets of single images: AffectNet in both of its releases, and any folder whose parts are named after the classes.
extension PublicSet {
  // MARK: AffectNet

  /// AffectNet's numbers; 8 (none), 9 (uncertain) and 10 (no face) are no expressions.
  private static let affectNetLabels = [
    "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt",
  ]

  /// Reads either release: lists with a line for each image (2017), or a file of each image's number (2021).
  static func affectNet(_ folder: String) throws -> Contents {
    let root = URL(fileURLWithPath: folder).standardizedFileURL
    let lists = ["training", "validation"].compactMap { name -> (split: String, path: String)? in
      let places = ["Manually_Annotated_file_lists/", "Manually_Annotated/Manually_Annotated_file_lists/", ""]
      let found = places.map { root.appendingPathComponent("\($0)\(name).csv").path }
        .first { FileManager.default.fileExists(atPath: $0) }
      return found.map { (name == "training" ? "train" : "test", $0) }
    }
    return try lists.isEmpty ? annotated(root) : listed(root, lists)
  }

  private static let listColumns = [
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression",
  ]

  private static func listed(_ root: URL, _ lists: [(split: String, path: String)]) throws -> Contents {
    var contents = Contents()
    var (missing, other) = (0, 0)
    for (split, path) in lists {
      guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
        throw DataError(path: path, reason: "there is no such text file")
      }
      let places = ["Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", ""].map {
        root.appendingPathComponent($0)
      }
      for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
        let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        // One release of the lists has a header, the other has none.
        if line.isEmpty || cells[0] == listColumns[0] { continue }
        guard cells.count >= listColumns.count, let number = Int(cells[6]), (0...10).contains(number) else {
          throw DataError(path: path, line: index + 1, reason: "no image and expression: \"\(line.prefix(80))\"")
        }
        guard affectNetLabels.indices.contains(number) else {
          other += 1
          continue
        }
        guard
          let image = places.map({ $0.appendingPathComponent(cells[0]).path })
            .first(where: FileManager.default.fileExists)
        else {
          missing += 1
          continue
        }
        let points = cells[5].split(separator: ";").compactMap { Double($0) }
        contents.clips.append(
          Clip(path: image, label: affectNetLabels[number], split: split, box: box(around: points)))
      }
    }
    if missing > 0 { contents.skipped.append("\(missing) listed images are not there") }
    if other > 0 {
      contents.skipped.append("\(other) images show no expression by their list (none, uncertain, no face)")
    }
    return contents
  }

  /// `train_set/images/17.jpg` with `train_set/annotations/17_exp.npy` and `17_lnd.npy`, and `val_set` alike.
  private static func annotated(_ root: URL) throws -> Contents {
    var contents = Contents()
    var (missing, other) = (0, 0)
    for (set, split) in [("train_set", "train"), ("val_set", "test")] {
      let folder = root.appendingPathComponent(set)
      let images = folder.appendingPathComponent("images").path
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: images)) ?? []).sorted()
      where MediaEndings.images.contains(MediaEndings.of(name)) {
        let base = folder.appendingPathComponent("annotations/\((name as NSString).deletingPathExtension)").path
        guard FileManager.default.fileExists(atPath: base + "_exp.npy") else {
          missing += 1
          continue
        }
        guard let value = try NumPyArray(base + "_exp.npy").values.first, let number = Int(exactly: value) else {
          throw DataError(path: base + "_exp.npy", reason: "it holds no number of an expression")
        }
        guard affectNetLabels.indices.contains(number) else {
          other += 1
          continue
        }
        let points =
          FileManager.default.fileExists(atPath: base + "_lnd.npy") ? try NumPyArray(base + "_lnd.npy").values : []
        contents.clips.append(
          Clip(path: "\(images)/\(name)", label: affectNetLabels[number], split: split, box: box(around: points)))
      }
    }
    if missing > 0 { contents.skipped.append("\(missing) images have no expression beside them") }
    if other > 0 { contents.skipped.append("\(other) images show no expression by their numbers") }
    return contents
  }

  /// The box that networks here learn from: the bounds of 68 points with a quarter of their height added above.
  /// - Parameter points: x and y in turn, in pixels; nil for anything but 68 points with an area.
  private static func box(around points: [Double]) -> Rect? {
    guard points.count == 136, points.allSatisfy(\.isFinite) else { return nil }
    let xs = stride(from: 0, to: 136, by: 2).map { points[$0] }
    let ys = stride(from: 1, to: 136, by: 2).map { points[$0] }
    guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max(), right > left,
      bottom > top
    else { return nil }
    return Rect(left: left, top: top - (bottom - top) / 4, right: right, bottom: bottom)
  }

  // MARK: Folders named after their classes

  private static let splits = [
    "train": "train", "training": "train", "train_set": "train", "test": "test", "testing": "test", "val": "test",
    "valid": "test", "validation": "test", "val_set": "test",
  ]

  /// `train/happy/17.jpg`: the innermost folder that names a class gives the label, one named train, test, val or the like
  /// the split. Where no folder names a class, the innermost one is a class of the user's own.
  static func folders(_ folder: String) throws -> Contents {
    let root = URL(fileURLWithPath: folder).standardizedFileURL
    var walk = FolderWalk(root.path, endings: MediaEndings.images.union(MediaEndings.videos))
    let names = walk.run()
    var contents = Contents()
    guard Folder.kind(of: root.path) == .folder else {
      throw DataError(path: folder, reason: "no such folder")
    }
    contents.skipped += walk.leftOut.filter(\.isFailure).map { "\($0.path): \($0.reason)" }
    var loose = 0
    for name in names.sorted() {
      let ending = MediaEndings.of(name)
      guard MediaEndings.images.contains(ending) || MediaEndings.videos.contains(ending) else { continue }
      let parts = name.split(separator: "/").dropLast().map(String.init)
      let split = parts.compactMap { splits[$0.lowercased()] }.last ?? ""
      let classes = parts.filter { splits[$0.lowercased()] == nil }.map(LabelName.ofFolder)
      guard let label = classes.last(where: LabelName.isKnown) ?? classes.last else {
        loose += 1
        continue
      }
      contents.clips.append(Clip(path: root.appendingPathComponent(name).path, label: label, split: split))
    }
    if loose > 0 { contents.skipped.append("\(loose) files lie in no folder of a class") }
    return contents
  }
}
