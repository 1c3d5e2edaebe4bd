import DferTestSupport
import Foundation
import Testing

@testable import DferTensor

/// Weight files in whole numbers of 8 bits, and in bf16.
@Suite struct QuantizationTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func noise(_ shape: [Int], scale: Float = 1) -> Tensor {
    var random = RandomSource(seed: 5)
    return Tensor((0..<shape.reduce(1, *)).map { _ in (2 * random.uniform() - 1) * scale }, shape: shape)
  }

  /// A matrix whose channels differ in size by far, a channel of zeros, a small one, a head, and a bias.
  private var tensors: [(name: String, tensor: Tensor)] {
    var matrix = noise([64, 100])
    for output in 0..<64 {
      for input in 0..<100 { matrix.values[output * 100 + input] *= output == 7 ? 0 : pow(1.3, Float(output - 32)) }
    }
    return [
      ("blocks.0.fc.weight", matrix), ("stem.conv.weight", noise([16, 3, 3, 3])),
      ("heads.box.weight", noise([64, 64])),
      ("blocks.0.fc.bias", noise([64], scale: 3)),
    ]
  }

  private func written(_ quantization: Quantization) throws -> SafetensorsFile {
    let path = scratch.file("\(quantization.rawValue).safetensors").path
    try SafetensorsFile.write(tensors: tensors, metadata: ["model": "test"], to: path, quantized: quantization)
    return try SafetensorsFile(path: path)
  }

  @Test func everyChannelHasItsOwnScale() throws {
    let file = try written(.int8)
    #expect(file.names == tensors.map(\.name).sorted() && file.count == tensors.reduce(0) { $0 + $1.tensor.count })
    #expect(file.dtype(of: "blocks.0.fc.weight") == .i8 && file.shape(of: "blocks.0.fc.weight_scale") == [64])
    let (before, after) = (tensors[0].tensor, try file.tensor("blocks.0.fc.weight"))
    #expect(after.shape == [64, 100])
    for output in 0..<64 {
      let range = output * 100..<(output + 1) * 100
      let largest = before.values[range].map(abs).max() ?? 0
      let error = zip(before.values[range], after.values[range]).map { abs($0 - $1) }.max() ?? 1
      #expect(error <= largest / 253, "channel \(output): \(error) of \(largest)")
    }
  }

  @Test(arguments: Quantization.allCases) func theRestStaysInSixteenBitFloats(quantization: Quantization) throws {
    let file = try written(quantization)
    for (name, tensor) in tensors.dropFirst() {
      #expect(file.dtype(of: name) == .f16)
      #expect(try file.tensor(name).values == tensor.values.map { Float(Float16($0)) })
    }
  }

  @Test func bf16KeepsEightBits() throws {
    let file = try written(.bf16)
    #expect(file.dtype(of: "blocks.0.fc.weight") == .bf16)
    for (x, y) in zip(tensors[0].tensor.values, try file.tensor("blocks.0.fc.weight").values) {
      #expect(abs(x - y) <= abs(x) / 256)
    }
  }

  @Test func aStoreReadsThemLikeAnyOther() throws {
    let file = try written(.int8)
    var store = ParameterStore()
    for (name, tensor) in tensors { _ = store.declare(name, shape: tensor.shape) }
    try store.load(file)
    #expect(store.tensors[0] == (try file.tensor("blocks.0.fc.weight")))
  }

  /// Whole numbers that nobody gave scales are themselves, and a scale of another length is a tensor like others.
  @Test func plainWholeNumbersStayAsTheyAre() throws {
    let path = scratch.file("plain.safetensors").path
    try SafetensorsFile.write(
      [
        StoredTensor(name: "a", shape: [2, 2], format: .i8, bytes: [1, 255, 3, 128]),
        StoredTensor(name: "b", shape: [2], format: .i8, bytes: [1, 2]),
        StoredTensor("b_scale", Tensor([2, 3, 4], shape: [3]), as: .f32),
      ], [:], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(try file.tensor("a").values == [1, -1, 3, -128] && file.names == ["a", "b", "b_scale"])
    #expect(try file.tensor("b").values == [1, 2])
  }

  @Test func numbersThatAreNoneAreRefused() {
    let path = scratch.file("broken.safetensors").path
    let error = #expect(throws: CheckpointError.self) {
      try SafetensorsFile.write(
        tensors: [("a.weight", Tensor([Float](repeating: .nan, count: 8192), shape: [64, 128]))], to: path,
        quantized: .int8)
    }
    #expect("\(error as Any)".contains("tensor a.weight holds numbers that are not finite"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
