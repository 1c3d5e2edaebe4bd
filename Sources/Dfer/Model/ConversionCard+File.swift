import DferModels
import Foundation

extension ConversionCard {
  /// Reads a card file. Every key is checked, with its line.
  package init(contentsOf file: URL) throws {
    let text: String
    do { text = try String(contentsOf: file, encoding: .utf8) } catch {
      throw PipelineError.unreadable(path: file.path, reason: "no such file, or not UTF-8 text")
    }
    let root = try YAMLFields(
      text, path: file.path,
      keys: ["labels", "licence", "version", "source", "temperature", "input", "crop", "clip", "config"])
    self.init(labels: try root.texts("labels"), licence: try root.required("licence"))
    guard labels.count > 1 else { throw root.wrong("labels", "a list of two or more class names") }
    version = try root.text("version") ?? version
    source = try root.text("source") ?? source
    temperature = try root.number("temperature", in: 0.01...100) ?? temperature
    crop.sideFactor = try root.number("crop", in: 0.2...10) ?? crop.sideFactor
    if root.has("input") {
      let input = try root.fields("input", keys: ["size", "frames", "mean", "std"])
      if let size = try input.integer("size") { imageSize = size }
      try input.set(&frames, "frames", in: 1...256)
      mean = try input.numbers("mean")
      standardDeviation = try input.numbers("std")
    }
    if root.has("clip") {
      let clip = try root.fields("clip", keys: ["span", "hop"])
      try clip.set(&span, "span", in: 0.1...60)
      try clip.set(&hop, "hop", in: 0.04...60)
    }
    guard root.has("config") else { return }
    let config = try root.fields(
      "config", keys: ["num_attention_heads", "region_size", "layer_norm_eps", "fc_norm_eps"])
    heads = try config.integer("num_attention_heads")
    layerNormEps = try config.number("layer_norm_eps", in: 0...0.1)
    finalNormEps = try config.number("fc_norm_eps", in: 0...0.1)
    regionSize = try config.integers("region_size")
  }
}

extension YAMLFields {
  /// A list of numbers; one number stands for `count` equal ones, as of three colours.
  package func numbers(_ key: String, count: Int = 3) throws -> [Float]? {
    guard has(key) else { return nil }
    let numbers = try texts(key).map { text in
      guard let number = Float(text), number.isFinite else { throw wrong(key, "a number, or a list of numbers") }
      return number
    }
    return numbers.count == 1 ? [Float](repeating: numbers[0], count: count) : numbers
  }

  /// A list of whole numbers.
  package func integers(_ key: String) throws -> [Int]? {
    guard has(key) else { return nil }
    return try texts(key).map { text in
      guard let number = Int(text) else { throw wrong(key, "a list of whole numbers") }
      return number
    }
  }
}
