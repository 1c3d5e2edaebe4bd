import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

/// Suites, calibration and own labels as a person uses them, with a toy network.
@Suite(.enabled(if: Tool.hasFFmpeg)) struct SuiteCommandTests {
  private let toy: Toy
  private var folder: URL { toy.folder.url }

  /// 120 images of three classes, of six people.
  init() throws {
    toy = try Toy()
    try Tool.ffmpeg([
      "-f", "lavfi", "-i", "testsrc2=s=32x32:r=30:d=4", "-c:v", "ffv1", toy.folder.file("set.mkv").path,
    ])
    try table("set.csv", ["top", "bottom", "middle"])
    try write(
      "suite.yaml",
      """
      schema: 1
      name: toys
      domains:
        - {name: odd, purpose: half of the people, data: set.csv, where: {person: odd}}
        - {name: even, data: set.csv, where: {person: even}, weight: 3}
      """)
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(to: toy.folder.file(name), atomically: true, encoding: .utf8)
  }

  private func table(_ name: String, _ labels: [String]) throws {
    let rows = (0..<120).map { "\($0),\(labels[$0 % 3]),p-\($0 % 6),4,5,28,30" }
    try write(name, (["frame,label,person,x0,y0,x1,y1"] + rows).joined(separator: "\n"))
  }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: folder)
  }

  @Test func aSuiteIsOneTableAndOneFile() throws {
    let result = try dfer(
      "evaluate", "--suite", "suite.yaml", "--weights", "start.safetensors", "--compare-with", "start.safetensors",
      "--json",
      "s.json")
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[0].hasPrefix("suite toys, start.safetensors (toy, version 1)"))
    let names = lines[2...4].map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(names[0] == "odd 60" && names[1] == "even 60" && names[2].hasPrefix("mean "))
    #expect(lines.contains { $0.hasPrefix("gain over start.safetensors") })
    #expect(
      lines.contains { $0.hasPrefix("mean") && $0.contains("+0.0  +0.0 to +0.0") }, "weights do not beat themselves")
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: toy.folder.file("s.json"))) as? [String: Any]
    #expect((json?["domains"] as? [Any])?.count == 2 && json?["comparison"] != nil)
    let one = try dfer("evaluate", "--suite", "suite.yaml", "--weights", "start.safetensors", "--domains", "even")
    #expect(one.status == 0 && !one.output.contains("odd "))
  }

  @Test func mistakesAreFoundBeforeAnythingIsRead() throws {
    let both = try dfer("evaluate", "--suite", "suite.yaml", "--data", "set.csv")
    #expect(both.status == 2 && both.errors.contains("either --data or --suite"))
    let other = try dfer("evaluate", "--suite", "suite.yaml", "--masks")
    #expect(other.status == 2 && other.errors.contains("--masks is not supported with --suite"))
    let stray = try dfer("evaluate", "--data", "set.csv", "--compare-with", "start.safetensors")
    #expect(stray.status == 2 && stray.errors.contains("--compare-with requires --suite"))
    let nowhere = try dfer(
      "evaluate", "--suite", "suite.yaml", "--suite-data", "/nowhere", "--weights", "start.safetensors")
    #expect(nowhere.status == 3 && nowhere.errors.contains("/nowhere/set.csv"))
    let unread = try dfer("evaluate", "--data", "set.csv", "--weights", "start.safetensors", "--prior", "balanced")
    #expect(unread.status == 3 && unread.errors.contains("dfer calibrate --class-data adds it"))
  }

  @Test func calibratedWeightsSayHowTheyReadAndWhatTheyLearnedFrom() throws {
    let result = try dfer(
      "calibrate", "start.safetensors", "--suite", "suite.yaml", "--class-data", "set.csv", "-o", "new.safetensors")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("ECE ") && result.output.hasSuffix("new.safetensors\n"))
    let card = try dfer("inspect", "new.safetensors").output
    #expect(card.contains("operatingPoints") && card.contains("\"even\":{") && card.contains("\"fractions\":{"))
    #expect(try dfer("calibrate", "start.safetensors", "--suite", "suite.yaml", "-o", "new.safetensors").status != 0)
    let balanced = try dfer("evaluate", "--data", "set.csv", "--weights", "new.safetensors", "--prior", "balanced")
    #expect(balanced.status == 0, "\(balanced.errors)")
    try write("prior.csv", "label,fraction\ntop,0.98\nbottom,0.01\nmiddle,0.01\n")
    let mostlyTop = try dfer(
      "evaluate", "--suite", "suite.yaml", "--weights", "new.safetensors", "--prior", "prior.csv", "--json", "p.json")
    #expect(mostlyTop.status == 0 && mostlyTop.output.contains(", prior prior.csv"), "\(mostlyTop.errors)")
    // With such a prior the toy, which has learned nothing, calls everything top.
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: toy.folder.file("p.json"))) as? [String: Any]
    let mean = json?["mean"] as? [String: Any]
    #expect(abs((mean?["uar"] as? Double ?? 0) - 1.0 / 3) < 1e-9)
    try write("prior.csv", "label,fraction\ntop,-1\n")
    let wrong = try dfer("evaluate", "--data", "set.csv", "--weights", "new.safetensors", "--prior", "prior.csv")
    #expect(wrong.status == 3 && wrong.errors.contains("prior.csv: line 2"))
  }

  @Test func ownLabelsGoFromTrainingToExports() throws {
    try table("own.csv", ["bored", "confused", "pain"])
    try FileManager.default.copyItem(at: toy.folder.file("set.mkv"), to: toy.folder.file("own.mkv"))
    try write("soft.csv", "frame,bored,confused,pain\n0,0.5,0.5,0\n")
    let trained = try dfer(
      "train", "--labels", "bored,confused,pain", "--data", "own.csv:2", "--soft-labels", "soft.csv:0.5", "--valid",
      "own.csv",
      "--weights", "start.safetensors", "--batch", "12", "--steps", "4", "--logit-adjustment", "1", "--min-resolution",
      "12",
      "--colour-jitter", "0.5", "--crop-jitter", "0.5", "-o", "mine")
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.errors.contains("1 of them with soft labels"))
    let measured = try dfer(
      "evaluate", "--data", "own.csv", "--weights", "mine/weights.safetensors", "--prior", "training")
    #expect(measured.status == 0 && measured.output.contains("all 3 classes"), "\(measured.errors)")
    // The installed pipeline with other weights.
    let pipelines = Shared.root.appendingPathComponent("Pipelines")
    let installed = try String(contentsOf: pipelines.appendingPathComponent("mtcae-dfer.yaml"), encoding: .utf8)
    try write(
      "mine.yaml",
      installed.replacing("weights: mtcae-dfer.safetensors", with: "weights: mine/weights.safetensors")
        .replacing("weights: face", with: "weights: \(pipelines.path)/face").replacing(
          "  system: mtcae-dfer\n", with: ""
        ).replacing(#/\n *behaviour: .*/#, with: ""))
    let video = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let watched = try dfer("watch", video, "--pipeline", "mine.yaml", "-o", "rows.csv", "-o", "rows.vtt")
    #expect(watched.status == 0, "\(watched.errors)")
    let rows = try String(contentsOf: toy.folder.file("rows.csv"), encoding: .utf8).split(separator: "\n")
    #expect(rows[0].contains(",p_bored,p_confused,p_pain,"))
    let names = ["bored", "confused", "pain"]
    #expect(rows.dropFirst().contains { row in names.contains { row.contains(",\($0),") } })
    #expect(try String(contentsOf: toy.folder.file("rows.vtt"), encoding: .utf8).contains { !$0.isWhitespace })
    let exported = try dfer("export", "rows.csv", "-o", "rows.eaf")
    #expect(exported.status == 0, "\(exported.errors)")
    let eaf = try String(contentsOf: toy.folder.file("rows.eaf"), encoding: .utf8)
    #expect(names.contains { eaf.contains(">\($0)<") })
    let summary = try dfer("summary", "rows.csv")
    #expect(summary.status == 0 && summary.output.contains("bored"))
    let missing = try dfer(
      "train", "--labels", "bored,confused,rage", "--data", "own.csv", "--weights", "start.safetensors", "-o", "x")
    #expect(missing.status != 0 && missing.errors.contains("rage"))
    let twice = try dfer("train", "--labels", "bored,bored", "--data", "own.csv", "-o", "x")
    #expect(twice.status == 2 && twice.errors.contains("two or more different names"))
  }
}

