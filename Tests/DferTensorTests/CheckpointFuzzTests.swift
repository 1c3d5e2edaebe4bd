import DferTensor
import DferTestSupport
import Foundation
import Testing

@Suite struct CheckpointFuzzTests {
  @Test func damagedWeightFilesAreRefusedOrRead() throws {
    let folder = try ScratchFolder()
    let file = folder.file("w.safetensors")
    try SafetensorsFile.write(
      tensors: [
        ("encoder.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])),
        ("bias", Tensor([0, -1, 2, .infinity], shape: [4])),
      ], metadata: ["labels": "a,b", "licence": "MIT"], to: file.path)
    let seed = try Array(Data(contentsOf: file))
    Fuzz.run(
      "safetensors", seeds: [seed],
      words: ["{", "}", "[", "]", ",", "\"data_offsets\":", "\"shape\":[0]", "BF16", "F64", "__metadata__", "\\u0000"]
    ) { bytes in
      try Data(bytes).write(to: file)
      let checkpoint = try SafetensorsFile(path: file.path)
      for name in checkpoint.names { _ = try checkpoint.tensor(name) }
    }
  }
}
