import DferImage
import DferVideo
import Foundation

/// Reads the packed format: a video whose frame n belongs to the row with `frame` n of the CSV file of the same name.
///
/// Columns: `frame`; optionally one of votes for each label, or `label`; `x0,y0,x1,y1`; five points
/// `leye_x,leye_y ... rmouth_y`; 68 points, of which `p36` and `p45` give the eye distance. Coefficients for a
/// blendshape head may lie in NAME-blendshapes.csv. An empty cell is not known.
package enum PackedSet {
  static let pointColumns = ["leye", "reye", "nose", "lmouth", "rmouth"].flatMap { ["\($0)_x", "\($0)_y"] }

  static let contourColumns = (0..<68).flatMap { ["p\($0)x", "p\($0)y"] }

  /// Whether a CSV file is in this format: it numbers frames and a video lies beside it.
  package static func video(of csv: String) -> String? {
    let base = URL(fileURLWithPath: csv).deletingPathExtension()
    return ["mkv", "mp4", "avi"].map { base.appendingPathExtension($0).path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// - Parameters:
  ///   - csv: path of the CSV file.
  ///   - labels: the classes, in the order of the votes to be given back.
  ///   - blendshapes: names of coefficients to read when they are there.
  ///   - every: take every n-th row only.
  ///   - contours: whether to keep all 68 points.
  ///   - filter: which rows are read.
  /// - Throws: `DataError` with the line of the first row that is wrong, or `VideoError`.
  package static func read(
    _ csv: String, labels: [String], blendshapes: [String] = [], every: Int = 1, contours: Bool = false,
    filter: RowFilter = .all
  ) throws -> LabelledSet {
    guard let video = video(of: csv) else { throw DataError(path: csv, reason: "no video of this name lies beside it") }
    let table = try LabelTable(path: csv, filter: filter)
    guard table.has("frame") else { throw DataError(path: csv, line: 1, reason: "there is no column frame") }
    let votes = VoteColumns(table, labels)
    let rows = try table.rows { row -> (frame: Int, clip: LabelledClip, fault: DataError) in
      guard let frame = row.text("frame").flatMap({ Int($0) }), frame >= 0 else { throw row.fault("no frame number") }
      let points = table.has(pointColumns[0]) ? try row.points(pointColumns) : nil
      let corners = table.has("p36x") ? try row.points(["p36x", "p36y", "p45x", "p45y"]) : nil
      let (counts, others) = try votes.read(row)
      let box = try row.box()
      var clip = LabelledClip(
        name: row.text("name") ?? "\(csv), frame \(frame)", images: [], boxes: box.map { [$0] } ?? [],
        boxesAreLabels: box != nil, points: points.map { [$0] } ?? [],
        eyeDistance: (corners ?? points).map { Agreement.distance($0[0], $0[1]) }, votes: counts, otherVotes: others,
        person: row.text("person"))
      clip.frame = frame
      if contours, table.has("p67y") { clip.contour = try row.points(contourColumns) ?? [] }
      return (frame, clip, row.fault("the box lies outside of the image"))
    }
    let coefficients = try self.blendshapes(beside: csv, names: blendshapes)
    // An image may have several rows, one a face.
    var wanted: [Int: [(clip: LabelledClip, fault: DataError)]] = [:]
    for (index, row) in rows.enumerated() where index.isMultiple(of: every) {
      var clip = row.clip
      clip.blendshapes = coefficients[row.frame] ?? []
      wanted[row.frame, default: []].append((clip, row.fault))
    }
    var set = LabelledSet(labels: labels, clips: [])
    let source = try VideoSource(video)
    var number = 0
    while let event = try source.next() {
      guard case .frame(let frame) = event else { continue }
      if let clips = wanted.removeValue(forKey: number) {
        let image = frame.image(longSide: max(frame.size.width, frame.size.height))
        for (known, fault) in clips {
          var clip = known
          guard clip.boxes.allSatisfy({ $0.isFace(in: image.size) }) else { throw fault }
          clip.images = [image]
          set.clips.append(clip)
        }
      }
      number += 1
    }
    if let missing = wanted.keys.min() {
      throw DataError(path: csv, reason: "row of frame \(missing), but \(video) has \(number) frames")
    }
    set.fillBoxes()
    return set
  }

  private static func blendshapes(beside csv: String, names: [String]) throws -> [Int: [Float]] {
    let path = URL(fileURLWithPath: csv).deletingPathExtension().path + "-blendshapes.csv"
    guard !names.isEmpty, FileManager.default.fileExists(atPath: path) else { return [:] }
    let table = try LabelTable(path: path)
    guard table.has("frame"), names.allSatisfy(table.has) else { return [:] }
    let rows = try table.rows { row in
      (row.text("frame").flatMap { Int($0) } ?? -1, try row.numbers(names)?.map(Float.init) ?? [])
    }
    return Dictionary(rows, uniquingKeysWith: { first, _ in first })
  }
}

extension LabelledSet {
  /// Gives faces without a box the mean box of the others, as shares of the image, to look at but not to learn.
  fileprivate mutating func fillBoxes() {
    var (sums, count) = ([0.0, 0, 0, 0], 0.0)
    for clip in clips {
      guard let box = clip.boxes.first, let size = clip.images.first?.size else { continue }
      let (width, height) = (Double(size.width), Double(size.height))
      for (side, share) in [box.x / width, box.y / height, box.width / width, box.height / height].enumerated() {
        sums[side] += share
      }
      count += 1
    }
    // Nothing known at all: the whole image, without the margin that a crop adds.
    let mean = count > 0 ? sums.map { $0 / count } : [0.115, 0.115, 0.77, 0.77]
    for index in clips.indices where clips[index].boxes.isEmpty {
      let size = clips[index].images[0].size
      let (width, height) = (Double(size.width), Double(size.height))
      clips[index].boxes = [
        Rect(x: mean[0] * width, y: mean[1] * height, width: mean[2] * width, height: mean[3] * height)
      ]
    }
  }
}

/// Where a table keeps what people said: a column of votes for each label, or one column `label`.
struct VoteColumns {
  private let labels: [String]
  private let votes: [String?]
  private let others: [String]

  init(_ table: LabelTable, _ labels: [String]) {
    self.labels = labels
    let names = table.columnNames
    votes = labels.map { label in names.sorted().first { LabelName.canonical($0) == label } }
    others = ["unknown", "not_a_face"].filter(names.contains)
  }

  var hasVotes: Bool { votes.contains { $0 != nil } }

  /// One number for each label, empty when the row has neither votes nor a label, and votes for something else.
  func read(_ row: LabelTable.Row) throws -> ([Float], Float) {
    if hasVotes {
      let counts = try votes.map { try $0.flatMap(row.number) ?? 0 }
      guard counts.allSatisfy({ $0 >= 0 }) else { throw row.fault("a negative count of votes") }
      return (counts.map(Float.init), Float(try others.compactMap(row.number).reduce(0, +)))
    }
    guard let label = row.text("label") else { return ([], 0) }
    guard let index = labels.firstIndex(of: LabelName.canonical(label)) else { return ([], 1) }
    return (labels.indices.map { $0 == index ? 1 : 0 }, 0)
  }
}
