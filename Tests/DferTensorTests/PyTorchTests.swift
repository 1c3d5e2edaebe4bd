import DferTestSupport
import Foundation
import Testing

@testable import DferTensor

/// Checkpoints of PyTorch, written by PyTorch itself (`Checkpoints/make.py`) and by hand.
@Suite struct PyTorchTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Checkpoints")

  private func file(_ name: String, key: String? = nil) throws -> PyTorchFile {
    try PyTorchFile(path: Self.folder.appendingPathComponent(name).path, key: key)
  }

  private func expected() throws -> SafetensorsFile {
    try SafetensorsFile(path: Self.folder.appendingPathComponent("expected.safetensors").path)
  }

  @Test(arguments: ["plain.pth", "legacy.pth"]) func everyFormatAndView(_ name: String) throws {
    let (file, expected) = (try file(name), try expected())
    let names = expected.names.filter { !$0.contains("/") }
    #expect(file.names == names && file.key.isEmpty)
    for name in names { #expect(try file.tensor(name) == expected.tensor(name), "\(name)") }
    #expect(file.dtype(of: "bfloat16") == .bf16 && file.dtype(of: "float16") == .f16)
    #expect(file.shape(of: "transposed") == [6, 4] && file.shape(of: "scalar") == [])
  }

  @Test func trainingCheckpoint() throws {
    let (file, expected) = (try file("training.pth"), try expected())
    #expect(file.key == "model" && file.otherKeys == ["model_ema"])
    #expect(file.names.contains("0.weight") && !file.names.contains { $0.hasPrefix("module.") })
    for name in file.names { #expect(try file.tensor(name) == expected.tensor("model/\(name)"), "\(name)") }
    let averaged = try self.file("training.pth", key: "model_ema")
    for name in averaged.names { #expect(try averaged.tensor(name) == expected.tensor("model_ema/\(name)")) }
    #expect(throws: CheckpointError.self) { try self.file("training.pth", key: "teacher") }
  }

  /// What pickles are feared for. Each would write a file if it were run.
  @Test(arguments: [
    "cos\nsystem\n(X\u{7}\0\0\0touch x\u{85}R.", "c__builtin__\neval\n(X\u{4}\0\0\0None\u{85}R.",
    "cbuiltins\nexec\n.", "cposix\nsystem\n.", "ctorch.hub\nload\n.", "csubprocess\nPopen\n.",
    "ctorch.serialization\nload\n.", "ccollections\nOrderedDict.__reduce__\n.",
  ]) func programsAreRefusedByName(_ program: String) throws {
    let folder = try ScratchFolder()
    let url = folder.file("bad.pth")
    let pickle = [0x80, 0x02] + program.unicodeScalars.map { UInt8($0.value) }
    try Data(Zip.archive([("archive/data.pkl", pickle)])).write(to: url)
    let error = #expect(throws: CheckpointError.self) { try PyTorchFile(path: url.path) }
    let name = program.dropFirst().split(separator: "\n").prefix(2).joined(separator: ".")
    let text = error?.description ?? ""
    #expect(text.contains("asks for \(name)") && text.contains("nothing was run"), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("x").path))
  }

  /// Descriptions that ask for more than there is: each has a few hundred bytes.
  @Test func bombsAreRefused() throws {
    func tensor(count: Int32, shape: [Int32], strides: [Int32], offset: Int32 = 0) -> [UInt8] {
      var p = Pickle()
      p.text("w")
      p.global("torch._utils", "_rebuild_tensor_v2")
      p.mark()
      p.mark()
      p.text("storage")
      p.global("torch", "FloatStorage")
      p.text("0")
      p.text("cpu")
      p.integer(count)
      p.bytes += [0x74, 0x51]
      p.integer(offset)
      for list in [shape, strides] {
        p.mark()
        list.forEach { p.integer($0) }
        p.bytes.append(0x74)
      }
      p.bytes += [0x89, 0x4E, 0x74, 0x52, 0x73, 0x2E]
      return [0x80, 0x02, 0x7D] + p.bytes
    }
    let numbers = [UInt8](repeating: 0, count: 16)
    func read(_ pickle: [UInt8]) throws -> PyTorchFile {
      let folder = try ScratchFolder()
      let url = folder.file("w.pth")
      try Data(Zip.archive([("a/data.pkl", pickle), ("a/data/0", numbers)])).write(to: url)
      let file = try PyTorchFile(path: url.path)
      for name in file.names { _ = try file.tensor(name) }
      return file
    }
    #expect(try read(tensor(count: 4, shape: [2, 2], strides: [2, 1])).names == ["w"])
    for bad in [
      tensor(count: 4, shape: [1 << 30, 1 << 30], strides: [0, 0]), tensor(count: 4, shape: [5], strides: [1]),
      tensor(count: 4, shape: [2], strides: [4]), tensor(count: 4, shape: [4], strides: [1], offset: 1),
      tensor(count: 4, shape: [2, 2], strides: [-1, 1]), tensor(count: 4, shape: [8], strides: [0]),
      tensor(count: 1 << 30, shape: [1 << 30], strides: [1]), tensor(count: 4, shape: [4], strides: [1], offset: -1),
      tensor(count: 4, shape: [2], strides: [1, 1]), tensor(count: -1, shape: [0], strides: [1]),
    ] { #expect(throws: CheckpointError.self) { try read(bad) } }
    // A million tuples around each other, and a dictionary that contains itself.
    let nested = [0x80, 0x02, 0x29] + [UInt8](repeating: 0x85, count: 1_000_000) + [0x2E]
    #expect(throws: CheckpointError.self) { try read(nested) }
    var p = Pickle()
    p.bytes = [0x80, 0x02, 0x7D, 0x71, 0]
    p.text("model")
    p.bytes += [0x68, 0, 0x73, 0x2E]
    #expect(throws: CheckpointError.self) { try read(p.bytes) }
  }

  @Test func compressedEntriesAreRefused() throws {
    let folder = try ScratchFolder()
    let url = folder.file("w.pth")
    var archive = Zip.archive([("a/data.pkl", [0x80, 0x02, 0x7D, 0x2E])])
    let record = try #require(archive.indices.last { archive[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    archive[record + 10] = 8
    try Data(archive).write(to: url)
    let error = #expect(throws: CheckpointError.self) { try PyTorchFile(path: url.path) }
    #expect(error?.description.contains("compressed") == true)
  }

  @Test(arguments: ["plain.pth", "training.pth", "legacy.pth"]) func cutOffFilesAreRefused(_ name: String) throws {
    let folder = try ScratchFolder()
    let url = folder.file("cut.pth")
    let bytes = try Data(contentsOf: Self.folder.appendingPathComponent(name))
    for length in stride(from: 0, to: bytes.count - 1, by: max(1, bytes.count / 200)) {
      try bytes.prefix(length).write(to: url)
      #expect(throws: CheckpointError.self, "\(length) bytes") {
        let file = try PyTorchFile(path: url.path)
        for name in file.names { _ = try file.tensor(name) }
      }
    }
  }
}

@Suite struct PyTorchFuzzTests {
  @Test(arguments: ["plain.pth", "training.pth", "legacy.pth"]) func damagedCheckpointsAreRefusedOrRead(
    _ name: String
  ) throws {
    let folder = try ScratchFolder()
    let file = folder.file("w.pth")
    let seed = try Array(Data(contentsOf: PyTorchTests.folder.appendingPathComponent(name)))
    Fuzz.run(
      "pytorch-\(name)", seeds: [seed],
      words: ["PK\u{1}\u{2}", "ctorch\nFloatStorage\n", "(", "t", "R", "}", "u", "q\u{0}", "h\u{0}", "Q", ".", "b"]
    ) { bytes in
      try Data(bytes).write(to: file)
      let checkpoint = try PyTorchFile(path: file.path)
      for name in checkpoint.names { _ = try checkpoint.tensor(name) }
    }
  }

  /// Programs without an archive around them, which few damaged archives get to.
  @Test func damagedPicklesAreRefusedOrRead() throws {
    let archive = try Array(Data(contentsOf: PyTorchTests.folder.appendingPathComponent("training.pth")))
    let start = try #require(archive.indices.first { archive[$0...].starts(with: [0x80, 0x02]) })
    Fuzz.run("pickle", seeds: [Array(archive[start...])], words: ["(", "t", "]", "e", "a", "0", "2", "1"]) { bytes in
      let contents = try PickleMachine.read(bytes[...])
      _ = try StateDictionary(contents, key: nil)
    }
  }
}

/// Writes the few instructions that tests need.
private struct Pickle {
  var bytes: [UInt8] = []
  mutating func mark() { bytes.append(0x28) }
  mutating func text(_ text: String) { bytes += [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }
  mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }
  mutating func integer(_ number: Int32) {
    bytes.append(0x4A)
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}

/// Writes archives whose entries are stored as they are.
enum Zip {
  static func archive(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (file, list): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in entries {
      let offset = file.count
      let sizes = number(0, 4) + number(bytes.count, 4) + number(bytes.count, 4) + number(name.utf8.count, 2)
      file += [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes + [0, 0] + Array(name.utf8) + bytes
      list += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes + number(0, 2)
      list += number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(offset, 4) + Array(name.utf8)
    }
    let counts = number(entries.count, 2)
    return file + list + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + counts + counts + number(list.count, 4)
      + number(file.count, 4) + [0, 0]
  }
}
