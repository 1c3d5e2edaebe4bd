import ArgumentParser
import DferImage
import DferSynthesis
import Foundation

struct Synthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Render labelled face clips.",
    discussion: """
      Requires the ICT-FaceKit face mesh as a safetensors file (--mesh), which is not part of dfer.

        dfer synthesize --mesh ict-face-kit.safetensors --clips 800 -o clips
        dfer synthesize --mesh ict-face-kit.safetensors --faces 2 --size 640x480 -o pairs
        dfer train clips --data clips/manifest.csv ...

      Writes clips/000000.mp4 and so on, next to each a CSV file with box, landmarks, intensity, phase, head rotation, \
      eyes and movements of every frame, and manifest.csv for dfer train and dfer evaluate. The same seed gives the same clips. Ctrl-C stops after \
      the current clip; finished clips are usable.
      """)

  @Option(help: ArgumentHelp("Face mesh, made from ICT-FaceKit.", valueName: "file"), completion: .weights)
  var mesh: String

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("Folder for the clips.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Flag(help: "Replace existing clips in the folder.")
  var overwrite = false

  @Option(help: ArgumentHelp("Number of clips.", valueName: "count"))
  var clips = 80

  @Option(help: ArgumentHelp("Random seed: other seeds give other people, scenes and motion.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: "Length of a clip.")
  var seconds = SynthesisSettings().seconds

  @Option(help: "Frames per second.")
  var fps = SynthesisSettings().frameRate

  @Option(help: ArgumentHelp("Frame size: 160, or width and height, 640x480.", valueName: "pixels"))
  var size = "160"

  @Option(help: ArgumentHelp("People per clip, 1 to 6.", valueName: "count"))
  var faces = SynthesisSettings().faces

  @Option(help: ArgumentHelp("Classes to show in turn, separated by commas (default: all eight).", valueName: "list"))
  var classes: String?

  @Option(help: ArgumentHelp("Fraction of people who wear a mask, 0 to 1.", valueName: "fraction"))
  var masks = SynthesisSettings().masks

  @Option(help: ArgumentHelp("Fraction of faces that are partly occluded, 0 to 1.", valueName: "fraction"))
  var occluders = SynthesisSettings().occluders

  @Option(
    help: ArgumentHelp(
      "whole: neutral, apex, neutral. mixed: also parts of that. brief: for a moment only, anywhere.", valueName: "kind"
    ))
  var timing = "whole"

  @Option(
    help: ArgumentHelp(
      """
      usual: as people before a camera. wide: heads turned up to 60 degrees, eyes to their limits, and movements that \
      belong to no expression.
      """, valueName: "kind"))
  var range = SynthesisSettings.Range.usual

  func validate() throws { _ = try settings() }

  private func settings() throws -> SynthesisSettings {
    func check(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    try check(clips > 0 && clips <= 1_000_000, "--clips must be 1 to 1000000")
    try check(seconds > 0 && seconds <= 3600, "--seconds must be above 0, at most 3600")
    try check(fps > 0 && fps <= 240, "--fps must be above 0, at most 240")
    try check((1...6).contains(faces), "--faces must be 1 to 6")
    try check((0...1).contains(masks) && (0...1).contains(occluders), "--masks and --occluders must be 0 to 1")
    var settings = SynthesisSettings()
    (settings.seconds, settings.frameRate, settings.faces) = (seconds, fps, faces)
    (settings.masks, settings.occluders) = (masks, occluders)
    let sides = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let isSize = (1...2).contains(sides.count) && sides.allSatisfy { (32...1920).contains($0) && $0.isMultiple(of: 2) }
    try check(isSize, "--size must be one or two even numbers from 32 to 1920, as 160 or 640x480")
    settings.size = Size(width: sides[0], height: sides[sides.count - 1])
    if let classes {
      settings.classes = try classes.split(separator: ",").map { name in
        guard let known = ExpressionClass(rawValue: String(name)) else {
          let all = ExpressionClass.allCases.map(\.rawValue).joined(separator: ", ")
          throw ValidationError("--classes: \"\(name)\" is none of \(all)")
        }
        return known
      }
      try check(!settings.classes.isEmpty, "--classes names no class")
    }
    guard let cut = Timing.Cut(rawValue: timing) else {
      throw ValidationError("--timing must be whole, mixed or brief")
    }
    settings.cut = cut
    settings.range = range
    return settings
  }

  func run() throws {
    let settings = try settings()
    let mesh = try FaceMesh(mesh)
    let files = try ClipFiles(output, overwrite: overwrite)
    let interrupt = Interrupt()
    var terminal = Terminal()
    let start = ContinuousClock.now
    for number in 0..<clips {
      let clip = SyntheticClip(mesh, settings, seed: seed, number: number)
      try files.write(clip, number: number, person: "\(seed)-\(number)")
      let taken = Double((ContinuousClock.now - start).components.seconds)
      let left = Int(taken / Double(number + 1) * Double(clips - number - 1))
      terminal.redraw { ["\(number + 1) of \(clips) clips, \(left / 60) min \(left % 60) s left"] }
      guard !interrupt.isRaised else {
        Terminal.write("stopped after \(number + 1) clips; \(files.manifestPath) lists them\n")
        throw ExitStatus.interrupted
      }
    }
    print(files.manifestPath)
  }
}

extension SynthesisSettings.Range: ExpressibleByArgument {}
