import ArgumentParser

/// Several sets of faces instead of one, for `dfer evaluate`.
struct SuiteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Evaluate on all domains of a suite instead of --data: one table, and the mean over domains; see docs/suite.md.",
      valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var suite: String?

  @Option(
    help: ArgumentHelp(
      "Folder where the relative paths of the suite start (default: the suite's own).", valueName: "folder"),
    completion: .directory)
  var suiteData: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("These domains of the suite only.", valueName: "name"))
  var domains: [String] = []

  @Option(
    help: ArgumentHelp(
      "Weight file, pipeline or pipeline file to compare with, on the same faces.", valueName: "weights"),
    completion: .weights)
  var compareWith: String?

  /// The first option that needs a suite.
  var given: String? {
    [("--suite-data", suiteData != nil), ("--domains", !domains.isEmpty), ("--compare-with", compareWith != nil)]
      .first(where: \.1)?.0
  }
}
