import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads an EAF and checks what EAF 3.0 asks of it: the order of the parts, unique ids, references that lead somewhere,
/// times in order, and annotations of a tier that do not overlap.
final class ElanDocument: NSObject, XMLParserDelegate {
  private(set) var tiers: [String] = []
  private(set) var annotations: [(tier: String, start: Int, end: Int)] = []
  private(set) var faults: [String] = []
  private var parts: [String] = []
  private var slots: [String: Int] = [:]
  private var ids: Set<String> = []
  private var types: Set<String> = []
  private var typesInUse: Set<String> = []
  private var lastTime = 0

  private static let order = [
    "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY",
  ]
  private static let required: [String: [String]] = [
    "ANNOTATION_DOCUMENT": ["AUTHOR", "DATE", "VERSION"], "MEDIA_DESCRIPTOR": ["MEDIA_URL", "MIME_TYPE"],
    "TIME_SLOT": ["TIME_SLOT_ID"], "TIER": ["TIER_ID", "LINGUISTIC_TYPE_REF"],
    "LINGUISTIC_TYPE": ["LINGUISTIC_TYPE_ID"],
    "ALIGNABLE_ANNOTATION": ["ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"], "LOCALE": ["LANGUAGE_CODE"],
    "LANGUAGE": ["LANG_ID"], "CONTROLLED_VOCABULARY": ["CV_ID"], "CV_ENTRY_ML": ["CVE_ID"], "CVE_VALUE": ["LANG_REF"],
  ]

  init(_ file: URL) throws {
    super.init()
    let parser = XMLParser(data: try Data(contentsOf: file))
    parser.delegate = self
    if !parser.parse() { faults.append("not well formed: \(String(describing: parser.parserError))") }
    let places = parts.compactMap { Self.order.firstIndex(of: $0) }
    if places != places.sorted() || places.count != parts.count { faults.append("parts out of order: \(parts)") }
    if !typesInUse.isSubset(of: types) { faults.append("a tier's type is missing") }
    for tier in tiers {
      let own = annotations.filter { $0.tier == tier }
      if !zip(own, own.dropFirst()).allSatisfy({ $0.end <= $1.start }) { faults.append("\(tier) overlaps") }
      if own.contains(where: { $0.start >= $0.end }) { faults.append("\(tier) has an empty annotation") }
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    for key in Self.required[name] ?? [] where attributes[key] == nil { faults.append("\(name) without \(key)") }
    for key in ["TIME_SLOT_ID", "ANNOTATION_ID", "TIER_ID", "CVE_ID", "LANG_ID", "CV_ID", "LINGUISTIC_TYPE_ID"] {
      guard let id = attributes[key] else { continue }
      if !ids.insert("\(key) \(id)").inserted { faults.append("\(id) occurs twice") }
    }
    if Self.order.contains(name) { parts.append(name) }
    switch name {
    case "TIME_SLOT":
      let time = attributes["TIME_VALUE"].flatMap { Int($0) } ?? -1
      if time < lastTime { faults.append("time slots out of order") }
      (lastTime, slots[attributes["TIME_SLOT_ID"] ?? ""]) = (time, time)
    case "TIER":
      tiers.append(attributes["TIER_ID"] ?? "")
      typesInUse.insert(attributes["LINGUISTIC_TYPE_REF"] ?? "")
    case "LINGUISTIC_TYPE": types.insert(attributes["LINGUISTIC_TYPE_ID"] ?? "")
    case "ALIGNABLE_ANNOTATION":
      guard let start = slots[attributes["TIME_SLOT_REF1"] ?? ""], let end = slots[attributes["TIME_SLOT_REF2"] ?? ""]
      else {
        faults.append("an annotation without a time")
        return
      }
      annotations.append((tiers.last ?? "", start, end))
    default: break
    }
  }
}
