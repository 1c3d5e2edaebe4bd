import Foundation

/// Writes formats that are made of segments. Rows are joined as they come, so that memory holds segments and not rows;
/// the file appears as a whole in `finish()`, also after an interruption, or not at all.
struct SegmentWriter: TimelineWriter {
  private let file: OutputFile
  private var collector: SegmentCollector
  private let render: (SegmentTimeline) -> Data

  init(_ file: OutputFile, labels: [String], keepsShares: Bool = false, render: @escaping (SegmentTimeline) -> Data) {
    self.file = file
    self.render = render
    collector = SegmentCollector(labels: labels, keepsShares: keepsShares)
  }

  mutating func write(_ row: ClipResult) throws { collector.add(row) }

  mutating func finish() throws { try file.writeWhole(render(collector.finish())) }
}
