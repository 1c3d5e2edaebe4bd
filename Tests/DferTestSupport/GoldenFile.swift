import DferTensor
import Foundation

/// One file of golden numbers: named tensors and notes on how to compare them.
package struct GoldenFile {
  package let metadata: [String: String]
  package let file: SafetensorsFile

  package init(_ path: String) throws {
    file = try SafetensorsFile(path: Shared.golden.appendingPathComponent(path).path)
    metadata = file.metadata
  }

  package func has(_ name: String) -> Bool { file.contains(name) }

  /// A tensor of 32-bit floats.
  package func callAsFunction(_ name: String) -> Tensor {
    guard let tensor = try? file.tensor(name) else { preconditionFailure("golden: no numbers \(name)") }
    return tensor
  }

  /// Labels and indices.
  package func integers(_ name: String) -> [Int] {
    guard let integers = try? file.integers(name) else { preconditionFailure("golden: no integers \(name)") }
    return integers
  }

  /// A number, list or word of the case's sizes.
  package func config(_ key: String) -> Any? { json("config")[key] }
  package func number(_ key: String) -> Double { (config(key) as? NSNumber)?.doubleValue ?? .nan }
  package func integer(_ key: String) -> Int { (config(key) as? NSNumber)?.intValue ?? 0 }
  package func numbers(_ key: String) -> [Float] { (config(key) as? [NSNumber])?.map(\.floatValue) ?? [] }

  /// How far `x` is off, in units of what is allowed: 1 or less passes.
  /// - Parameter group: whose tolerance to use, when it is not the first part of the name.
  package func excess(_ x: Tensor?, _ name: String, group: String? = nil) -> Double {
    let reference = self(name)
    guard let x, x.shape == reference.shape else { return .infinity }
    let worst = zip(x.values, reference.values).map { abs(Double($0) - Double($1)) }.reduce(0) {
      $1 > $0 || $1.isNaN ? $1 : $0
    }
    let zero = json("zero_by_theory")
    if let names = zero["names"] as? [String], names.contains(name), let limit = zero["atol"] as? Double {
      return worst / limit
    }
    let group = group ?? String(name.prefix { $0 != "/" })
    let tolerance = json("tolerance")
    func limit(_ key: String) -> Double { ((tolerance[key] as? [String: Any])?[group] as? NSNumber)?.doubleValue ?? 0 }
    let size = max(reference.values.map { abs(Double($0)) }.max() ?? 0, limit("abs_floor"))
    return worst == 0 ? 0 : worst / (limit("rtol") * size)
  }

  private func json(_ key: String) -> [String: Any] {
    let object = try? JSONSerialization.jsonObject(with: Data((metadata[key] ?? "{}").utf8))
    return object as? [String: Any] ?? [:]
  }
}
