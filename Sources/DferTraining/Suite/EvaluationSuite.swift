import Dfer
import DferModels
import Foundation

/// Domains that weights are judged on: sets of labelled faces from different sources, each with a name, a weight and a
/// purpose. A choice made on one source tells nothing about the others; a choice by the mean over domains does.
package struct EvaluationSuite: Sendable, Hashable {
  package struct Domain: Sendable, Hashable {
    package var name: String
    /// What a figure on it says, for people.
    package var purpose: String
    /// Labelled data: packed sets or manifests, read as one set.
    package var data: [String]
    /// How much it counts in the mean.
    package var weight: Double
    package var filter: RowFilter
    /// Every n-th row is read.
    package var subsample: Int
    /// What the network gets of each face; nil: what suits the faces.
    package var inputMode: Evaluator.InputMode?
  }

  package var name: String
  package var about: String
  /// Labels left out of all figures.
  package var excludedLabels: Set<String>
  package var domains: [Domain]

  package init(name: String, about: String = "", excludedLabels: Set<String> = [], domains: [Domain]) {
    (self.name, self.about, self.excludedLabels, self.domains) = (name, about, excludedLabels, domains)
  }

  /// Reads a suite file.
  ///
  /// - Parameters:
  ///   - path: of the YAML file.
  ///   - folder: where relative paths of data start; nil: the suite's own folder.
  ///   - only: names of the domains to keep; empty: all.
  /// - Throws: an error with the line of the first key that is wrong, or a `DataError` that names every data file that is
  ///   not there.
  package init(contentsOf path: String, data folder: String? = nil, only: [String] = []) throws {
    let file = URL(fileURLWithPath: path)
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw DataError(path: path, reason: "there is no such text file")
    }
    let root = try YAMLFields(text, path: path, keys: ["schema", "name", "about", "exclude_labels", "domains"])
    guard try root.integer("schema") == 1 else {
      throw root.wrong("schema", "1: another dfer wrote this file")
    }
    let start = folder.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? file.deletingLastPathComponent()
    let excluded = Set(try root.texts("exclude_labels").map(LabelName.canonical))
    var domains = try root.list("domains", keys: Self.keys).map {
      try Self.domain($0, from: start, excluding: excluded)
    }
    let names = domains.map(\.name)
    guard Set(names).count == names.count else { throw root.wrong("domains", "a list of different names") }
    guard !domains.isEmpty else { throw root.wrong("domains", "a list of at least one domain") }
    for name in only where !names.contains(name) {
      let nearest = nearestName(to: name, among: names).map { " (did you mean '\($0)'?)" } ?? ""
      throw DataError(path: path, reason: "no domain '\(name)'\(nearest); it has \(names.joined(separator: ", "))")
    }
    if !only.isEmpty { domains.removeAll { !only.contains($0.name) } }
    let missing = domains.flatMap(\.data).filter { !FileManager.default.fileExists(atPath: $0) }
    guard missing.isEmpty else {
      throw DataError(
        path: path,
        reason: "these data are not there:" + missing.map { "\n  \($0)" }.joined()
          + "\n  relative paths start at \(start.path)")
    }
    self.init(
      name: try root.required("name"), about: try root.text("about") ?? "", excludedLabels: excluded, domains: domains)
  }

  private static let keys = ["name", "purpose", "data", "weight", "where", "except", "subsample", "input_mode"]

  private static func domain(_ fields: YAMLFields, from start: URL, excluding labels: Set<String>) throws -> Domain {
    var rules: [String: RowFilter.Rule] = [:]
    for (column, values) in try fields.tableOfTexts("where") {
      rules[column] = values == ["odd"] ? .odd : values == ["even"] ? .even : .oneOf(Set(values))
    }
    var exceptions: [String: Set<String>] = [:]
    for (column, values) in try fields.tableOfTexts("except") { exceptions[column] = Set(values) }
    let mode = try fields.choice("input_mode", of: ["tubelet", "clip", "frames"])
    let data = try fields.texts("data").map { URL(fileURLWithPath: $0, relativeTo: start).standardizedFileURL.path }
    guard !data.isEmpty else { throw fields.wrong("data", "a CSV file, or a list of them") }
    var subsample = 1
    try fields.set(&subsample, "subsample", in: 1...1_000_000)
    return Domain(
      name: try fields.required("name"), purpose: try fields.text("purpose") ?? "", data: data,
      weight: try fields.number("weight", in: 0...1000) ?? 1,
      filter: RowFilter(rules, except: exceptions, excludedLabels: labels),
      subsample: subsample, inputMode: mode.flatMap { Evaluator.InputMode(rawValue: $0 == "tubelet" ? "slot" : $0) })
  }
}

extension EvaluationSuite.Domain {
  /// The domain's faces as a network wants them.
  ///
  /// - Parameter detector: made when clips need faces to be found.
  /// - Throws: `DataError` or `VideoError`; `TrainingError.noClips` when nothing is left.
  package func read(for info: FaceReader.ModelInfo, detector: () throws -> FaceDetector) throws -> LabelledSet {
    var set = LabelledSet(labels: info.labels, clips: [])
    for path in data {
      let part = try LabelledSet(
        path, labels: info.labels, frames: info.clip.frames, imageSize: info.imageSize, every: subsample,
        filter: filter,
        detector: detector)
      set.clips += part.clips
      set.faceless += part.faceless
      set.skipped += part.skipped
    }
    if set.clips.isEmpty && set.faceless.isEmpty { throw TrainingError.noClips("domain \(name)") }
    return set
  }
}
