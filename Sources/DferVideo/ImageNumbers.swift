import Foundation

/// The files of a folder of images with their places in time: numbers that are missing among otherwise even ones keep
/// theirs.
struct ImageNumbers {
  /// Path of each image, and its place, counted in images.
  let files: [(path: String, place: Int)]
  /// What is odd about the numbers, for people.
  let warning: String?

  private init(files: [(path: String, place: Int)], warning: String?) {
    self.files = files
    self.warning = warning
  }

  /// Places of files that have no numbers, or that come from a list.
  init(inOrder files: [String], warning: String? = nil) {
    self.init(files: files.enumerated().map { ($1, $0) }, warning: warning)
  }

  /// The least part of a folder's images, and the fewest, that make those with other names no part of the series.
  private static let (mostOfThem, fewest) = (0.9, 10)

  /// Images of a folder. Where nearly all belong to one numbered series, others among them (a thumbnail, a cover) are left out,
  /// and named; where there are several series, one comes after the other, each with its own gaps.
  ///
  /// - Parameter files: paths in the order of their numbers.
  init(folder files: [String]) {
    let series = Self.series(of: files)
    guard series.count > 1 else {
      let (rest, doubles) = Self.withoutDoubles(files)
      let isMixed = doubles.count > files.count - rest.count
      let found = ImageNumbers(numbered: rest)
      let all = isMixed ? "\(doubles.count) images have the numbers of others; each image counts as one frame" : nil
      self.init(files: found.files, warning: Self.joined([all ?? Self.doubled(doubles), found.warning]))
      return
    }
    let (main, others) = (series[0], series.dropFirst().flatMap { $0 })
    if main.count >= Self.fewest, Double(main.count) >= Self.mostOfThem * Double(files.count) {
      let (own, found) = Self.withoutDoubles(main)
      let doubles = own.count < main.count ? found : []
      let rest = ImageNumbers(numbered: own)
      let names = others.prefix(5).map { ($0 as NSString).lastPathComponent }.joined(separator: ", ")
      let odd =
        "left out, as not one of the images \((main[0] as NSString).lastPathComponent) to "
        + "\((main[main.count - 1] as NSString).lastPathComponent): \(names)"
        + (others.count > 5 ? " and \(others.count - 5) more" : "")
      self.init(files: rest.files, warning: Self.joined([odd, Self.doubled(doubles), rest.warning]))
      return
    }
    let inOrder = series.sorted { (files.firstIndex(of: $0[0]) ?? 0) < (files.firstIndex(of: $1[0]) ?? 0) }
    guard series.allSatisfy({ $0.count > 2 }), inOrder.flatMap({ $0 }) == files else {
      self.init(inOrder: files)
      return
    }
    var places: [(path: String, place: Int)] = []
    var warnings = [
      "\(series.count) series of images are read one after the other, as one video: "
        + inOrder.map { "\(($0[0] as NSString).lastPathComponent)..." }.joined(separator: ", ")
    ]
    for part in inOrder {
      let own = ImageNumbers(numbered: part)
      let first = places.last.map { $0.place + 1 } ?? 0
      places += own.files.map { ($0.path, first + $0.place) }
      if let warning = own.warning { warnings.append("\((part[0] as NSString).lastPathComponent)...: \(warning)") }
    }
    self.init(files: places, warning: Self.joined(warnings))
  }

  /// The files without those whose number another one has: "f3.png" and "f03.jpg" beside "f3.jpg". Only where nearly all names have
  /// a number of their own, and nothing but that number tells them apart.
  private static func withoutDoubles(_ files: [String]) -> (files: [String], doubles: [String]) {
    let parts = files.map { split((($0 as NSString).lastPathComponent as NSString).deletingPathExtension) }
    guard files.count >= fewest, let first = parts.first else { return (files, []) }
    let places = first.indices.filter { place in
      Set(parts.map { Int($0[place]).map(String.init) ?? $0[place] }).count > 1
    }
    guard places.count == 1, let place = places.first else { return (files, []) }
    var (seen, rest, doubles): (Set<Int>, [String], [String]) = ([], [], [])
    for (file, part) in zip(files, parts) {
      guard part[place].utf8.count <= 15, let number = Int(part[place]), seen.insert(number).inserted else {
        doubles.append(file)
        continue
      }
      rest.append(file)
    }
    return Double(rest.count) >= mostOfThem * Double(files.count) ? (rest, doubles) : (files, doubles)
  }

