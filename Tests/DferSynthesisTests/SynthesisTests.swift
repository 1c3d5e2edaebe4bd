import DferImage
import DferSynthesis
import DferTestSupport
import DferVideo
import Foundation
import Testing

/// The mesh is not part of the repository: tests that need it are skipped without it.
let meshPath = Shared.folder.appendingPathComponent("data/ict-face-kit.safetensors").path
let hasMesh = FileManager.default.fileExists(atPath: meshPath)
/// Read once: unoptimised code takes a while for it.
private let sharedMesh = Result { try FaceMesh(meshPath) }

@Suite(.enabled(if: hasMesh, "no face mesh")) struct SynthesisTests {
  private let mesh: FaceMesh
  private var settings = SynthesisSettings()

  init() throws {
    mesh = try sharedMesh.get()
    settings.size = Size(width: 96, height: 96)
    settings.seconds = 1
    settings.frameRate = 6
  }

  @Test func theSameSeedGivesTheSameClip() {
    let (a, b) = (SyntheticClip(mesh, settings, seed: 4, number: 2), SyntheticClip(mesh, settings, seed: 4, number: 2))
    let later = b.frame(5)
    #expect(a.frame(3).image == b.frame(3).image && a.frame(5).faces == later.faces)
    #expect(a.frame(5).image == later.image, "order does not matter")
    #expect(SyntheticClip(mesh, settings, seed: 5, number: 2).frame(3).image != a.frame(3).image)
    #expect(SyntheticClip(mesh, settings, seed: 4, number: 3).frame(3).image != a.frame(3).image)
  }

  @Test(arguments: 0..<8) func pointsAndBoxesAgreeWithTheImage(number: Int) throws {
    let frame = SyntheticClip(mesh, settings, seed: 11, number: number).frame(3)
    let face = try #require(frame.faces.first)
    #expect(face.points.count == 68 && face.expression == ExpressionClass.allCases[number])
    func isFace(_ point: Point) -> Bool {
      let (x, y) = (Int(point.x), Int(point.y))
      guard point.x >= 0, point.y >= 0, x < 96, y < 96 else { return false }
      return frame.owners[96 * y + x] == 1
    }
    // Brows, nose, eyes and mouth are on the face; the jaw is its edge.
    let inner = face.points[17...].count(where: isFace)
    #expect(inner >= 50, "\(inner) of 51")
    #expect(face.box.x >= -10 && face.box.right <= 106)
    // The box holds the points, and most of it shows the head.
    let area = frame.owners.indices.filter { index in
      let (x, y) = (Double(index % 96) + 0.5, Double(index / 96) + 0.5)
      return x > face.box.x && x < face.box.right && y > face.box.y && y < face.box.bottom
    }
    let seen = Double(area.count { frame.owners[$0] == 1 }) / Double(max(1, area.count))
    #expect(seen > 0.75, "\(seen)")
    let five = face.fivePoints
    #expect(five[0].x < five[1].x && five[3].x < five[4].x && five[0].y < five[3].y)
  }

  @Test func expressionsChangeTheFaceInTime() throws {
    let gaps = try measured(.surprise) { ($0[66].y - $0[62].y) / ($0[8].y - $0[27].y) }
    #expect(gaps.apex > gaps.rest + 0.05, "the jaw drops: \(gaps)")
    let widths = try measured(.happiness) { ($0[54].x - $0[48].x) / ($0[45].x - $0[36].x) }
    #expect(widths.apex > widths.rest * 1.08, "the mouth widens: \(widths)")
  }

  /// A measure of the points at rest and in the middle of the clip, of the first clip without speech.
  private func measured(
    _ expression: ExpressionClass, _ measure: ([Point]) -> Double
  ) throws -> (rest: Double, apex: Double) {
    var settings = settings
    settings.classes = [expression]
    let clips = (0..<20).lazy.map { SyntheticClip(mesh, settings, seed: 2, number: $0) }
    let clip = try #require(clips.first { $0.speaks == [false] })
    return (measure(clip.frame(0).faces[0].points), measure(clip.frame(3).faces[0].points))
  }

  @Test func severalFacesAreToldApart() {
    var settings = settings
    settings.faces = 3
    settings.size = Size(width: 240, height: 96)
    let frame = SyntheticClip(mesh, settings, seed: 1, number: 0).frame(2)
    #expect(Set(frame.owners) == [0, 1, 2, 3])
    #expect(frame.faces[0].box.centre.x < frame.faces[1].box.centre.x)
    #expect(frame.faces[1].box.centre.x < frame.faces[2].box.centre.x)
  }

  @Test func masksHideTheMouthAndOccludersPassBy() {
    var settings = settings
    settings.masks = 1
    let masked = SyntheticClip(mesh, settings, seed: 1, number: 0).frame(2)
    let mouth = masked.faces[0].points[62]
    #expect(masked.owners[96 * Int(mouth.y) + Int(mouth.x)] == 0)
    settings.masks = 0
    let free = SyntheticClip(mesh, settings, seed: 1, number: 0)
    settings.occluders = 1
    let occluded = SyntheticClip(mesh, settings, seed: 1, number: 0)
    let visible = { (clip: SyntheticClip) in [1, 3, 5].reduce(0) { $0 + clip.frame($1).owners.count { $0 == 1 } } }
    #expect(visible(occluded) < visible(free))
  }
}

