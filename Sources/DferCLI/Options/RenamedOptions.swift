/// Spellings of version 0.1 that go on working for one version. Each use prints one line that names the new spelling.
struct RenamedOptions {
  /// What is to be parsed.
  private(set) var arguments: [String]
  /// One line for each old spelling that was found.
  private(set) var notes: [String] = []

  /// Old and new options, by command.
  static let options: [String: [String: String]] = [
    "watch": watch, "serve": watch,
    "batch": ["--out": "--output", "--turn": "--rotation"],
    "export": ["--blur": "--pixelate"],
    "evaluate": [
      "--look": "--input-mode", "--against": "--baseline-input-mode", "--answers": "--predictions",
      "--without": "--exclude-label", "--every": "--subsample",
    ],
    "blend": ["--look": "--input-mode", "--share": "--weight", "--valid-every": "--valid-subsample"],
    "pretrain": training,
    "train": training.merging([
      "--recompute": "--gradient-checkpointing", "--place-loss": "--localization-loss", "--losses": "--loss-weights",
      "--teacher-share": "--teacher-weight", "--valid-every": "--valid-subsample", "--size": "--image-size",
    ]) { $1 },
  ]

  private static let watch = [
    "--turn": "--rotation", "--rotate": "--split-every", "--live": "--when-slow", "--blur": "--pixelate",
    "--picture-rate": "--image-rate",
  ]

  private static let training = [
    "--rate": "--learning-rate", "--check": "--eval-interval", "--every": "--subsample",
    "--strength": "--augmentation-strength", "--clip-share": "--clip-fraction",
  ]

  /// - Parameter arguments: without the program's name.
  init(_ arguments: [String]) {
    self.arguments = arguments
    guard let command = arguments.first else { return }
    renameOptions(Self.options[command] ?? [:])
    joinNegativeNumbers()
    if Self.reading.contains(command) { chooseLandmarks() }
    switch command {
    case "train": chooseTraining()
    case "merge": nameOutputOfMerge()
    default: break
    }
  }

  private var end: Int { arguments.firstIndex(of: "--") ?? arguments.count }

  private mutating func renameOptions(_ renamed: [String: String]) {
    for index in 0..<end {
      let parts = arguments[index].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let old = parts.first.map(String.init), let new = renamed[old] else { continue }
      arguments[index] = new + (parts.count > 1 ? "=\(parts[1])" : "")
      note("\(old) is now \(new)")
    }
  }

  /// Commands with the columns of rows.
  private static let reading: Set = ["watch", "batch", "serve"]

  /// `--landmarks` is a flag, and may be followed by a file; only a count of 5 or 68 belongs to it.
  private mutating func chooseLandmarks() {
    var index = 0
    while index < end {
      let isCounted =
        arguments[index] == "--landmarks" && index + 1 < end && ["5", "68"].contains(arguments[index + 1])
      let count = isCounted ? arguments[index + 1] : String(arguments[index].dropFirst("--landmarks=".count))
      if isCounted || ["--landmarks=5", "--landmarks=68"].contains(arguments[index]) {
        arguments.replaceSubrange(
          index...(isCounted ? index + 1 : index), with: [count == "68" ? "--landmarks-68" : "--landmarks"])
      }
      index += 1
    }
  }

  /// `--max-faces -1` names a number, not an option.
  private mutating func joinNegativeNumbers() {
    var index = 0
    while index + 1 < end {
      let (option, value) = (arguments[index], arguments[index + 1])
      if option.hasPrefix("--"), option.count > 2, !option.contains("="), Double(value) != nil, value.hasPrefix("-") {
        arguments.replaceSubrange(index...index + 1, with: ["\(option)=\(value)"])
      }
      index += 1
    }
  }

  /// `dfer train --pipeline X ...` chose by the pipeline what are subcommands now.
  private mutating func chooseTraining() {
    let known = ["clips", "images", "detector", "behaviour"]
    guard arguments.count > 1, !known.contains(arguments[1]), !["help", "-h", "--help"].contains(arguments[1]) else {
      return
    }
    guard arguments[1].hasPrefix("-") else { return }
    let place = arguments[..<end].firstIndex { $0 == "--pipeline" || $0.hasPrefix("--pipeline=") }
    var pipeline = "mtcae-dfer"
    if let place {
      let parts = arguments[place].split(separator: "=", maxSplits: 1)
      pipeline = parts.count > 1 ? String(parts[1]) : place + 1 < end ? arguments[place + 1] : ""
      if let kind = ["mtcae-dfer": "clips", "face-finder": "detector", "face-detector": "detector"][pipeline] {
        arguments.removeSubrange(place..<min(place + (parts.count > 1 ? 1 : 2), arguments.count))
        pipeline = kind
      } else {
        pipeline = "images"
      }
    } else {
      pipeline = "clips"
    }
    arguments.insert(pipeline, at: 1)
    note("dfer train is now dfer train \(pipeline)")
  }

  /// `dfer merge OUTPUT INPUT...` is now `dfer merge INPUT... -o OUTPUT`.
  private mutating func nameOutputOfMerge() {
    let options = arguments[1..<end]
    guard
      !options.contains(where: {
        ["-o", "-h", "--help"].contains($0) || $0.hasPrefix("--output") || $0.hasPrefix("-o")
      }),
      let place = options.firstIndex(where: { !$0.hasPrefix("-") || $0 == "-" }), arguments.count > 2
    else { return }
    let output = arguments.remove(at: place)
    arguments.insert(contentsOf: ["--output", output], at: 1)
    note("the output of dfer merge is now given as -o \(output)")
  }

  private mutating func note(_ text: String) {
    let line = "dfer: \(text); the old spelling works until version 0.3"
    if !notes.contains(line) { notes.append(line) }
  }
}
