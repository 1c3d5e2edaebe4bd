import Foundation

/// Tiers, time slots, time-aligned annotations and linked media of an ELAN file (EAF).
struct ElanFile: Sendable {
  struct Tier: Sendable {
    let name: String
    let type: String
    var annotations: [(start: String, end: String, value: String)] = []

    /// Gives slots without a time, as subdivisions of an annotation have them, even places between those around them: the
    /// annotations of such a chain share a slot with the next one.
    func fill(_ slots: inout [String: Double]) {
      var index = 0
      while index < annotations.count {
        var chain = [annotations[index].start, annotations[index].end]
        while slots[chain[chain.count - 1]] == nil, index + 1 < annotations.count,
          annotations[index + 1].start == chain[chain.count - 1]
        {
          index += 1
          chain.append(annotations[index].end)
        }
        index += 1
        guard chain.count > 2, let first = slots[chain[0]], let last = slots[chain[chain.count - 1]] else { continue }
        for (place, slot) in chain.enumerated().dropFirst().dropLast() {
          slots[slot] = first + (last - first) * Double(place) / Double(chain.count - 1)
        }
      }
    }
  }

  struct Media: Sendable {
    let location: String
    /// Where in the video the annotation's time begins, in seconds.
    let origin: Double
  }

  private(set) var tiers: [Tier] = []
  private(set) var media: [Media] = []
  /// Seconds.
  private(set) var slots: [String: Double] = [:]

  /// Throws `AnnotationError`.
  init(_ data: Data) throws {
    var scanner = XMLScanner(data)
    guard case .start("ANNOTATION_DOCUMENT", _) = try scanner.next() else { throw AnnotationError("not an ELAN file") }
    var times: (start: String, end: String)?
    var value: String?
    while let event = try scanner.next() {
      switch event {
      case .start("HEADER", let attributes):
        let unit = attributes["TIME_UNITS"] ?? "milliseconds"
        guard unit == "milliseconds" else { throw AnnotationError("times in \(unit); only milliseconds can be read") }
      case .start("MEDIA_DESCRIPTOR", let attributes):
        let url = attributes["MEDIA_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? attributes["RELATIVE_MEDIA_URL"] ?? ""
        let origin = try attributes["TIME_ORIGIN"].map { text -> Double in
          guard let milliseconds = Double(text), abs(milliseconds) < 1e12 else {
            throw AnnotationError("media offset \"\(text)\" is not a number")
          }
          return milliseconds / 1000
        }
        media.append(Media(location: url, origin: origin ?? 0))
      case .start("TIME_SLOT", let attributes):
        guard let id = attributes["TIME_SLOT_ID"], let text = attributes["TIME_VALUE"] else { continue }
        guard let time = Int(text), (0..<1_000_000_000_000).contains(time) else {
          throw AnnotationError("time slot \(id): \"\(text)\" is not a time in whole milliseconds")
        }
        slots[id] = Double(time) / 1000
      case .start("TIER", let attributes):
        tiers.append(Tier(name: attributes["TIER_ID"] ?? "", type: attributes["LINGUISTIC_TYPE_REF"] ?? ""))
      case .start("ALIGNABLE_ANNOTATION", let attributes):
        times = (attributes["TIME_SLOT_REF1"] ?? "", attributes["TIME_SLOT_REF2"] ?? "")
      case .start("ANNOTATION_VALUE", _): value = ""
      case .text(let text): value? += text
      case .end("ANNOTATION_VALUE"):
        if let times, let value, !tiers.isEmpty {
          tiers[tiers.count - 1].annotations.append((times.start, times.end, value))
        }
        (times, value) = (nil, nil)
      default: break
      }
    }
  }

  /// A track for each tier of the type "expression", or for any time-aligned tier when there is none, in the time of the
  /// video. Throws `AnnotationError` when it is not clear which of several videos with other offsets that is.
  func annotation(of videos: [String]) throws -> Annotation {
    let origin = try origin(of: videos)
    let expressions = tiers.filter { $0.type == "expression" }
    let tracks = try (expressions.isEmpty ? tiers : expressions).map { tier in
      var slots = slots
      tier.fill(&slots)
      let intervals = try tier.annotations.map { annotation in
        guard let start = slots[annotation.start], let end = slots[annotation.end] else {
          throw AnnotationError("\"\(annotation.value)\" of tier \"\(tier.name)\" has no time")
        }
        guard start <= end else {
          throw AnnotationError(
            "\"\(annotation.value)\" of tier \"\(tier.name)\" ends at \(fixedDecimal(end, places: 3)) s, before it starts"
          )
        }
        return Annotation.Interval(label: annotation.value, start: start + origin, end: end + origin)
      }
      return Annotation.Track(name: tier.name, intervals: intervals.filter { $0.start < $0.end })
    }
    return Annotation(tracks: tracks.filter { !$0.intervals.isEmpty })
  }

  private func origin(of videos: [String]) throws -> Double {
    guard let first = media.first, media.contains(where: { $0.origin != first.origin }) else {
      return media.first?.origin ?? 0
    }
    if let same = media.first(where: { AnnotationFile.isSameVideo($0.location, videos) }) { return same.origin }
    let names = media.map {
      "\(AnnotationFile.name(of: $0.location).text) from \(fixedDecimal($0.origin, places: 3)) s"
    }
    throw AnnotationError(
      "links videos with different offsets (\(names.joined(separator: ", "))), and none is known to be the one compared with"
    )
  }
}

extension Annotation {
  /// Throws `AnnotationError`.
  init(elan data: Data) throws { self = try ElanFile(data).annotation(of: []) }
}