@Suite struct OwnLabelTests {
  /// A network that has learned three classes learns three others from twenty faces of each.
  @Test func twentyFacesOfAClassWillDo() throws {
    let toy = try Toy()
    var first = try TrainingLoop(ClipTraining(toy.model, Toy.settings(60), on: toy.faces(60)))
    for _ in 0..<60 { try first.step() }
    let learned = toy.model.replacing(
      Array(zip(first.state.weights.names, first.state.weights.tensors)).map { (name: $0.0, tensor: $0.1) })
    let own = learned.naming(["pain", "bored", "confused"])
    #expect(own.card.labels == ["pain", "bored", "confused"] && own.card.temperature == 1 && own.card.prior == nil)
    var data = toy.faces(60, seed: 3)
    data.labels = own.card.labels
    var settings = Toy.settings(60)
    settings.frozen = ["encoder."]
    var second = try TrainingLoop(ClipTraining(own, settings, on: data))
    for _ in 0..<60 { try second.step() }
    let unseen = toy.faces(45, seed: 9)
    let evaluator = second.task.evaluator(.tubelet, second.state.average.applied(to: second.state.weights))
    let result = Evaluation(evaluator.read(unseen.clips), of: unseen.clips, own.card)
    #expect((result.all?.war ?? 0) > 0.85, "chance is a third")
    // Another number of classes too.
    #expect(learned.naming(["a", "b"]).card.config.cascade.numLabels == 2)
  }

  @Test(arguments: ImageSystem.allCases) func imageSystemsKeepAllButTheirLastLayer(_ system: ImageSystem) throws {
    let model = try ImageModel(fresh: system.start, seed: 4)
    let own = try model.naming(["bored", "confused"])
    var changed: [String] = []
    for (name, tensor) in zip(own.weights.names, own.weights.tensors) {
      let before = try #require(model.weights.parameter(named: name))
      if model.weights[before].shape != tensor.shape {
        changed.append(name)
      } else {
        #expect(model.weights[before] == tensor, "\(name)")
      }
    }
    #expect(!changed.isEmpty && changed.allSatisfy { $0.hasPrefix("head") }, "\(changed)")
    let image = Image(width: own.card.imageSize, height: own.card.imageSize)
    #expect(own.read([image])[0].logits == [0, 0], "it says the same of all classes until it has learned something")
  }
}
