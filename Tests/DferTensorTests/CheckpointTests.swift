import DferTensor
import DferTestSupport
import Foundation
import Testing

@Suite struct CheckpointTests {
  @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNotFiniteAreRefused(value: Float) throws {
    let path = NSTemporaryDirectory() + "/\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var store = ParameterStore()
    let parameter = store.declare("layer.weight", shape: [2, 3])
    store[parameter] = Tensor([1, 2, 3, 4, value, 6], shape: [2, 3])
    try SafetensorsFile.write(tensors: [("layer.weight", store[parameter])], metadata: [:], to: path)
    let error = #expect(throws: CheckpointError.self) {
      var other = store
      try other.load(SafetensorsFile(path: path))
    }
    #expect(error?.description.contains("layer.weight: holds numbers that are not finite") == true)
  }

  static let folder = Shared.golden.appendingPathComponent("dtypes")

  private func open(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(path: Self.folder.appendingPathComponent(name + ".safetensors").path)
  }

  private func expected(_ folder: String) throws -> [String: [String: Any]] {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent(folder).appendingPathComponent("expected.json"))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
  }

  @Test func unusualButValidFilesAreRead() throws {
    for (name, entry) in try expected("valid") {
      let file = try open("valid/\(name)")
      let tensors = try #require(entry["tensors"] as? [String: [Double]])
      #expect(file.names == tensors.keys.sorted())
      for (tensor, values) in tensors {
        #expect(try file.tensor(tensor).values == values.map { Float($0) }, "\(name) \(tensor)")
      }
    }
  }

  @Test func malformedFilesAreRefusedWithAReason() throws {
    let cases = try expected("malformed")
    #expect(cases.count >= 17)
    for name in cases.keys {
      let error = #expect(throws: CheckpointError.self, "\(name)") { try open("malformed/\(name)") }
      #expect(error?.reasons.first?.isEmpty == false)
      #expect(error?.path.hasSuffix("\(name).safetensors") == true)
    }
  }

  @Test func everyNumberFormatWidensExactly() throws {
    let file = try open("dtypes")
    for format in ["f16", "bf16"] {
      for kind in ["fraction", "special"] {
        let found = try file.tensor("\(kind).\(format)").values.map(\.bitPattern)
        #expect(found == (try file.tensor("\(kind).\(format)_as_f32").values.map(\.bitPattern)), "\(kind).\(format)")
      }
      #expect(try file.tensor("values.\(format)") == file.tensor("values.f32"))
    }
    #expect(try file.integers("values.i64").map { Float($0) } == file.tensor("values.f32").values)
    #expect(try file.tensor("values.i64") == file.tensor("values.f32"))
    #expect(file.shape(of: "scalar") == [])
    #expect(try file.tensor("scalar").count == 1)
    #expect(try file.tensor("empty_middle").shape == [2, 0, 3])
    #expect(file.dtype(of: "values.bf16") == .bf16)
    #expect(file.metadata["case"] == "dtypes")

    let others = try open("other_dtypes")
    for name in others.names {
      #expect(try others.tensor(name).values.allSatisfy(\.isFinite))
    }
    #expect(throws: CheckpointError.self) { try others.integers("f64") }
  }

  @Test func absentFilesAndFoldersAreRefused() {
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: "/nowhere/at all.safetensors") }
    #expect(throws: CheckpointError.self) { try SafetensorsFile(path: NSTemporaryDirectory()) }
  }

  /// Cut files and files with one wrong byte either open or are refused; nothing else may happen.
  @Test func damagedFilesNeverCrash() throws {
    try withTemporaryFile { path in
      let written = try written(["a": [2, 3], "b/é": []], to: path)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: written.path)))
      func open(_ bytes: [UInt8]) throws -> Bool {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
          let file = try SafetensorsFile(path: path)
          for name in file.names { _ = try file.tensor(name) }
          return true
        } catch is CheckpointError {
          return false
        }
      }
      #expect(try open(bytes))
      for count in bytes.indices { #expect(try !open(Array(bytes[..<count])), "cut to \(count) bytes") }
      for i in bytes.indices {
        for flip: UInt8 in [1, 16, 128] {
          var damaged = bytes
          damaged[i] ^= flip
          _ = try open(damaged)
        }
      }
    }
  }

  @Test func aWrittenFileReadsBack() throws {
    try withTemporaryFile { path in
      let tensors = [
        (name: "b", tensor: Tensor([1, -2.5, .pi], shape: [3])), (name: "a/é\"\\", tensor: Tensor(zeros: [0, 4])),
        (name: "s", tensor: Tensor([7], shape: [])),
      ]
      let metadata = ["config": "{\"width\": 3}\n\u{1}", "ü": "😀"]
      try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == metadata)
      for (name, tensor) in tensors { #expect(try file.tensor(name) == tensor) }

      try SafetensorsFile.write(tensors: tensors, to: path, as: .f16)
      let half = try SafetensorsFile(path: path)
      #expect(half.dtype(of: "b") == .f16)
      #expect(try half.tensor("b").values == [1, -2.5, Float(Float16(Float.pi))])
      #expect(throws: CheckpointError.self) {
        try SafetensorsFile.write(tensors: [("x", Tensor([1e6], shape: [1]))], to: path, as: .f16)
      }
    }
  }

  @Test func loadingReportsEveryMismatchAtOnce() throws {
    try withTemporaryFile { path in
      let file = try written(["qkv": [6, 2], "right": [2], "wide": [3], "left over": [1], "known": [1]], to: path)
      var store = ParameterStore()
      let key = store.declare("key", shape: [2, 2])
      _ = store.declare("right", shape: [2])
      _ = store.declare("wide", shape: [2])
      _ = store.declare("absent", shape: [2])
      let map: (String) -> TensorSource = { $0 == "key" ? .rows("qkv", part: 1, of: 3) : .tensor($0) }
      let error = #expect(throws: CheckpointError.self) {
        try store.load(file, from: map, ignoring: { $0 == "known" })
      }
      #expect(
        error?.reasons == [
          "wide: expected shape [2], found [3]", "absent is missing", "tensor left over has no place in this model",
        ])
      #expect(store[key].values == [0, 0, 0, 0])
    }
  }

  @Test func sourcesTakeRowsStacksAndSpellings() throws {
    try withTemporaryFile { path in
      let file = try written(["qkv": [6, 2], "q": [1, 2], "k": [2, 2]], to: path)
      var store = ParameterStore()
      let key = store.declare("key", shape: [2, 2])
      let both = store.declare("both", shape: [3, 2])
      let none = store.declare("none", shape: [4])
      let map: [String: TensorSource] = [
        "key": .firstOf([.tensor("other spelling"), .rows("qkv", part: 1, of: 3)]), "both": .stacked(["q", "k"]),
        "none": .zeros,
      ]
      try store.load(file, from: { map[$0] ?? .tensor($0) })
      #expect(store[key].values == [4, 5, 6, 7])
      #expect(store[both].values == [0, 1, 0, 1, 2, 3])
      #expect(store[none].values == [0, 0, 0, 0])
    }
  }

  /// A file of tensors that count up from zero.
  private func written(_ shapes: [String: [Int]], to path: String) throws -> SafetensorsFile {
    let tensors = shapes.map { name, shape in
      (name: name, tensor: Tensor((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape))
    }
    try SafetensorsFile.write(tensors: tensors, to: path)
    return try SafetensorsFile(path: path)
  }

  private func withTemporaryFile(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "/\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }
}
