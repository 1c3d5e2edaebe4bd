/// ELAN's annotation format, EAF 3.0: a tier for each face with its labels, a tier for each class that this face shows
/// with the mean confidence, a tier for what is in doubt, and a tier that says where there is no face. Labels are a controlled vocabulary, so that
/// a coder corrects them from a menu.
struct ElanAnnotation {
  let media: MediaReference?
  /// Where the file will be, for the relative link to the video.
  let output: String

  func text(_ timeline: SegmentTimeline) -> String {
    var slots: [Int] = []
    var annotations = 0
    var tiers = ""
    func tier(_ name: String, type: String, _ segments: [Segment], value: (Segment) -> String) {
      tiers += "  <TIER DEFAULT_LOCALE=\"en\" LINGUISTIC_TYPE_REF=\"\(type)\" TIER_ID=\"\(Quoting.xml(name))\""
      guard !segments.isEmpty else {
        tiers += "/>\n"
        return
      }
      tiers += ">\n"
      for segment in segments {
        let (start, end) = TextParts.milliseconds(segment)
        slots += [start, end]
        annotations += 1
        tiers += "    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a\(annotations)\" "
        tiers += "TIME_SLOT_REF1=\"ts\(slots.count - 1)\" TIME_SLOT_REF2=\"ts\(slots.count)\">"
        tiers += "<ANNOTATION_VALUE>\(Quoting.xml(value(segment)))</ANNOTATION_VALUE>"
        tiers += "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
      }
      tiers += "  </TIER>\n"
    }
    for face in timeline.faces {
      let segments = timeline.segments(of: face)
      tier(TextParts.name(face), type: "expression", segments) { $0.label }
      for label in timeline.labels {
        let shown = segments.filter { $0.label == label }
        guard !shown.isEmpty else { continue }
        tier("\(TextParts.name(face)) \(label)", type: "confidence", shown) { fixedDecimal($0.confidence, places: 3) }
      }
    }
    for face in timeline.faces {
      let doubtful = timeline.segments(of: face).filter(\.isDoubtful)
      guard !doubtful.isEmpty else { continue }
      tier("\(TextParts.name(face)) unsure", type: "doubt", doubtful) {
        "\($0.shownLabel) \(TextParts.percent($0.confidence))"
      }
    }
    tier(TextParts.name(nil), type: "status", timeline.segments(of: nil)) { $0.label }

    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <ANNOTATION_DOCUMENT AUTHOR="dfer" DATE="\(Timestamp.now)" FORMAT="3.0" VERSION="3.0" \
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
      xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
        <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
      \(mediaDescriptor)    <PROPERTY NAME="lastUsedAnnotationId">\(annotations)</PROPERTY>
        </HEADER>
        <TIME_ORDER>
      \(timeOrder(slots))  </TIME_ORDER>
      \(tiers)\
        <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF="expressions" GRAPHIC_REFERENCES="false" \
      LINGUISTIC_TYPE_ID="expression" TIME_ALIGNABLE="true"/>
        <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="confidence" TIME_ALIGNABLE="true"/>
        <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="doubt" TIME_ALIGNABLE="true"/>
        <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="status" TIME_ALIGNABLE="true"/>
        <LOCALE COUNTRY_CODE="US" LANGUAGE_CODE="en"/>
        <LANGUAGE LANG_DEF="http://cdb.iso.org/lg/CDB-00130975-001" LANG_ID="und" LANG_LABEL="undetermined (und)"/>
        <CONTROLLED_VOCABULARY CV_ID="expressions">
          <DESCRIPTION LANG_REF="und">Classes of the weights</DESCRIPTION>
      \(vocabulary(timeline.labels))  </CONTROLLED_VOCABULARY>
      </ANNOTATION_DOCUMENT>

      """
  }

  private var mediaDescriptor: String {
    guard let media else { return "" }
    let path = media.path(from: output)
    let relative =
      media.isURL || output == "-"
      ? "" : " RELATIVE_MEDIA_URL=\"\(Quoting.xml(path.hasPrefix("../") ? path : "./" + path))\""
    return "    <MEDIA_DESCRIPTOR MEDIA_URL=\"\(Quoting.xml(media.absoluteURL))\" "
      + "MIME_TYPE=\"\(media.mimeType)\"\(relative)/>\n"
  }

  /// Slots are named in the order of their use and listed in the order of time, as the format asks.
  private func timeOrder(_ slots: [Int]) -> String {
    slots.enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }
      .map { "    <TIME_SLOT TIME_SLOT_ID=\"ts\($0.offset + 1)\" TIME_VALUE=\"\($0.element)\"/>\n" }.joined()
  }

  private func vocabulary(_ labels: [String]) -> String {
    labels.enumerated().map { index, label in
      "    <CV_ENTRY_ML CVE_ID=\"cveid\(index)\"><CVE_VALUE LANG_REF=\"und\">\(Quoting.xml(label))</CVE_VALUE></CV_ENTRY_ML>\n"
    }.joined()
  }
}
