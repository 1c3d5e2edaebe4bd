import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

/// Folders of the same shape as the public sets, with empty files.
@Suite struct PublicSetTests {
  private let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private func make(_ files: [String: String]) throws {
    for (name, text) in files {
      let url = scratch.file(name)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
  }

  private func read(_ set: PublicSet, fold: Int = 1) throws -> [[String]] {
    try set.read(scratch.url.path, fold: fold).clips.map {
      [URL(fileURLWithPath: $0.path).lastPathComponent, $0.label, $0.person, $0.split]
    }
  }

  @Test func ravdessSaysAllInItsNames() throws {
    try make([
      "Actor_12/01-01-06-01-02-01-12.mp4": "", "Actor_12/02-01-06-01-02-01-12.mp4": "",
      "Actor_12/02-01-02-01-01-01-12.mp4": "", "Actor_12/03-01-05-01-01-01-12.wav": "",
      "Actor_12/01-02-05-01-01-01-12.mp4": "", "Actor_01/01-01-08-02-01-02-01.mp4": "", "Actor_01/readme.mp4": "",
    ])
    #expect(
      try read(.ravdess) == [
        ["01-01-08-02-01-02-01.mp4", "surprise", "ravdess-01", ""],
        ["01-01-06-01-02-01-12.mp4", "fear", "ravdess-12", ""],
        ["02-01-02-01-01-01-12.mp4", "neutral", "ravdess-12", ""],
      ])
    #expect(
      try PublicSet.ravdess.read(scratch.url.path).skipped == ["2 videos are not named like clips of speech in RAVDESS"]
    )
  }

  @Test func cremaDSaysAllInItsNames() throws {
    try make([
      "VideoFlash/1001_DFA_ANG_XX.flv": "", "VideoFlash/1091_IEO_HAP_HI.flv": "", "VideoFlash/1001_DFA_XXX_XX.flv": "",
    ])
    #expect(
      try read(.cremaD) == [
        ["1001_DFA_ANG_XX.flv", "anger", "crema-d-1001", ""], ["1091_IEO_HAP_HI.flv", "happiness", "crema-d-1091", ""],
      ])
  }

  @Test func dfewHasNumbersInLists() throws {
    let lists = "EmoLabel_DataSplit"
    try make([
      "\(lists)/train(single-labeled)/set_2.csv": "video_name,label\n1,1\n2,7\n77,3\n",
      "\(lists)/test(single-labeled)/set_2.csv": "video_name,label\r\n00003,5\r\n",
      "Clip/original/1.mp4": "", "Clip/original/00002.mp4": "", "Clip/original/3.mp4": "",
    ])
    #expect(
      try read(.dfew, fold: 2) == [
        ["00002.mp4", "fear", "", "train"], ["1.mp4", "happiness", "", "train"], ["3.mp4", "surprise", "", "test"],
      ])
    #expect(
      try PublicSet.dfew.read(scratch.url.path, fold: 2).skipped.first?.hasPrefix("1 listed clips have no video")
        == true)
    #expect(throws: DataError.self) { _ = try read(.dfew, fold: 1) }
  }

  @Test func ferv39kHasPathsInLists() throws {
    try make([
      "4_setups/All_scenes/train_All.csv": "Action/Happy/0267 Happy\nCrime/Happy/0267 Happy\n",
      "4_setups/All_scenes/test_All.csv": "Action/Angry/0001 Angry\n",
      "2_ClipsforFaceCrop/Action/Happy/0267.mp4": "", "2_ClipsforFaceCrop/Crime/Happy/0267.mp4": "",
      "2_ClipsforFaceCrop/Action/Angry/0001.mp4": "",
    ])
    let clips = try PublicSet.ferv39k.read(scratch.url.path).clips
    #expect(clips.map(\.label) == ["anger", "happiness", "happiness"])
    #expect(clips[1].path.hasSuffix("Action/Happy/0267.mp4") && clips[2].path.hasSuffix("Crime/Happy/0267.mp4"))
  }

  @Test func mafwHasElevenLabels() throws {
    try make([
      "split/single/no_caption/set_1/train.txt": "00001.mp4 anger\n00002.mp4 anxiety\n",
      "split/single/no_caption/set_1/test.txt": "00003.mp4 contempt\n", "data/clips/00001.mp4": "",
      "data/clips/00002.mp4": "", "data/clips/00003.mp4": "",
    ])
    #expect(try read(.mafw).map { $0[1] } == ["anger", "anxiety", "contempt"])
    try make(["split/single/no_caption/set_1/test.txt": "00003.mp4\n"])
    #expect(throws: DataError.self) { _ = try read(.mafw) }
  }

  /// 68 points from 10 to 30 in x and 40 to 80 in y.
  private static let points: [Double] =
    [[10.0, 40], [30, 80]].flatMap { $0 } + [[Double]](repeating: [20, 60], count: 66).flatMap { $0 }

  private func array(_ name: String, _ type: String, _ shape: String, _ body: [UInt8]) throws {
    try make([name: ""])
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    let start = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
    try Data(start + Array(header.utf8) + body).write(to: scratch.file(name))
  }

  @Test func affectNetHasAFileOfNumbersBesideEachImage() throws {
    func text(_ number: String) -> [UInt8] { number.utf8.flatMap { [$0, 0, 0, 0] } }
    let points = Self.points.flatMap { value -> [UInt8] in
      (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * $0)) }
    }
    try make(["train_set/images/0.jpg": "", "train_set/images/1.jpg": "", "train_set/images/2.jpg": ""])
    try make(["val_set/images/7.png": "", "val_set/images/8.png": ""])
    try array("train_set/annotations/0_exp.npy", "<U1", "()", text("6"))
    try array("train_set/annotations/0_lnd.npy", "<f8", "(136,)", points)
    try array("train_set/annotations/1_exp.npy", "<i8", "()", [7, 0, 0, 0, 0, 0, 0, 0])
    try array("val_set/annotations/7_exp.npy", "|S1", "()", Array("4".utf8))
    try array("val_set/annotations/8_exp.npy", "<U2", "()", text("10"))
    #expect(
      try read(.affectNet) == [
        ["0.jpg", "anger", "", "train"], ["1.jpg", "contempt", "", "train"], ["7.png", "fear", "", "test"],
      ])
    let contents = try PublicSet.affectNet.read(scratch.url.path)
    #expect(contents.clips[0].box == Rect(left: 10, top: 30, right: 30, bottom: 80) && contents.clips[1].box == nil)
    #expect(
      contents.skipped == ["1 images have no expression beside them", "1 images show no expression by their numbers"])
    for body: [UInt8] in [[], text("x"), [0, 0]] {
      try array("train_set/annotations/0_exp.npy", "<U1", "()", body)
      #expect(throws: DataError.self) { _ = try read(.affectNet) }
    }
    try array("train_set/annotations/0_exp.npy", "<c16", "()", [])
    #expect(throws: DataError.self) { _ = try read(.affectNet) }
  }

  @Test func affectNetHasListsToo() throws {
    let points = Self.points.map { "\($0)" }.joined(separator: ";")
    let lists = "Manually_Annotated_file_lists"
    try make([
      "\(lists)/training.csv":
        "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
        + "689/a.jpg,134,134,899,899,\(points),1,0.78,-0.19\n689/b.jpg,1,1,8,8,\(points),9,-2,-2\n",
      "\(lists)/validation.csv": "12/c.JPG,1,1,8,8,,3,0.1,0.2\r\n12/gone.jpg,1,1,8,8,,0,0,0\r\n",
      "Manually_Annotated_Images/689/a.jpg": "", "Manually_Annotated_Images/12/c.JPG": "",
    ])
    #expect(try read(.affectNet) == [["a.jpg", "happiness", "", "train"], ["c.JPG", "surprise", "", "test"]])
    let contents = try PublicSet.affectNet.read(scratch.url.path)
    #expect(contents.clips[0].box == Rect(left: 10, top: 30, right: 30, bottom: 80) && contents.clips[1].box == nil)
    #expect(contents.skipped.count == 2 && contents.skipped[0] == "1 listed images are not there")
    try make(["\(lists)/training.csv": "689/a.jpg,134\n"])
    #expect(throws: DataError.self) { _ = try read(.affectNet) }
  }

  @Test func foldersAreNamedAfterTheirClasses() throws {
    try make([
      "train/happy/1.jpg": "", "train/3_Angry/x/2.PNG": "", "Test/neutral/3.mp4": "", "val/bored/4.jpg": "",
      "sad/notes.txt": "", "loose.jpg": "",
    ])
    #expect(
      try read(.folders) == [
        ["3.mp4", "neutral", "", "test"], ["2.PNG", "anger", "", "train"], ["1.jpg", "happiness", "", "train"],
        ["4.jpg", "bored", "", "test"],
      ])
    #expect(try PublicSet.folders.read(scratch.url.path).skipped == ["1 files lie in no folder of a class"])
  }

  @Test func otherFoldersAreRefused() throws {
    #expect(throws: DataError.self) { _ = try read(.ravdess) }
    try make(["holiday.mp4": ""])
    for set in PublicSet.allCases { #expect(throws: DataError.self) { _ = try set.read(scratch.url.path) } }
  }

  @Test func theCommandWritesAManifest() throws {
    try make(["in/1001_DFA_ANG_XX.flv": "", "in/1002_DFA_SAD_XX.flv": ""])
    func dfer(_ options: [String]) throws -> Tool.Result {
      try Tool.run(Tool.dfer, ["manifest"] + options, folder: scratch.url)
    }
    let result = try dfer(["crema-d", "in", "-o", "list.csv"])
    #expect(result.status == 0, "\(result.errors)")
    let manifest = try Manifest(scratch.file("list.csv").path, labels: ["anger", "sadness"])
    #expect(manifest.entries.map(\.person) == ["crema-d-1001", "crema-d-1002"])
    #expect(manifest.entries.map(\.votes) == [[1, 0], [0, 1]])
    #expect(try dfer(["crema-d", "in", "-o", "list.csv"]).status == 5)
    #expect(try dfer(["crema-d", "in", "-o", "x.csv", "--split", "test"]).status == 2)
    try make(["set/train/sad/1.jpg": "", "set/test/sad/2.jpg": "", "set/train/tired/3.jpg": ""])
    #expect(try dfer(["folders", "set", "--split", "train", "-o", "sad.csv"]).status == 0)
    #expect(try Manifest(scratch.file("sad.csv").path, labels: ["sadness"]).entries.count == 1)
    #expect(try dfer(["folders", "set", "--split", "train", "--all-labels", "-o", "all.csv"]).status == 0)
    #expect(try Manifest(scratch.file("all.csv").path, labels: ["sadness", "tired"]).entries.count == 2)
    #expect(try dfer(["crema-d", "none", "-o", "x.csv"]).status == 3)
  }
}

