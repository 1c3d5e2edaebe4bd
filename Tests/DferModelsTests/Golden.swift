import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// A golden file with its own rule for comparing.
struct Golden {
  let file: SafetensorsFile
  private let tolerance: Tolerance
  private let zeros: Zeros?

  private struct Tolerance: Decodable { var rtol, abs_floor: [String: Float] }
  private struct Zeros: Decodable {
    var atol: Float
    var names: [String]
  }

  init(_ name: String) throws {
    file = try SafetensorsFile(path: Shared.golden.appendingPathComponent("\(name).safetensors").path)
    tolerance = try Self.json(file, "tolerance")
    zeros = file.metadata["zero_by_theory"] == nil ? nil : try Self.json(file, "zero_by_theory")
  }

  func config<T: Decodable>(_ type: T.Type = T.self) throws -> T { try Self.json(file, "config") }

  private static func json<T: Decodable>(_ file: SafetensorsFile, _ key: String) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(try #require(file.metadata[key]).utf8))
  }

  func tensor(_ name: String) throws -> Tensor { try file.tensor(name) }

  /// Fills `store` from the file's weights, all of which must be used.
  func load(
    _ store: inout ParameterStore, from map: (String) -> TensorSource = { .tensor($0) },
    ignoring: (String) -> Bool = { _ in false }
  ) throws {
    try store.load(
      file, from: { prefixed(map($0)) }, ignoring: { !$0.hasPrefix("w/") || ignoring($0) })
  }

  private func prefixed(_ source: TensorSource) -> TensorSource {
    switch source {
    case .tensor(let name): .tensor("w/" + name)
    case .rows(let name, let part, let parts): .rows("w/" + name, part: part, of: parts)
    case .stacked(let names): .stacked(names.map { "w/" + $0 })
    case .firstOf(let sources): .firstOf(sources.map(prefixed))
    case .zeros: .zeros
    }
  }

  /// Checks max|x - ref| <= rtol * max(max|ref|, floor) with the numbers of the name's first part.
  func check(_ found: Tensor, _ name: String, as group: String? = nil, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let reference = try tensor(name)
    let group = group ?? String(name.prefix { $0 != "/" })
    #expect(found.count == reference.count, "\(name): \(found.shape), not \(reference.shape)", sourceLocation: sourceLocation)
    guard found.count == reference.count else { return }
    var worst: Float = 0
    for (a, b) in zip(found.values, reference.values) { worst = max(worst, a.isNaN ? .infinity : abs(a - b)) }
    if let zeros, zeros.names.contains(name) {
      let largest = found.values.map { abs($0) }.max() ?? 0
      #expect(largest <= zeros.atol, "\(name): \(largest) should be nearly zero", sourceLocation: sourceLocation)
      return
    }
    let scale = max(reference.values.map { abs($0) }.max() ?? 0, tolerance.abs_floor[group] ?? 0)
    let limit = (tolerance.rtol[group] ?? 0) * scale
    #expect(worst <= limit, "\(name): off by \(worst), allowed \(limit)", sourceLocation: sourceLocation)
  }

  /// [batch, frames, channels, height, width], as transformers store clips -> [batch, channels, frames, height, width].
  func clipsWithChannelsFirst(_ name: String) throws -> Tensor {
    let x = try tensor(name)
    let (batch, frames, channels) = (x.shape[0], x.shape[1], x.shape[2])
    let plane = x.shape[3] * x.shape[4]
    var values: [Float] = []
    for b in 0..<batch {
      for c in 0..<channels {
        for f in 0..<frames {
          let start = ((b * frames + f) * channels + c) * plane
          values += x.values[start..<start + plane]
        }
      }
    }
    return Tensor(values, shape: [batch, channels, frames, x.shape[3], x.shape[4]])
  }

  func rows(_ name: String) throws -> [[Int]] {
    let numbers = try file.integers(name)
    let columns = try #require(file.shape(of: name))[1]
    return stride(from: 0, to: numbers.count, by: columns).map { Array(numbers[$0..<$0 + columns]) }
  }
}