/// `dfer synthesize` as a person uses it.
struct SynthesizeCommandTests {
  private let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private func dfer(_ arguments: [String]) throws -> Tool.Result {
    try Tool.run(Tool.dfer, ["synthesize"] + arguments, folder: scratch.url)
  }

  @Test func mistakesAreNamed() throws {
    for (options, words) in [
      (["--clips", "0"], "--clips must be"), (["--fps", "0"], "--fps must be"), (["--size", "31"], "--size must be"),
      (["--size", "64x"], "--size must be"), (["--faces", "9"], "--faces must be"), (["--masks", "2"], "--masks and"),
      (["--classes", "happiness,bored"], "\"bored\" is none of anger"), (["--timing", "half"], "--timing must be"),
    ] {
      let result = try dfer(["--mesh", "m", "-o", "x"] + options)
      #expect(result.status == 2 && result.errors.contains(words), "\(options): \(result.errors)")
    }
    let missing = try dfer(["--mesh", "none.safetensors", "-o", "x"])
    #expect(missing.status == 3 && missing.errors.contains("none.safetensors"))
    try Data("no mesh".utf8).write(to: scratch.file("bad.safetensors"))
    #expect(try dfer(["--mesh", "bad.safetensors", "-o", "x"]).status == 3)
    #expect(!FileManager.default.fileExists(atPath: scratch.file("x").path))
  }

  @Test(.enabled(if: hasMesh, "no face mesh")) func clipsAndTheirTruthAreWritten() throws {
    let options = ["--mesh", meshPath, "--clips", "3", "--seconds", "0.5", "--fps", "12", "--size", "64x48"]
    let result = try dfer(options + ["-o", "a", "--faces", "2"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasSuffix("a/manifest.csv\n"))
    func text(_ name: String) throws -> String { try String(contentsOf: scratch.file(name), encoding: .utf8) }
    let manifest = try text("a/manifest.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(manifest.count == 1 + 6 && manifest[0].starts(with: ["path", "start_s", "end_s", "label", "x0"]))
    #expect(manifest[1].starts(with: ["clips/000000.mp4", "0", "0.500", "anger"]))
    let truth = try text("a/clips/000000.csv").split(separator: "\n")
    #expect(truth.count == 1 + 6 * 2)
    #expect(truth.allSatisfy { $0.split(separator: ",").count == 6 + 4 + 10 + 136 + 9 + 6 + 1 + 55 })

    let source = try VideoSource(scratch.file("a/clips/000000.mp4").path)
    var times: [Double] = []
    while let event = try source.next() { if case .frame(let frame) = event { times.append(frame.time.seconds) } }
    #expect(times.count == 6 && zip(times, 0...).allSatisfy { abs($0 - Double($1) / 12) < 1e-4 })
    #expect(source.info.size == Size(width: 64, height: 48))

    let again = try dfer(options + ["-o", "b", "--faces", "2"])
    #expect(again.status == 0)
    for name in ["manifest.csv", "clips/000002.mp4", "clips/000002.csv"] {
      #expect(try Data(contentsOf: scratch.file("a/" + name)) == Data(contentsOf: scratch.file("b/" + name)), "\(name)")
    }
    let refused = try dfer(options + ["-o", "a"])
    #expect(refused.status == 5 && refused.errors.contains("already exists"))
    #expect(try dfer(options + ["-o", "a", "--overwrite"]).status == 0)
  }
}
