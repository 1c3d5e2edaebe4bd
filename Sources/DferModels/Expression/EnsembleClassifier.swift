import DferImage
import Foundation

/// Several networks whose probabilities are averaged. Each sees the face as it was trained: the run cuts the widest of
/// their crops, and the others are cut out of it.
package struct EnsembleClassifier: ExpressionClassifier {
  package struct Member: Sendable {
    package let reader: FaceReader
    /// Share of its probabilities before all are divided by their sum.
    package let weight: Double

    package init(_ reader: FaceReader, weight: Double) { (self.reader, self.weight) = (reader, weight) }
  }

  package let members: [Member]
  /// Of the members' files, for people.
  package let names: [String]
  /// For each member where each of our labels is among its own.
  private let orders: [[Int]]
  private let total: Double
  package let modelInfo: FaceReader.ModelInfo

  /// What networks that do not go together have in the way.
  package struct Fault: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameter members: two or more, with the names of their files for errors.
  /// - Throws: `Fault` when their classes differ, or the frames of their clips.
  package init(_ members: [(member: Member, name: String)]) throws {
    let infos = members.map(\.member.reader.modelInfo)
    guard let first = infos.first, members.allSatisfy({ $0.member.weight > 0 }) else {
      throw Fault(description: "an ensemble needs members whose weight is above 0")
    }
    var orders: [[Int]] = []
    for (info, (_, name)) in zip(infos, members) {
      let order = first.labels.compactMap(info.labels.firstIndex)
      guard order.count == first.labels.count, info.labels.count == first.labels.count else {
        throw Fault(
          description: "the classes of \(name) (\(info.labels.joined(separator: ", "))) are not those of "
            + "\(members[0].name) (\(first.labels.joined(separator: ", ")))")
      }
      orders.append(order)
    }
    // Networks for single images read whatever frames there are.
    let ofClips = zip(infos, members).filter { !$0.1.member.reader.readsSingleImages }.map(\.0)
    guard Set(ofClips.map(\.clip.frames)).count <= 1 else {
      throw Fault(
        description:
          "clips of \(ofClips.map { "\($0.clip.frames)" }.joined(separator: " and ")) frames do not go together")
    }
    (self.members, names) = (members.map(\.member), members.map(\.name))
    self.orders = orders
    total = members.reduce(0) { $0 + $1.member.weight }
    let licences = infos.map(\.licence).filter { !$0.isEmpty }
    modelInfo = FaceReader.ModelInfo(
      system: "ensemble", version: infos.map(\.version).joined(separator: "+"),
      licence: licences.enumerated().filter { licences.firstIndex(of: $0.element) == $0.offset }.map(\.element)
        .joined(separator: "; "),
      labels: first.labels, blendshapes: infos.first { !$0.blendshapes.isEmpty }?.blendshapes ?? [],
      givesLandmarks: infos.contains(where: \.givesLandmarks), looksForMasks: infos.contains(where: \.looksForMasks),
      temperature: 1, crop: ModelCard.Crop(sideFactor: infos.map(\.crop.sideFactor).max() ?? 1),
      clip: ofClips.first?.clip ?? first.clip, imageSize: infos.map(\.imageSize).max() ?? first.imageSize,
      imageMean: first.imageMean, imageStd: first.imageStd, parameters: infos.reduce(0) { $0 + $1.parameters },
      prior: nil)
  }

  package var isComputedElsewhere: Bool { members.contains { $0.reader.isComputedElsewhere } }
  package var multiplications: Int { members.reduce(0) { $0 + $1.reader.multiplications } }

  package func views(of crop: Image, points: [Point]) -> [Image] {
    members.flatMap { member in
      let part = part(for: member)
      return member.reader.views(of: cut(crop, part, member), points: points.map { part.inside($0) })
    }
  }

  package func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
    var all: [[ExpressionReading]] = []
    for member in members {
      let part = part(for: member)
      let crops = clips.map { clip in
        var last: (image: Image, crop: Image)?
        return clip.map { image -> Image in
          // Equal frames stay equal, which saves reading them twice.
          if let last, last.image == image { return last.crop }
          let crop = cut(image, part, member)
          last = (image, crop)
          return crop
        }
      }
      let marks = points.map { $0.map { $0.map { part.inside($0) } } }
      all.append(try member.reader.read(crops, points: marks))
    }
    return clips.indices.map { index in joined(all.map { $0[index] }) }
  }

  private func joined(_ readings: [ExpressionReading]) -> ExpressionReading {
    var probabilities = [Double](repeating: 0, count: modelInfo.labels.count)
    for (index, reading) in readings.enumerated() {
      for label in probabilities.indices {
        probabilities[label] += members[index].weight / total * Double(reading.probabilities[orders[index][label]])
      }
    }
    let isFinite = readings.allSatisfy(\.isFinite)
    let masks = readings.compactMap(\.maskWorn)
    let place = readings.firstIndex { !$0.landmarks.isEmpty }
    let part = place.map { self.part(for: members[$0]) }
    return ExpressionReading(
      probabilities: probabilities.map(Float.init),
      logits: probabilities.map { isFinite ? Float(log(max($0, 1e-9))) : .nan },
      boxes: place.flatMap { place in part.map { part in readings[place].boxes.map(part.outside) } } ?? [],
      landmarks: place.flatMap { place in part.map { part in readings[place].landmarks.map { $0.map(part.outside) } } }
        ?? [],
      blendshapes: readings.first { !$0.blendshapes.isEmpty }?.blendshapes ?? [],
      maskWorn: masks.isEmpty ? nil : masks.reduce(0, +) / Float(masks.count))
  }

  // MARK: Crops

  /// The middle of our crop that a member wants to see.
  private struct Part {
    /// Side over that of our crop.
    let side: Double

    func inside(_ point: Point) -> Point {
      Point(x: (point.x - 0.5) / side + 0.5, y: (point.y - 0.5) / side + 0.5)
    }

    func outside(_ point: Point) -> Point {
      Point(x: (point.x - 0.5) * side + 0.5, y: (point.y - 0.5) * side + 0.5)
    }

    func outside(_ box: Rect) -> Rect {
      let corner = outside(Point(x: box.x, y: box.y))
      return Rect(x: corner.x, y: corner.y, width: box.width * side, height: box.height * side)
    }
  }

  private func part(for member: Member) -> Part {
    Part(side: member.reader.modelInfo.crop.sideFactor / modelInfo.crop.sideFactor)
  }

  private func cut(_ image: Image, _ part: Part, _ member: Member) -> Image {
    let size = member.reader.modelInfo.imageSize
    if part.side == 1 && image.width == size { return image }
    let (side, edge) = (Double(image.width) * part.side, Double(image.width) * (1 - part.side) / 2)
    return image.resampled(Rect(x: edge, y: edge, width: side, height: side), width: size, height: size)
  }
}

extension FaceReader {
  /// Whether clips are means over their frames, however many.
  package var readsSingleImages: Bool {
    switch self {
    case .clips: false
    case .images: true
    case .classifier(let model): model.readsSingleImages
    }
  }
}