@Suite struct SharedPeopleTests {
  @Test func peopleOnBothSidesAreNamed() {
    func set(_ people: [String?]) -> LabelledSet {
      LabelledSet(
        labels: [],
        clips: people.map {
          LabelledClip(name: "", images: [], boxes: [], boxesAreLabels: false, points: [], votes: [], person: $0)
        })
    }
    #expect(set(["b", "a", nil, "c"]).people(sharedWith: set(["c", nil, "b", "d"])) == ["b", "c"])
    #expect(set([nil]).people(sharedWith: set([nil])).isEmpty)
  }
}

@Suite struct LossCurvesTests {
  @Test func linesAreDrawnForColumnsWithNumbers() {
    let rows = (1...500).map { "\($0),\(10 / Double($0)),,\($0 % 2)" }
    let curves = LossCurves(log: (["step,loss,box,expression"] + rows).joined(separator: "\n"))
    #expect(curves.lines.map(\.name) == ["loss", "expression"])
    #expect(curves.lines.allSatisfy { $0.points.count <= 410 })
    let svg = curves.svg
    #expect(svg.contains("class=\"line\"") && svg.contains(">expression</text>") && svg.contains(">500</text>"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    #expect(LossCurves(log: "").lines.isEmpty && LossCurves(log: "step,loss\n").svg.hasPrefix("<svg"))
  }
}
