/// Summary charts of a report: how often and how long each face shows each class.
enum HTMLReportStatistics {
  /// A chart of episodes for at most eight faces; empty without any.
  static func episodes(_ timeline: SegmentTimeline, _ statistics: TimelineStatistics) -> String {
    let faces = statistics.faces.filter { $0.episodes > 0 }.prefix(8)
    guard !faces.isEmpty else { return "" }
    let order = timeline.labels.enumerated().compactMap { place, label in
      statistics.labels.firstIndex(of: label).map { (place: place, label: label, index: $0) }
    }.filter { entry in faces.contains { $0.classes[entry.index].episodes > 0 } }
    let most = faces.flatMap { $0.classes.map(\.episodes) }.max() ?? 1
    let longest = faces.flatMap { $0.classes.compactMap(\.meanEpisode) }.max() ?? 1
    func bar(_ share: Double, _ place: Int, _ text: String) -> String {
      "<td><span class=\"bar2\"><u class=\"c\(place)\" style=\"width:\(fixedDecimal(share * 100, places: 1))%\"></u></span>\(text)</td>"
    }
    let rows = order.map { entry in
      let cells = faces.map { face -> String in
        let figures = face.classes[entry.index]
        guard let mean = figures.meanEpisode else { return "<td></td><td></td>" }
        return bar(Double(figures.episodes) / Double(most), entry.place, "\(figures.episodes)")
          + bar(mean / max(longest, 0.001), entry.place, fixedDecimal(mean, places: 1) + " s")
      }
      return "<tr><th><i class=\"c\(entry.place)\"></i>\(Quoting.xml(entry.label))</th>\(cells.joined())</tr>"
    }
    let head = faces.map { "<th>Face \($0.id): episodes</th><th>mean length</th>" }.joined()
    return """
      <section>
      <h2>Episodes\(statistics.faces.count > 8 ? " <small>of the first eight faces</small>" : "")</h2>
      <table class="figures"><thead><tr><th></th>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))</tbody></table>
      </section>
      """
  }

  /// Buttons that show one face alone; the script brings them to life, and paper does without them.
  static func tabs(_ faces: [Int]) -> String {
    guard faces.count > 1 else { return "" }
    let buttons = faces.map { "<button data-face=\"\($0)\">Face \($0)</button>" }.joined()
    return "<nav class=\"tabs\" hidden><button data-face=\"\" class=\"on\">All faces</button>\(buttons)</nav>"
  }
}
