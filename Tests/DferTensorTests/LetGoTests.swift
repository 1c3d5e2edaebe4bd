import DferTestSupport
import Foundation
import Testing

@testable import DferTensor

/// Weights whose numbers stay in their file.
@Suite struct LetGoTests {
  private let scratch: ScratchFolder
  private let path: String

  init() throws {
    scratch = try ScratchFolder()
    path = scratch.file("weights.safetensors").path
    var random = RandomSource(seed: 3)
    func noise(_ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in 2 * random.uniform() - 1 }, shape: shape)
    }
    try SafetensorsFile.write(
      tensors: [
        (name: "blocks.fc.weight", tensor: noise([96, 64])), (name: "blocks.fc.bias", tensor: noise([96])),
        (name: "head.weight", tensor: noise([8, 96])),
      ], metadata: [:], to: path)
  }

  private func store(letsGo: Bool) throws -> (store: ParameterStore, weight: Parameter, bias: Parameter) {
    var store = ParameterStore()
    let weight = store.declare("blocks.fc.weight", shape: [96, 64])
    let bias = store.declare("blocks.fc.bias", shape: [96])
    _ = store.declare("head.weight", shape: [8, 96])
    let file = try SafetensorsFile(path: path)
    try store.load(file)
    store.keepPrepared()
    if letsGo { store.letGo(of: { $0.hasPrefix("blocks.") }, readFrom: file) }
    return (store, weight, bias)
  }

  private func product(
    _ given: (store: ParameterStore, weight: Parameter, bias: Parameter), rows: Int
  ) -> [Float] {
    var tape = Tape(given.store)
    let x = Tensor((0..<rows * 64).map { Float($0 % 13) / 13 }, shape: [rows, 64])
    return tape.linear(Value(x), given.weight, given.bias).tensor.values
  }

  /// Few rows are not worth packed weights: then the numbers come from the file each time.
  @Test(arguments: [1, 8, 200, 400]) func productsAreTheSame(rows: Int) throws {
    let (kept, gone) = (try store(letsGo: false), try store(letsGo: true))
    for _ in 0..<2 { #expect(product(kept, rows: rows) == product(gone, rows: rows)) }
  }

  @Test func whoeverAsksGetsTheNumbers() throws {
    let (kept, gone) = (try store(letsGo: false).store, try store(letsGo: true).store)
    #expect(gone.tensors == kept.tensors && gone.count == kept.count)
    #expect(gone.parameters.map { gone.shape(of: $0) } == kept.tensors.map(\.shape))
  }

  /// Weights that are trained on are in memory from the first change on.
  @Test func aChangeHolds() throws {
    var changed = try store(letsGo: true)
    let before = changed.store[changed.weight]
    changed.store.update(changed.weight) { $0.values[5] += 1 }
    #expect(changed.store[changed.weight].values[5] == before.values[5] + 1)
    #expect(changed.store[changed.weight].values[6] == before.values[6])
    var kept = try store(letsGo: false)
    kept.store[kept.weight] = changed.store[changed.weight]
    #expect(product(changed, rows: 200) == product(kept, rows: 200))
  }

  /// Afterwards the file may be anything, even at the same place on the disk.
  @Test func allNumbersCanBeTakenIntoMemory() throws {
    let kept = try store(letsGo: false)
    var gone = try store(letsGo: true)
    gone.store = gone.store.inMemory
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 0)
    #expect(gone.store.tensors == kept.store.tensors && product(gone, rows: 8) == product(kept, rows: 8))
  }

  /// A file that is replaced, as an update of the program does it, is still the old one for whoever has it open.
  @Test func aReplacedFileChangesNothing() throws {
    let (kept, gone) = (try store(letsGo: false), try store(letsGo: true))
    try FileManager.default.removeItem(atPath: path)
    try Data("another".utf8).write(to: URL(fileURLWithPath: path))
    #expect(product(kept, rows: 400) == product(gone, rows: 400))
  }
}
