import DferImage
import DferModels
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

@Suite struct ManifestTests {
  private let labels = ["anger", "happiness", "neutral"]

  private func manifest(_ text: String) throws -> Manifest {
    let folder = try ScratchFolder()
    try Data().write(to: folder.file("a.mp4"))
    try text.write(to: folder.file("list.csv"), atomically: true, encoding: .utf8)
    return try Manifest(folder.file("list.csv").path, labels: labels)
  }

  private func fault(_ text: String) -> String {
    do { _ = try manifest(text) } catch { return "\(error)" }
    return ""
  }

  @Test func labelsAndVotesAreRead() throws {
    let named = try manifest("path,start_s,end_s,label\na.mp4,0.5,2,Happy\na.mp4,,,neutral\n")
    #expect(named.entries.map(\.votes) == [[0, 1, 0], [0, 0, 1]])
    #expect(named.entries.map(\.start) == [0.5, 0])
    #expect(named.entries.map(\.end) == [2, nil])
    let voted = try manifest("path,happiness,neutral,unknown,x0,y0,x1,y1\na.mp4,3,1,2,10,20,30,60\n")
    #expect(voted.entries[0].votes == [0, 3, 1])
    #expect(voted.entries[0].otherVotes == 2)
    #expect(voted.entries[0].box == Rect(x: 10, y: 20, width: 20, height: 40))
  }

  @Test func wrongLinesAreNamedWithTheirReason() {
    let header = "path,start_s,end_s,label\n"
    #expect(
      fault(header + "a.mp4,0,1,neutral\na.mp4,2,1,neutral\n").contains("line 3: end_s 1.0 is not after start_s 2.0"))
    #expect(fault(header + "b.mp4,0,1,neutral\n").contains("line 2: there is no file b.mp4"))
    #expect(
      fault(header + "a.mp4,0,1,bored\n").contains("line 2: label \"bored\" is none of anger, happiness, neutral"))
    #expect(fault(header + "a.mp4,x,1,neutral\n").contains("line 2: column start_s cannot hold \"x\""))
    #expect(fault(header + "a.mp4,0,1,\n").contains("line 2: no label"))
    #expect(fault(header + "a.mp4,0,1\n").contains("line 2: 3 cells instead of 4"))
    #expect(fault("path,start_s\na.mp4,0\n").contains("neither a column label nor votes"))
    #expect(fault("file\n").contains("there is no column path"))
    let both = fault(header + ",0,1,neutral\na.mp4,0,1,neutral\na.mp4,-1,1,neutral\n")
    #expect(both.contains("2 lines are wrong") && both.contains("line 2: no path") && both.contains("line 4: start_s"))
  }
}

@Suite struct ManifestClipTests {
  /// A blue field has no face: the clip counts, and counts as wrong.
  @Test(.enabled(if: Tool.hasFFmpeg)) func clipsWithoutAFaceCountAsWrong() throws {
    let folder = try ScratchFolder()
    try Tool.ffmpeg(["-f", "lavfi", "-i", "color=blue:s=160x120:d=1", folder.file("blue.mp4").path])
    try "path,label\nblue.mp4,sadness\n".write(to: folder.file("list.csv"), atomically: true, encoding: .utf8)
    let model = try ExpressionModel(weights: pipelines.appendingPathComponent("mtcae-dfer.safetensors").path)
    let set = try LabelledSet(folder.file("list.csv").path, card: model.card) {
      try FaceDetector(weights: pipelines.appendingPathComponent("face-finder.safetensors").path)
    }
    #expect(set.clips.isEmpty && set.faceless.count == 1)
    #expect(set.skipped.first?.hasSuffix("line 2: no face found") == true)
    let result = Evaluation([], of: [], faceless: set.faceless, model.card)
    #expect(result.all?.samples == 1 && result.all?.war == 0 && result.all?.confusion.unanswered.reduce(0, +) == 1)
    #expect(result.lines.contains { $0.contains("in 1 of them no face was found") })
  }

  private let pipelines = Shared.root.appendingPathComponent("Pipelines")

