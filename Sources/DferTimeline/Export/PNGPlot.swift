import DferImage
import Foundation

/// The timeline as an image: the same figure as `SVGPlot`, at twice its size, for slides and messages.
enum PNGPlot {
  private static let scale = 2.0
  private static let (left, right, lane, strip, bands) = (90.0, 34.0, 120.0, 18.0, 74.0)
  private static let (ink, soft, ground) = (Colour(css: "#1d2430"), Colour(css: "#5d6776"), Colour(css: "#eceef1"))

  static func data(_ timeline: SegmentTimeline) -> Data { Data(PNG.data(image(timeline))) }

  static func image(_ timeline: SegmentTimeline) -> Image {
    // A crowd's figure would be too tall to look at; the SVG holds everybody.
    let faces = Array(timeline.faces.prefix(40))
    let (width, top) = (1000.0, 56.0)
    let plot = width - left - right
    let axis = top + lane * Double(max(1, faces.count))
    var image = Image(width: Int(width * scale), height: Int((axis + 40) * scale))
    image.fill(Rect(x: 0, y: 0, width: width * scale, height: (axis + 40) * scale), .white)
    var (large, small) = (Typeface(height: 9 * scale), Typeface(height: 8 * scale))
    let colours = ClassColours.of(timeline.labels).map { Colour(css: $0) }
    func area(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Rect {
      Rect(x: x * scale, y: y * scale, width: width * scale, height: height * scale)
    }
    func write(_ text: String, endingAt x: Double, _ y: Double, _ font: inout Typeface, _ colour: Colour) {
      font.draw(text, at: Point(x: x * scale - font.width(of: text), y: y * scale), colour, on: &image)
    }

    let step = plot / Double(max(1, timeline.labels.count))
    for (index, label) in timeline.labels.enumerated() {
      let x = left + step * Double(index)
      image.fill(area(x, 18, 12, 12), colours[index])
      large.draw(label, at: Point(x: (x + 18) * scale, y: 19.5 * scale), ink, on: &image)
    }
    for (index, face) in faces.enumerated() {
      let y = top + lane * Double(index)
      write(TextParts.name(face), endingAt: left - 12, y + 4, &large, ink)
      write("100 %", endingAt: left - 12, y + strip + 3, &small, soft)
      write("0 %", endingAt: left - 12, y + strip + bands - 6, &small, soft)
      image.fill(area(left, y, plot, strip), ground)
      image.fill(area(left, y + strip + 2, plot, bands), ground)
      let seconds = max(timeline.duration, 0.001)
      for segment in timeline.segments(of: face) {
        guard let place = timeline.labels.firstIndex(of: segment.label) else { continue }
        let bar = area(left + plot * segment.start / seconds, y, plot * segment.seconds / seconds, strip)
        image.fill(bar, colours[place])
        if segment.isDoubtful { image.hatch(bar, .white, step: 7 * scale, thickness: 1.5 * scale) }
      }
      for column in TimelineChart.columns(face, in: timeline) {
        var bottom = y + strip + 2 + bands
        for (place, value) in column.values.enumerated() {
          let height = bands * value
          image.fill(
            area(
              left + plot * column.start / seconds, bottom - height, plot * (column.end - column.start) / seconds,
              height), colours[place])
          bottom -= height
        }
      }
    }
    if faces.isEmpty {
      large.draw("No face was found.", at: Point(x: left * scale, y: (top + 30) * scale), ink, on: &image)
    }
    for time in TimelineChart.ticks(timeline.duration) {
      let x = left + plot * time / max(timeline.duration, 0.001)
      image.fill(area(x - 0.5, axis - 18, 1, 5), soft)
      let text = TimelineChart.clock(time, short: true)
      small.draw(
        text, at: Point(x: x * scale - small.width(of: text) / 2, y: (axis - 8) * scale), soft, on: &image)
    }
    if timeline.segments.contains(where: \.isDoubtful) {
      write("hatched: \(TextParts.doubtNote)", endingAt: width - right, axis + 18, &small, soft)
    }
    let title = "time (min:s)"
    small.draw(
      title, at: Point(x: (left + plot / 2) * scale - small.width(of: title) / 2, y: (axis + 18) * scale), soft,
      on: &image)
    return image
  }
}

extension SegmentTimeline {
  /// A colour for each of `labels`, the same as in charts and reports.
  package var colours: [Colour] { ClassColours.of(labels).map { Colour(css: $0) } }
}
