import DferTestSupport
import Foundation
import Testing

/// `dfer quantize` as people type it.
@Suite struct QuantizeTests {
  private let scratch: ScratchFolder
  private let pipelines = Shared.root.appendingPathComponent("Pipelines")

  init() throws { scratch = try ScratchFolder() }

  private func dfer(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(
      Tool.dfer, arguments, folder: scratch.url, environment: ["DFER_HOME": scratch.file("home").path])
  }

  private func size(_ url: URL) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
  }

  @Test func theDefaultWeightsBecomeHalfAsLargeAndReadTheSame() throws {
    let weights = pipelines.appendingPathComponent("mtcae-dfer.safetensors")
    let made = try dfer("quantize", weights.path, "-o", "small.safetensors")
    #expect(made.status == 0 && made.output.contains("int8: "), "\(made.errors)")
    #expect(Double(try size(scratch.file("small.safetensors"))) < 0.52 * Double(try size(weights)))
    // The behaviour decoder reads the features of these weights too.
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    func rows(_ name: String, _ more: String...) throws -> [[String]] {
      let result = try Tool.run(
        Tool.dfer, ["watch", sample, "-o", name] + more, folder: scratch.url,
        environment: ["DFER_HOME": scratch.file("home").path])
      #expect(result.status == 0, "\(result.errors)")
      return try String(contentsOf: scratch.file(name), encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
    var text = try String(contentsOf: pipelines.appendingPathComponent("mtcae-dfer.yaml"), encoding: .utf8)
    for file in ["face-finder.safetensors", "mtcae-behaviour.safetensors"] {
      text = text.replacingOccurrences(of: file, with: pipelines.appendingPathComponent(file).path)
    }
    text = text.replacingOccurrences(of: "mtcae-dfer.safetensors", with: "small.safetensors")
    try Data(text.utf8).write(to: scratch.file("small.yaml"))
    let (before, after) = (try rows("a.csv"), try rows("b.csv", "--pipeline", "small.yaml"))
    let label = try #require(before[0].firstIndex(of: "label"))
    #expect(before.count == after.count && before[0] == after[0] && before.count > 10)
    #expect(zip(before, after).count { $0[label] != $1[label] } <= 1)
  }

  @Test func bf16IsWrittenToo() throws {
    let weights = pipelines.appendingPathComponent("lanmsff.safetensors").path
    #expect(try dfer("quantize", weights, "-o", "half.safetensors", "--format", "bf16").status == 0)
    #expect(try dfer("inspect", "half.safetensors").output.contains("\"format\":\"bf16\""))
  }

  @Test func whatCannotBeQuantizedIsNamed() throws {
    let weights = pipelines.appendingPathComponent("lanmsff.safetensors").path
    #expect(try dfer("quantize", weights, "-o", "small.safetensors").status == 0)
    #expect(try dfer("quantize", weights, "-o", "small.safetensors").errors.contains("--overwrite"))
    let again = try dfer("quantize", "small.safetensors", "-o", "smaller.safetensors")
    #expect(again.status == 3 && again.errors.contains("quantized already"), "\(again.errors)")
    #expect(try dfer("quantize", weights, "-o", "x.safetensors", "--precision", "int8").status == 2)
    let missing = try dfer("quantize", weights, "-o", "x.safetensors", "--suite", "none.yaml")
    #expect(missing.status == 3 && !FileManager.default.fileExists(atPath: scratch.file("x.safetensors").path))
  }
}
