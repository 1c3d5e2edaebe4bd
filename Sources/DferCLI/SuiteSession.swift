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
  let json: String?

  func run() throws {
    let suite = try EvaluationSuite(contentsOf: suite, data: folder, only: only)
    // Everything that can be wrong with a name or a file is found before anything is read.
    let first = try JudgedWeights(weights, temperature, prior)
    let second = try other.map { try JudgedWeights($0, nil, nil) }
    let file = try json.map { try OutputFile($0, overwrite: true, kind: .whole) }
    let readings = try Self.read(suite, [first, second].compactMap { $0 })
    var result = try SuiteResult(suite, first.info, readings[0])
    if let second {
      let compared = try SuiteResult(suite, second.info, readings[1])
      result.comparison = try SuiteComparison(suite, (result, readings[0]), over: (compared, readings[1]))
    }
    for line in result.lines { print(line) }
    try file?.writeWhole(result.json)
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
          judged.reader.reading(of: set, inputMode: domain.inputMode) { done in
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
  init(_ name: String, _ temperature: Double?, _ prior: (reading: ReadingPrior, words: String)?) throws {
    let path = try name.hasSuffix(".safetensors") ? name : Installation.pipeline(name).modelWeights.path
    let trained = try FaceReader(weights: path)
    reader = try prior.map { try trained.reading(with: $0.reading, path: path, temperature: temperature) } ?? trained
    self.path = path
    let modelInfo = reader.modelInfo
    info = SuiteResult.Weights(
      path: name, system: modelInfo.system, version: modelInfo.version,
      temperature: temperature ?? modelInfo.temperature,
      prior: prior?.words)
  }
}

extension FaceReader.ModelInfo {
  /// Whether labelled faces that were read for one network do for the other.
  fileprivate func seesLike(_ other: FaceReader.ModelInfo) -> Bool {
    labels == other.labels && clip.frames == other.clip.frames && imageSize == other.imageSize
  }
}
