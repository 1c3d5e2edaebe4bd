import DferTensor
import DferTestSupport
import Foundation
import Testing

/// What networks need of a golden file: its configuration, its weights under our names, its clips.
extension GoldenFile {
  func config<T: Decodable>(_ type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(type, from: Data(try #require(metadata["config"]).utf8))
  }

  /// Fills `store` from the file's weights, all of which must be used.
  func load(
    _ store: inout ParameterStore, from map: (String) -> TensorSource = { .tensor($0) },
    ignoring: (String) -> Bool = { _ in false }
  ) throws {
    try store.load(file, from: { weights(map($0)) }, ignoring: { !$0.hasPrefix("w/") || ignoring($0) })
  }

  private func weights(_ source: TensorSource) -> TensorSource {
    switch source {
    case .tensor(let name): .tensor("w/" + name)
    case .rows(let name, let part, let parts): .rows("w/" + name, part: part, of: parts)
    case .stacked(let names): .stacked(names.map { "w/" + $0 })
    case .firstOf(let sources): .firstOf(sources.map(weights))
    case .zeros: .zeros
    }
  }

  /// Expects `x` to be the golden tensor of that name, a leading dimension of one more or less.
  func check(_ x: Tensor, _ name: String, as group: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
    let shape = file.shape(of: name) ?? []
    let excess = x.count == shape.reduce(1, *) ? excess(x.reshaped(shape), name, group: group) : .infinity
    #expect(excess <= 1, "\(name)", sourceLocation: sourceLocation)
  }

  /// [batch, frames, channels, height, width], as transformers store clips -> [batch, channels, frames, height, width].
  func clipsWithChannelsFirst(_ name: String) -> Tensor {
    let x = self(name)
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
    let numbers = integers(name)
    let columns = try #require(file.shape(of: name))[1]
    return stride(from: 0, to: numbers.count, by: columns).map { Array(numbers[$0..<$0 + columns]) }
  }

  /// Checks the gradients of all parameters. Parts of a stored tensor are put together first; a part that we do not have,
  /// because it changes nothing, has a gradient of zero.
  func checkGradients(
    _ gradients: [Tensor?], _ store: ParameterStore, names: (String) -> TensorSource,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var parts: [String: [Int: Tensor]] = [:]
    for (name, gradient) in zip(store.names, gradients) {
      let gradient = try #require(gradient, "\(name)", sourceLocation: sourceLocation)
      switch names(name) {
      case .rows(let stored, let part, _): parts[stored, default: [:]][part] = gradient
      case .tensor(let stored): check(gradient, "grad/\(stored)", sourceLocation: sourceLocation)
      default: Issue.record("\(name) has no gradient of its own", sourceLocation: sourceLocation)
      }
    }
    for (stored, found) in parts {
      let count = file.shape(of: "grad/\(stored)")?.reduce(1, *) ?? 0
      let size = found.values.first?.count ?? 1
      let values = (0..<count / size).flatMap { found[$0]?.values ?? [Float](repeating: 0, count: size) }
      let whole = Tensor(values, shape: [values.count])
      check(whole, "grad/\(stored)", sourceLocation: sourceLocation)
    }
  }
}
