import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import Foundation

struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit the confidence of weights to a suite of domains, and record how they read it.",
    discussion: """
      The temperature is fitted to all domains together, each by its weight whatever its number of faces. The new file's
      model card gets the metrics of each domain and the operating points: at which confidence so many faces are answered,
      and how many of those are right. Weights themselves do not change.

        dfer calibrate mine/weights.safetensors --suite mine.yaml -o calibrated.safetensors
        dfer calibrate old.safetensors --suite mine.yaml --class-data train.csv -o new.safetensors
      """)

  @Argument(help: "Weight file.")
  var weights: String

  @Option(help: ArgumentHelp("Suite of domains, a YAML file; see docs/suite.md.", valueName: "file"))
  var suite: String

  @Option(help: "Folder where the relative paths of the suite start (default: the suite's own).")
  var suiteData: String?

  @Option(parsing: .upToNextOption, help: "Only these domains of the suite.")
  var domains: [String] = []

  @Option(name: [.short, .customLong("output")], help: ArgumentHelp("Weight file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @Option(
    help: ArgumentHelp(
      "Data that the weights were trained on: their class frequencies go into the card for --prior; may be given several times.",
      valueName: "file[:weight]"))
  var classData: [String] = []

  @Option(help: ArgumentHelp("With --class-data: the --logit-adjustment of that training.", valueName: "tau"))
  var classAdjustment = 0.0

  @OptionGroup
  var compute: ThreadOptions

  func validate() throws {
    if !(0...1).contains(classAdjustment) { throw ValidationError("--class-adjustment must be 0 to 1") }
    if classAdjustment > 0 && classData.isEmpty { throw ValidationError("--class-adjustment requires --class-data") }
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    _ = try StagedPath(output, overwrite: overwrite)
    let suite = try EvaluationSuite(contentsOf: suite, data: suiteData, only: domains)
    let judged = try JudgedWeights(weights, nil, nil)
    let prior =
      try classData.isEmpty
      ? nil
      : ClassPrior(
        of: classData.map { try WeightedFile($0) }.map { ($0.path, $0.weight) }, labels: judged.reader.modelInfo.labels,
        adjustment: classAdjustment)
    let readings = try SuiteSession.read(suite, [judged])[0]
    let before = try SuiteResult(suite, judged.info, readings)
    guard let temperature = before.fittedTemperature else {
      throw DataError(
        path: self.suite,
        reason: "its domains hold fewer than \(Temperature.minimumFaces) faces with a clear label: too few to "
          + "fit a temperature")
    }
    var info = judged.info
    info.temperature = temperature
    let after = try SuiteResult(suite, info, readings)
    try CalibratedWeights(judged.path).write(after, prior: prior, to: output)
    for line in after.lines { print(line) }
    print(
      "ECE \(before.mean.calibrationError.rounded(to: 3)) at temperature \(judged.info.temperature), "
        + "\(after.mean.calibrationError.rounded(to: 3)) at \(temperature)")
    print(output)
  }
}

extension Double {
  fileprivate func rounded(to places: Int) -> Double {
    let factor = pow(10, Double(places))
    return (self * factor).rounded() / factor
  }
}
