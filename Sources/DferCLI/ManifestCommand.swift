import ArgumentParser
import DferModels
import DferTimeline
import DferTraining
import Foundation

struct ManifestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest",
    abstract: "List the clips of a public data set for dfer train and dfer evaluate.",
    discussion: """
      Reads the folders of RAVDESS and CREMA-D (labels and actors from file names) and of DFEW, FERV39k and MAFW (labels
      and splits from their list files), and writes a manifest. Nothing is copied.

        dfer manifest ravdess RAVDESS/ -o ravdess.csv
        dfer manifest dfew DFEW/ --fold 2 --split train -o dfew-train.csv

      The persons or splits of the set go into the columns person and split. RAVDESS: speech only, calm counts as neutral.
      """)

  @Argument(help: "ravdess, crema-d, dfew, ferv39k or mafw.")
  var kind: PublicSet

  @Argument(help: "The folder of the data set.")
  var folder: String

  @Option(name: [.short, .customLong("output")], help: "The manifest, or - for standard output.")
  var output: String

  @Option(help: "Which of the five splits of DFEW and MAFW.")
  var fold = 1

  @Option(help: "Only clips of the set's own train or test list.")
  var split: String?

  @Flag(help: "Also keep clips with labels that are none of the eight classes.")
  var allLabels = false

  @Flag(help: "Replace the manifest when it exists.")
  var overwrite = false

  func validate() throws {
    if !(1...5).contains(fold) { throw ValidationError("--fold must be 1 to 5") }
    if let split, !["train", "test"].contains(split) { throw ValidationError("--split must be train or test") }
    if split != nil && [.ravdess, .cremaD].contains(kind) {
      throw ValidationError("\(kind.rawValue) has no split of its own; divide it by the column person")
    }
  }

  func run() throws {
    let contents = try kind.read(folder, fold: fold)
    for line in contents.skipped { Terminal.write("dfer: \(line)\n") }
    let chosen = contents.clips.filter { split == nil || $0.split == split }
    let known = chosen.filter { allLabels || ExpressionLabels.names.contains($0.label) }
    if known.count < chosen.count {
      Terminal.write("dfer: \(chosen.count - known.count) clips left out: their label is none of the eight classes\n")
    }
    let file = try OutputFile(output, overwrite: overwrite)
    try file.append("path,start_s,end_s,label,person,split")
    for clip in known {
      let cells = [clip.path, "", "", clip.label, clip.person, clip.split]
      try file.append(cells.map { Quoting.cell($0) }.joined(separator: ","))
    }
    try file.close()
    Terminal.write("\(known.count) clips\n")
  }
}

extension PublicSet: ExpressibleByArgument {}