  @Test func clipsAreCutRoundTheFace() throws {
    let video = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let folder = try ScratchFolder()
    try Data("no video".utf8).write(to: folder.file("broken.mp4"))
    let lines = [
      "path,start_s,end_s,label", "\(video),0.2,1.8,happiness", "\(video),900,901,happiness",
      "broken.mp4,0,1,neutral", "\(video),,,neutral",
    ]
    try lines.joined(separator: "\n").write(to: folder.file("list.csv"), atomically: true, encoding: .utf8)
    let model = try ExpressionModel(weights: pipelines.appendingPathComponent("mtcae-dfer.safetensors").path)
    let set = try LabelledSet(folder.file("list.csv").path, card: model.card) {
      try FaceDetector(weights: pipelines.appendingPathComponent("face-finder.safetensors").path)
    }
    #expect(set.clips.map(\.images.count) == [16, 16])
    #expect(set.clips[0].name.hasSuffix("list.csv, line 2") && set.clips[1].name.hasSuffix("line 5"))
    for clip in set.clips {
      #expect(clip.boxes.count == 16 && !clip.boxesAreLabels)
      let side = Double(clip.images[0].width)
      #expect(
        clip.boxes.allSatisfy {
          abs($0.centre.x - side / 2) < 1e-6 && abs(max($0.width, $0.height) - side / 1.8) < 1e-6
        })
    }
    #expect(set.skipped.count == 2)
    #expect(set.skipped.contains { $0.contains("line 3: the video ends before 900.0 s") })
    #expect(set.skipped.contains { $0.contains("line 4: ") && $0.contains("broken.mp4") })
    let predictions = Evaluator(model, inputMode: .clip).read(set.clips)
    #expect(predictions.count == 2 && predictions.allSatisfy { $0.logits.count == 8 })
    #expect(Evaluation(predictions, of: set.clips, model.card).all?.samples == 2)
    // Single frames of a clip give one answer too, and another one than the whole clip.
    let singles = Evaluator(model, inputMode: .frames).read(Array(set.clips.prefix(1)))
    #expect(singles.count == 1 && singles[0].logits != predictions[0].logits)
  }

  /// The truth of each frame is taken at its time and for its face, and moves with the crop.
  @Test func theTruthOfEachFrameIsRead() throws {
    let video = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let folder = try ScratchFolder()
    let points = "leye_x,leye_y,reye_x,reye_y,nose_x,nose_y,lmouth_x,lmouth_y,rmouth_x,rmouth_y"
    var rows = ["time_s,face,x0,y0,x1,y1,\(points)"]
    for face in 0..<2 {
      for frame in 0..<60 {
        let left = 200 + 100 * face + frame
        rows.append(
          "\(Double(frame) / 25),\(face),\(left),100,\(left + 90),200,"
            + "\(left + 20),130,\(left + 70),130,\(left + 45),150,\(left + 30),180,\(left + 60),180")
      }
    }
    try rows.joined(separator: "\n").write(to: folder.file("truth.csv"), atomically: true, encoding: .utf8)
    let list = folder.file("list.csv")
    try "path,start_s,end_s,label,truth,face\n\(video),0,2,happiness,truth.csv,1\n".write(
      to: list, atomically: true, encoding: .utf8)
    let model = try ExpressionModel(weights: pipelines.appendingPathComponent("mtcae-dfer.safetensors").path)
    let set = try LabelledSet(list.path, card: model.card) {
      throw DataError(path: list.path, reason: "no finder should be needed")
    }
    let clip = try #require(set.clips.first)
    #expect(clip.boxesAreLabels && clip.images.count == 16 && clip.points.count == 16)
    let scale = Double(clip.images[0].width) / (1.8 * 100)
    for (box, points) in zip(clip.boxes, clip.points) {
      // Face 1: 90 x 100 pixels, its left eye 20 to the right of its box.
      #expect(abs(box.width - 90 * scale) < 1e-6 && abs(points[0].x - box.x - 20 * scale) < 1e-6)
    }
    try "path,label,truth,face\n\(video),happiness,truth.csv,7\n".write(to: list, atomically: true, encoding: .utf8)
    do {
      _ = try Manifest(list.path, labels: model.card.labels)
      Issue.record("a face that the truth does not know was accepted")
    } catch { #expect("\(error)".contains("nothing of face 7")) }
  }
}

@Suite struct LabelTests {
  private func clip(_ votes: [Float], others: Float = 0) -> LabelledClip {
    LabelledClip(
      name: "", images: [], boxes: [], boxesAreLabels: false, points: [], votes: votes, otherVotes: others)
  }

  @Test func aMajorityIsMoreThanHalfOfAllVotes() {
    #expect(clip([0, 6, 4]).majority(among: [0, 1, 2]) == 1)
    #expect(clip([0, 5, 5]).majority(among: [0, 1, 2]) == nil)
    #expect(clip([0, 5, 0], others: 5).majority(among: [0, 1, 2]) == nil)
    #expect(clip([0, 6, 4]).majority(among: [0, 2]) == nil)
    #expect(clip([]).majority(among: [0]) == nil)
  }