  private static func doubled(_ files: [String]) -> String? {
    guard !files.isEmpty else { return nil }
    let names = files.prefix(5).map { ($0 as NSString).lastPathComponent }.joined(separator: ", ")
    return "left out, as their numbers are those of other images or none: \(names)"
      + (files.count > 5 ? " and \(files.count - 5) more" : "")
  }

  private static func joined(_ warnings: [String?]) -> String? {
    let all = warnings.compactMap { $0 }
    return all.isEmpty ? nil : all.joined(separator: "; ")
  }

  /// The files by what is in their names beside numbers, the largest group first. Endings do not tell them apart.
  private static func series(of files: [String]) -> [[String]] {
    var groups: [[String]: [String]] = [:]
    for file in files {
      let stem = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
      let pieces = split(stem)
      groups[pieces.indices.filter { $0.isMultiple(of: 2) }.map { pieces[$0] } + ["\(pieces.count)"], default: []]
        .append(file)
    }
    return groups.values.sorted { $0.count == $1.count ? $0[0] < $1[0] : $0.count > $1.count }
  }

  /// - Parameter files: paths in the order of their numbers.
  init(numbered files: [String]) {
    guard let numbers = Self.numbers(of: files.map { ($0 as NSString).lastPathComponent }) else {
      self.init(inOrder: files)
      return
    }
    let steps = zip(numbers.dropFirst(), numbers).map { $0 - $1 }
    guard let step = steps.min(), step > 0, steps.contains(where: { $0 != step }) else {
      self.init(inOrder: files)
      return
    }
    let even = steps.count { $0 == step }
    // Dates and times as names, or a choice of frames: nothing is missing there.
    guard 4 * even >= 3 * steps.count, steps.allSatisfy({ $0.isMultiple(of: step) && $0 / step < 1_000_000 }) else {
      self.init(inOrder: files, warning: "the numbers of the images are uneven; each image counts as one frame")
      return
    }
    let missing = zip(numbers, steps).filter { $1 > step }.map { number, gap -> String in
      let (first, last) = (number + step, number + gap - step)
      return first == last ? "\(first)" : "\(first) to \(last)"
    }
    let shown = missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? " and \(missing.count - 5) more" : "")
    self.init(
      files: zip(files, numbers).map { ($0, ($1 - numbers[0]) / step) }, warning: "images are missing: \(shown)")
  }

  /// The numbers that tell the names apart when everything else in them is the same; nil when something else differs.
  private static func numbers(of names: [String]) -> [Int]? {
    guard names.count > 2 else { return nil }
    let parts = names.map { split(($0 as NSString).deletingPathExtension) }
    guard let first = parts.first, parts.allSatisfy({ $0.count == first.count }) else { return nil }
    let different = first.indices.filter { place in parts.contains { $0[place] != first[place] } }
    guard different.count == 1, let place = different.first else { return nil }
    let numbers = parts.compactMap { part in part[place].utf8.count <= 15 ? Int(part[place]) : nil }
    guard numbers.count == names.count, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
    return numbers
  }

  /// A name as alternating pieces without and with digits.
  private static func split(_ name: String) -> [String] {
    var (pieces, isNumber) = ([""], false)
    for scalar in name.unicodeScalars {
      let isDigit = ("0"..."9").contains(scalar)
      if isDigit != isNumber {
        pieces.append("")
        isNumber = isDigit
      }
      pieces[pieces.count - 1].unicodeScalars.append(scalar)
    }
    return pieces
  }
}
