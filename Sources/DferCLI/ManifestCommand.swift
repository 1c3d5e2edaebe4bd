import ArgumentParser
import DferImage
import DferModels
import DferTimeline
import DferTraining
import Foundation

struct ManifestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest",
    abstract: "List the clips of a public data set.",
    discussion: """
      Reads the folders of RAVDESS and CREMA-D (labels and actors from file names), of DFEW, FERV39k and MAFW (labels \
      and splits from their list files) or of AffectNet (labels, splits and face boxes), and writes a manifest for dfer \
      train and dfer evaluate. Nothing is copied.

        dfer manifest ravdess RAVDESS/ -o ravdess.csv
        dfer manifest dfew DFEW/ --fold 2 --split train -o dfew-train.csv

        dfer manifest folders faces/ --split train -o faces-train.csv
        dfer manifest sequences clips.csv -o pieces.csv

      folders: images or videos in folders named after their class, as faces/train/happy/17.jpg. Folders named train, \
      test, val and the like above them are the splits. With --all-labels other names are classes of your own.

      sequences: a table of your own videos in which several expressions follow each other, with the columns file and \
      sequence ("0-0.7 neutral; 0.8-2.6 happiness", in seconds). It gives pieces of at most 2 s that show one \
      expression, and windows in which a face at rest takes on an expression or comes to rest again.

      People or splits of the data set go into the columns person and split. RAVDESS: speech only; calm counts as neutral.
      """)

  @Argument(help: "ravdess, crema-d, dfew, ferv39k, mafw, affectnet, folders or sequences.")
  var kind: PublicSet

  @Argument(help: "Folder of the data set, or the table of sequences.", completion: .directory)
  var folder: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Manifest to write; '-' is standard output.", valueName: "file"), completion: .csv)
  var output: String

  @Flag(help: "Replace an existing manifest.")
  var overwrite = false

  @Option(help: ArgumentHelp("Cross-validation fold of DFEW or MAFW, 1 to 5.", valueName: "number"))
  var fold = 1

  @Option(help: ArgumentHelp("Clips of the data set's own train or test list only.", valueName: "train|test"))
  var split: String?

  @Flag(help: "Keep clips whose label is none of the eight classes.")
  var allLabels = false

  func validate() throws {
    if !(1...5).contains(fold) { throw ValidationError("--fold must be 1 to 5") }
    if let split, !["train", "test"].contains(split) { throw ValidationError("--split must be train or test") }
    if split != nil && [.ravdess, .cremaD, .sequences].contains(kind) {
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
    let file = try OutputFile(output, overwrite: overwrite, kind: .staged)
    let hasBoxes = known.contains { $0.box != nil }
    try file.append(
      "path,start_s,end_s,label,person,split" + (kind == .sequences ? ",kind" : "") + (hasBoxes ? ",x0,y0,x1,y1" : ""))
    for clip in known {
      func time(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "" }
      let cells =
        [clip.path, time(clip.span?.lowerBound), time(clip.span?.upperBound), clip.label, clip.person, clip.split]
        + (kind == .sequences ? [clip.kind] : []) + (hasBoxes ? Self.sides(clip.box) : [])
      try file.append(cells.map { Quoting.cell($0) }.joined(separator: ","))
    }
    try file.close()
    Terminal.write("\(known.count) clips\n")
  }

  /// x0, y0, x1, y1; empty cells without a box.
  private static func sides(_ box: Rect?) -> [String] {
    guard let box else { return ["", "", "", ""] }
    return [box.x, box.y, box.x + box.width, box.y + box.height].map { String(format: "%.1f", $0) }
  }
}

extension PublicSet: ExpressibleByArgument {}