  @Test func sharesNeedEnoughVotes() {
    #expect(clip([1, 3]).shares(least: 4) == [0.25, 0.75])
    #expect(clip([1, 2]).shares(least: 4) == nil)
    #expect(clip([1, 3], others: 4).shares(least: 4) == nil)
    #expect(clip([0, 0]).shares(least: 0) == nil)
  }

  @Test func imagesAreRepeatedOrThinnedEvenly() {
    #expect(Batch.picks(of: 1, frames: 4) == [0, 0, 0, 0])
    #expect(Batch.picks(of: 2, frames: 4) == [0, 0, 1, 1])
    #expect(Batch.picks(of: 9, frames: 3) == [1, 4, 7])
  }

  @Test func mirrorsExchangeLeftAndRight() {
    #expect(Batch.mirroredOrder(["jawOpen", "eyeBlinkLeft", "eyeBlinkRight"]) == [0, 2, 1])
    var augmentation = Augmentation(side: 1.3)
    augmentation.isMirrored = true
    let box = Rect(x: 10, y: 10, width: 20, height: 20)
    let points = [(12, 15), (28, 15), (20, 20), (14, 25), (26, 25)].map { Point(x: Double($0.0), y: Double($0.1)) }
    let places = augmentation.normalized(points, box)
    #expect(places[0].x < places[1].x && places[3].x < places[4].x)
    let back = augmentation.pixel(places[0], box)
    #expect(abs(back.x - 28) < 1e-9 && abs(back.y - 15) < 1e-9)
    let image = Image(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
    #expect(image.mirrored().pixels == [4, 5, 6, 1, 2, 3])
  }

  @Test func aViewMovesImageAndTruthTogether() {
    // A bright pixel at (20.5, 12.5): wherever the view lies, the crop is brightest at its place.
    var image = Image(width: 40, height: 40)
    for colour in 0..<3 { image.pixels[3 * (12 * 40 + 20) + colour] = 255 }
    let box = Rect(x: 8, y: 6, width: 20, height: 22)
    var random = RandomSource(seed: 3)
    for _ in 0..<20 {
      var augmentation = Augmentation(around: 1.3, strength: 1, random: &random)
      augmentation.photometric = PhotometricChanges()
      augmentation = augmentation.at(Double(random.uniform()))
      let crop = augmentation.image(image, box, size: 112)
      let top = stride(from: 0, to: crop.pixels.count, by: 3).max { crop.pixels[$0] < crop.pixels[$1] } ?? 0
      let place = augmentation.normalized(Point(x: 20.5, y: 12.5), box)
      #expect(abs(Double(top / 3 % 112) + 0.5 - 112 * place.x) < 3)
      #expect(abs(Double(top / 3 / 112) + 0.5 - 112 * place.y) < 3)
      let back = augmentation.pixel(place, box)
      #expect(abs(back.x - 20.5) < 1e-9 && abs(back.y - 12.5) < 1e-9)
    }
  }

  @Test func aTurnedFaceKeepsTheOutlineOfAnEllipse() {
    let box = Rect(x: 10, y: 10, width: 20, height: 30)
    var augmentation = Augmentation(side: 1.5)
    augmentation.angle = .pi / 2
    let face = augmentation.face(box)
    #expect(abs(face.width - 30 / 45.0) < 1e-9 && abs(face.height - 20 / 45.0) < 1e-9)
    #expect(abs(face.centre.x - 0.5) < 1e-9 && abs(face.centre.y - 0.5) < 1e-9)
  }

  @Test func changesOfThePixelsAreTheSameEveryTime() {
    var random = RandomSource(seed: 8)
    let grey = Image(width: 32, height: 32, pixels: [UInt8](repeating: 120, count: 32 * 32 * 3))
    var differing = 0
    for _ in 0..<20 {
      let changes = PhotometricChanges(strength: 1, random: &random)
      let changed = changes.applied(to: grey)
      #expect(changed == changes.applied(to: grey) && changed.size == grey.size)
      if changed != grey { differing += 1 }
    }
    #expect(differing == 20 && PhotometricChanges().applied(to: grey) == grey)
  }
}

@Suite(.enabled(if: Tool.hasFFmpeg)) struct PackedSetTests {
  /// Four grey images of known brightness, losslessly.
  private func packed(_ csv: String) throws -> (ScratchFolder, String) {
    let folder = try ScratchFolder()
    let bytes = (0..<4).flatMap { frame in (0..<48 * 48).map { UInt8((frame * 60 + $0 % 48) % 256) } }
    try Data(bytes).write(to: folder.file("raw.gray"))
    try Tool.ffmpeg([
      "-f", "rawvideo", "-pix_fmt", "gray", "-s", "48x48", "-r", "25", "-i", folder.file("raw.gray").path, "-c:v",
      "ffv1",
      "-level", "3", folder.file("set.mkv").path,
    ])
    try csv.write(to: folder.file("set.csv"), atomically: true, encoding: .utf8)
    return (folder, folder.file("set.csv").path)
  }

  @Test func framesMeetTheirRowsByteForByte() throws {
    let (folder, path) = try packed(
      "frame,name,neutral,happiness,unknown,x0,y0,x1,y1\n3,d,1,9,0,,,,\n0,a,8,1,1,10,10,38,40\n2,c,0,0,10,,,,\n")
    let set = try PackedSet.read(path, labels: ["happiness", "neutral"])
    #expect(set.clips.map(\.name) == ["a", "c", "d"])
    #expect(set.clips.map(\.votes) == [[1, 8], [0, 0], [9, 1]])
    #expect(set.clips.map(\.boxesAreLabels) == [true, false, false])
    // Faces without a box are looked at where the others are.
    #expect(set.clips.allSatisfy { abs($0.boxes[0].x - 10) < 1e-9 && abs($0.boxes[0].bottom - 40) < 1e-9 })
    for (clip, frame) in zip(set.clips, [0, 2, 3]) {
      #expect(clip.images[0].size == Size(width: 48, height: 48))
      #expect((0..<48 * 48).allSatisfy { Int(clip.images[0].pixels[3 * $0]) == (frame * 60 + $0 % 48) % 256 })
    }
    _ = folder
  }

  @Test func wrongRowsAreNamed() throws {
    func fault(_ csv: String) throws -> String {
      let (folder, path) = try packed(csv)
      defer { _ = folder }
      do { _ = try PackedSet.read(path, labels: ["neutral"]) } catch { return "\(error)" }
      return ""
    }
    #expect(try fault("frame,neutral\n0,1\n9,1\n").contains("row of frame 9"))
    #expect(try fault("frame,neutral\n0,1\nx,1\n").contains("line 3: no frame number"))
    #expect(try fault("frame,x0,y0,x1,y1\n0,5,5,4,9\n").contains("line 2: the box has no area"))
    #expect(try fault("frame,x0,y0,x1,y1\n0,5,5,,9\n").contains("line 2: only some of x0"))
    // A crop of such a box would take for ever, or more memory than there is.
    #expect(try fault("frame,x0,y0,x1,y1\n0,5,5,1e30,9\n").contains("line 2: column x1 cannot hold"))
    #expect(try fault("frame,x0,y0,x1,y1\n0,5,5,1e8,9\n").contains("line 2: x0... lie outside of any image"))
    for box in ["5,5,90000,9", "49,5,60,9", "-9,-9,0,0"] {
      #expect(try fault("frame,x0,y0,x1,y1\n0,\(box)\n").contains("line 2: the box lies outside of the image"))
    }
    #expect(try fault("name\nx\n").contains("no column frame"))
  }
}

@Suite(.enabled(if: Shared.hasData)) struct EvaluationTests {
  /// The published figure is 68.7 % on all 2,857 counted images; a tenth of them says about the same.
  @Test func theDefaultWeightsReadFERPlus() throws {
    let model = try ExpressionModel(
      weights: Shared.folder.appendingPathComponent("weights/mtcae-dfer.safetensors").path)
    let csv = Shared.folder.appendingPathComponent("data/ferplus-valid.csv").path
    let set = try PackedSet.read(csv, labels: model.card.labels, blendshapes: model.card.blendshapes, every: 12)
    #expect(set.clips.count == 299)
    #expect(set.clips.contains { $0.blendshapes.count == 52 })
    let predictions = Evaluator(model, inputMode: .tubelet).read(set.clips)
    let result = Evaluation(predictions, of: set.clips, model.card, without: ["contempt"])
    let seven = try #require(result.selected)
    #expect(seven.labels.count == 7 && (200...260).contains(seven.samples))
    #expect((0.62...0.75).contains(seven.war))
    let places = try #require(result.localization)
    #expect(try #require(places.boxOverlap) > 0.9)
    #expect(try #require(places.normalisedMeanError) < 0.12)
    #expect(result.lines.first?.hasPrefix("7 classes (n = \(seven.samples))") == true)
    #expect(try JSONDecoder().decode(Evaluation.self, from: Data(result.json.utf8)).selected?.war == seven.war)
  }
}
