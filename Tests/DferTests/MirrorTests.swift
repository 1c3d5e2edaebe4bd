import DferImage
import DferModels
import DferTestSupport
import DferTracking
import DferVideo
import Foundation
import Testing

@testable import Dfer

/// What the installed behaviour decoder says of a picture and of its mirror image. Nothing in the network makes pose the
/// same in a mirror: how far it is off is a part of its error that needs no truth.
struct MirrorTests {
  /// Sixteen crops of the sample, a tenth of a second apart, and where each was cut.
  private func crops(from second: Double) throws -> [Image] {
    let source = try VideoSource(Shared.root.appendingPathComponent("Samples/one-face.mp4").path)
    let lines = try String(
      contentsOf: Shared.root.appendingPathComponent("Samples/one-face.truth.csv"), encoding: .utf8
    ).split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let places = try ["box_x", "box_y", "box_w", "box_h"].map { name in
      try #require(lines[0].firstIndex { $0 == name })
    }
    var crops: [Image] = []
    while crops.count < 16, let event = try source.next() {
      guard case .frame(let frame) = event, frame.time.seconds >= second + 0.1 * Double(crops.count) else { continue }
      let cells = try #require(lines.dropFirst().first { Int($0[0]) == frame.index })
      let box = try places.map { try #require(Double(cells[$0])) }
      let square = CropGeometry(sideFactor: 1.3).square(
        aroundLabelled: Rect(x: box[0], y: box[1], width: box[2], height: box[3]))
      crops.append(frame.crop(square, side: 56))
    }
    return crops
  }

  private func mirrored(_ image: Image) -> Image {
    var result = image
    for y in 0..<image.height {
      for x in 0..<image.width {
        for colour in 0..<3 {
          result.pixels[3 * (y * image.width + x) + colour] =
            image.pixels[3 * (y * image.width + image.width - 1 - x) + colour]
        }
      }
    }
    return result
  }

  @Test func aMirroredPictureGivesAMirroredHead() throws {
    let models = try LoadedPipeline(try Installation.pipeline("mtcae-dfer"), keptTubes: 1)
    guard case .clips(let model) = models.reader else { return #expect(Bool(false), "not a network of clips") }
    var (errors, eyes): ([Double], [Double]) = ([], [])
    for second in [0.5, 4.0, 8.0] {
      let seen = try crops(from: second)
      #expect(seen.count == 16)
      let (plain, there) = (model.read([seen])[0].behaviours, model.read([seen.map(mirrored)])[0].behaviours)
      for (a, b) in zip(plain, there) {
        let (turn, back) = (try #require(a.rotation), try #require(b.rotation))
        errors.append(turn.angle(to: back.mirrored) * 180 / .pi)
        eyes += zip(a.eyes, b.eyes.reversed()).map { abs($0.open - $1.open) }
      }
    }
    let mean = errors.reduce(0, +) / Double(errors.count)
    let opening = eyes.reduce(0, +) / Double(eyes.count)
    #expect(errors.count == 48 && mean < 8, "\(mean) degrees between a head and its mirror image")
    #expect(opening < 0.1, "openings differ by \(opening)")
  }
}
