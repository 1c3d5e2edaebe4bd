import Dfer
import DferModels
import DferTimeline
import DferTraining
import Foundation

/// `dfer evaluate --suite`: one table over all domains.
struct SuiteSession {
  /// Path of the suite, the folder where its relative paths start, and the domains to read; empty: all.
  let suite: String
  let folder: String?
  let only: [String]
  /// Weights to judge, and others to compare them with: a weight file, an installed pipeline, or a pipeline file.
  let weights: String
  let other: String?
  let temperature: Double?
  /// Prior to read with, and how it was asked for; nil: as the weights were trained.
  var prior: (reading: ReadingPrior, words: String)?
  /// For the result.
  let json: OutputFile?
  var compute = ComputeChoice()

  func run() throws {
    let suite = try EvaluationSuite(contentsOf: suite, data: folder, only: only)
    // Everything that can be wrong with a name or a file is found before anything is read.
    let first = try JudgedWeights(weights, temperature, prior, compute: compute)
    let second = try other.map { try JudgedWeights($0, nil, nil, compute: compute) }
    let members = first.members
    let readings = try Self.read(suite, [first] + (second.map { [$0] } ?? []) + members)
    var result = try SuiteResult(suite, first.info, readings[0])
    if let second {
      let compared = try SuiteResult(suite, second.info, readings[1])
      result.comparison = try SuiteComparison(suite, (result, readings[0]), over: (compared, readings[1]))
    }
    for line in result.lines { print(line) }
    if !members.isEmpty {
      let own = Array(readings.suffix(members.count))
      for line in try Self.ensembleLines(suite, result, first, members, own) { print(line) }
    }
    try json?.writeWhole(result.json)
  }

  /// What each network of an ensemble reads alone, what all gain together, and what that costs.
  private static func ensembleLines(
    _ suite: EvaluationSuite, _ together: SuiteResult, _ ensemble: JudgedWeights, _ members: [JudgedWeights],
    _ readings: [[SuiteReading]]
  ) throws -> [String] {
    func cost(_ reader: FaceReader) -> String {
      reader.multiplications == 0
        ? "cost not known" : String(format: "%.2f GMACs a clip", Double(reader.multiplications) / 1e9)
    }
    let results = try zip(members, readings).map { try SuiteResult(suite, $0.info, $1) }
    var lines = zip(members, results).map { member, result in
      String(format: "%@ alone: UAR %.1f %%, %@", member.path, 100 * result.mean.uar, cost(member.reader))
    }
    let best = results.map(\.mean.uar).max() ?? 0
    lines.append(
      String(
        format: "together: UAR %.1f %% (%+.1f over the best of them), %@", 100 * together.mean.uar,
        100 * (together.mean.uar - best), cost(ensemble.reader)))
    let shares = EnsembleWeights.fit(suite, readings, temperatures: members.map(\.info.temperature))
    let words = zip(members, shares).map { String(format: "%@ %.2f", $0.path, $1) }.joined(separator: ", ")
    lines.append("weights that make these labels most probable: \(words); judge them on other faces")
    return lines
  }

  /// For each of the weights what they read of each domain. Only one domain is in memory at a time.
  static func read(_ suite: EvaluationSuite, _ all: [JudgedWeights]) throws -> [[SuiteReading]] {
    var readings = [[SuiteReading]](repeating: [], count: all.count)
    let interrupt = Interrupt()
    for domain in suite.domains {
      var known: (info: FaceReader.ModelInfo, set: LabelledSet)?
      for (index, judged) in all.enumerated() {
        let info = judged.reader.modelInfo
        let isSame = known.map { $0.info.seesLike(info) } ?? false
        let set =
          try (isSame ? known?.set : nil)
          ?? domain.read(for: info) {
            try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path)
          }
        if known == nil { for line in set.skipped { Terminal.write("dfer: \(line)\n") } }
        known = (info, set)
        var terminal = Terminal()
        readings[index].append(
          try judged.reader.reading(of: set, inputMode: domain.inputMode) { done in
            terminal.redraw { ["\(domain.name): \(done) of \(set.clips.count) faces"] }
            return !interrupt.isRaised
          })
        if interrupt.isRaised { throw ExitStatus.interrupted }
      }
    }
    interrupt.release()
    return readings
  }
}

/// Weights that a suite judges.
struct JudgedWeights {
  let path: String
  let reader: FaceReader
  let info: SuiteResult.Weights

  /// - Parameters:
  ///   - name: a weight file, an installed pipeline, or a pipeline file.
  ///   - temperature: nil: the weights' own.
  init(
    _ name: String, _ temperature: Double?, _ prior: (reading: ReadingPrior, words: String)?,
    compute: ComputeChoice = ComputeChoice()
  ) throws {
    let isFile = name.hasSuffix(".safetensors")
    let pipeline = try isFile ? nil : Installation.pipeline(name)
    let path = pipeline?.modelWeights.path ?? name
    let trained = try pipeline?.reader(compute: compute) ?? FaceReader(weights: path)
    reader = try prior.map { try trained.reading(with: $0.reading, path: path, temperature: temperature) } ?? trained
    self.path = path
    let modelInfo = reader.modelInfo
    info = SuiteResult.Weights(
      path: name, system: modelInfo.system, version: modelInfo.version,
      temperature: temperature ?? modelInfo.temperature,
      prior: prior?.words)
  }
}

extension JudgedWeights {
  /// The networks of an ensemble, each by itself; none for a single network.
  fileprivate var members: [JudgedWeights] {
    guard case .classifier(let ensemble as EnsembleClassifier) = reader else { return [] }
    return zip(ensemble.names, ensemble.members).map { JudgedWeights(name: $0, $1.reader) }
  }

  private init(name: String, _ reader: FaceReader) {
    (path, self.reader) = (name, reader)
    let own = reader.modelInfo
    info = SuiteResult.Weights(path: name, system: own.system, version: own.version, temperature: own.temperature)
  }
}

extension FaceReader.ModelInfo {
  /// Whether labelled faces that were read for one network do for the other.
  fileprivate func seesLike(_ other: FaceReader.ModelInfo) -> Bool {
    labels == other.labels && clip.frames == other.clip.frames && imageSize == other.imageSize
  }
}
