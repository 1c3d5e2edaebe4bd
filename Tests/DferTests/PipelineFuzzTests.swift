import DferTestSupport
import Foundation
import Testing

@testable import Dfer

@Suite struct PipelineFuzzTests {
  @Test func damagedPipelineFilesAreRefusedOrRead() throws {
    let file = Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.yaml")
    let seed = try Array(Data(contentsOf: file))
    Fuzz.run(
      "pipeline", seeds: [seed],
      words: ["- ", ": ", "&a ", "*a", "!!binary ", "{", "[", "|\n", "<<: *a", "\t", "clip:\n  span: ", "---\n", "? "]
    ) { bytes in
      guard let text = String(validating: bytes, as: UTF8.self) else { return }
      _ = try Pipeline(yaml: text, path: "x.yaml", folder: file.deletingLastPathComponent())
    }
  }
}
