import DferTestSupport
import Foundation
import Testing

/// `dfer model` as people type it.
@Suite struct ModelCommandTests {
  private let scratch: ScratchFolder
  private let checkpoints = Shared.root.appendingPathComponent("Tests/DferTensorTests/Checkpoints")
  private let pipelines = Shared.root.appendingPathComponent("Pipelines")

  init() throws { scratch = try ScratchFolder() }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    // A home of its own for added networks; those that come with dfer are found beside the program.
    try Tool.run(
      Tool.dfer, arguments, folder: scratch.url, environment: ["DFER_HOME": scratch.file("home").path])
  }

  @Test func aCheckpointThatWouldRunACommandIsRefused() throws {
    let card = scratch.file("card.yaml")
    try Data("labels: [a, b]\nlicence: MIT\n".utf8).write(to: card)
    // The older form of PyTorch's files: what it begins with, then a call of os.system.
    let start = try Data(contentsOf: checkpoints.appendingPathComponent("legacy.pth")).prefix(15)
    let program = Data("\u{80}\u{2}cos\nsystem\nX".unicodeScalars.map { UInt8($0.value) } + [11, 0, 0, 0])
    try (start + program + Data("touch owned".utf8) + Data([0x85, 0x52, 0x2E])).write(to: scratch.file("bad.pth"))
    let result = try dfer("model", "convert", "bad.pth", "--card", "card.yaml", "-o", "out.safetensors")
    #expect(result.status == 3 && result.errors.contains("asks for os.system"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("owned").path))
    #expect(!FileManager.default.fileExists(atPath: scratch.file("out.safetensors").path))
  }

  @Test func aCheckpointOfAnotherNetworkIsNamed() throws {
    let card = scratch.file("card.yaml")
    try Data("labels: [a, b]\nlicence: MIT\n".utf8).write(to: card)
    let training = checkpoints.appendingPathComponent("training.pth").path
    let result = try dfer("model", "convert", training, "--card", "card.yaml", "-o", "out.safetensors")
    #expect(result.status == 3 && result.errors.contains("those of none of VideoMAE"), "\(result.errors)")
    #expect(result.output.contains("takes 'model'; the file also has model_ema"))
    try Data("labels: [a, b]\nlicense: MIT\n".utf8).write(to: card)
    let spelling = try dfer("model", "convert", training, "--card", "card.yaml", "-o", "out.safetensors")
    #expect(spelling.errors.contains("did you mean 'licence'?"), "\(spelling.errors)")
  }

  @Test func addedNetworksAreListedCheckedAndUsed() throws {
    let weights = pipelines.appendingPathComponent("lanmsff.safetensors").path
    let added = try dfer("model", "add", weights, "--name", "small")
    #expect(added.status == 0 && added.output.contains("--pipeline small"), "\(added.errors)")
    #expect(try dfer("model", "add", weights, "--name", "small").status == 3)
    #expect(try dfer("model", "list").output.contains("small"))
    #expect(try dfer("model", "show", "small").output.contains("sha256:"))
    #expect(try dfer("model", "verify").output.contains("ok"))
    #expect(try dfer("model", "show", "smal").errors.contains("did you mean 'small'?"))
    let copy = scratch.file("home/models/small.safetensors")
    var bytes = try Data(contentsOf: copy)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: copy)
    let damaged = try dfer("model", "verify", "small")
    #expect(damaged.status == 3 && damaged.errors.contains("SHA-256 mismatch"))
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    #expect(try dfer("watch", sample, "-o", "rows.csv", "--pipeline", "small").errors.contains("SHA-256 mismatch"))
    #expect(try dfer("model", "remove", "small").status == 0)
    #expect(try dfer("model", "list").output.contains("no networks"))
  }

  @Test func exportedFilesSayWhatTheyTake() throws {
    let result = try dfer("model", "export", "--pipeline", "emotic-mae", "--onnx", "net.onnx")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("images  [batch, 6, 48, 48]") && result.output.contains("expression  [batch, 8]"))
    let again = try dfer("model", "export", "--pipeline", "emotic-mae", "--onnx", "net.onnx")
    #expect(again.status == 5 && again.errors.contains("--overwrite"))
    let detector = try dfer("model", "export", "--detector", "--onnx", "faces.onnx")
    #expect(detector.output.contains("[batch, 3, height, width]"), "\(detector.errors)")
  }

  @Test func withoutTheRuntimeThereIsOneLine() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    let result = try dfer("watch", sample, "-o", "rows.csv", "--device", "cpu", "--onnxruntime", "/nowhere")
    #expect(result.status == 2 && result.errors.contains("pip install onnxruntime"), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: scratch.file("rows.csv").path))
  }

  /// Rows of our kernels and of ONNX Runtime, of a whole video.
  @Test(.enabled(if: RuntimeLibrary.path != nil), arguments: ["mtcae-dfer", "emotic-mae"])
  func rowsOfTheRuntimeAreTheSame(_ pipeline: String) throws {
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let runtime = try #require(RuntimeLibrary.path)
    let own = try dfer("watch", sample, "-q", "-o", "own.csv", "--pipeline", pipeline)
    let other = try dfer(
      "watch", sample, "-q", "-o", "other.csv", "--pipeline", pipeline, "--device", "cpu", "--onnxruntime", runtime)
    #expect(own.status == 0 && other.status == 0, "\(other.errors)")
    func table(_ name: String) throws -> [[Substring]] {
      try String(contentsOf: scratch.file(name), encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
    }
    let (a, b) = (try table("own.csv"), try table("other.csv"))
    #expect(a.count == b.count && a[0] == b[0])
    for (x, y) in zip(a.dropFirst(), b.dropFirst()) {
      // The behaviour decoder reads features of our own kernels, so that head pose is theirs alone.
      for (column, (p, q)) in zip(a[0], zip(x, y)) where p != q && !column.hasSuffix("_deg") {
        let (p, q) = (Double(p) ?? .nan, Double(q) ?? .nan)
        #expect(abs(p - q) < 1e-3 * max(1, abs(p)), "\(column): \(p), \(q)")
      }
    }
    let manifest = try String(contentsOf: scratch.file("other.run.json"), encoding: .utf8)
    #expect(manifest.contains("ONNX Runtime") && manifest.contains("CPUExecutionProvider"))
  }
}
