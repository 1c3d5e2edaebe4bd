import DferModels

/// One network of a pipeline: its weight file, and what a file of another format does not say itself.
package struct PipelineModel: Sendable, Hashable {
  /// System that the weights must belong to; nil: whichever they say.
  package var system: String?
  /// Weight file, relative to the pipeline file.
  package var weights: String
  /// Weight file of the behaviour decoder (68 points, head pose, eyes, movements) that reads this network's features,
  /// relative to the pipeline file; nil: none.
  package var behaviour: String?
  /// SHA-256 that the file must have, 64 digits; nil: any.
  package var sha256: String?
  /// Licence of the weights, as their owners give it; must be the one that the file states, where it states one.
  package var licence: String?
  /// Where the weights are from.
  package var source: String?
  /// Share of the network's probabilities in an ensemble.
  package var weight = 1.0
  /// How a network in an ONNX file is used; nil: a file of our own format.
  package var onnx: ONNXClassifierSpec?

  /// The system of networks in ONNX files.
  package static let onnxSystem = "onnx"

  static let keys = [
    "system", "weights", "behaviour", "sha256", "licence", "version", "source", "weight", "labels", "input", "output",
    "crop",
    "clip", "temperature",
  ]

  package init(weights: String, system: String? = nil) { (self.weights, self.system) = (weights, system) }

  /// Reads the mapping `model` of a pipeline file.
  init(_ fields: YAMLFields) throws {
    self.init(weights: try fields.required("weights"))
    behaviour = try fields.text("behaviour")
    system = try fields.choice("system", of: FaceReader.systems + [Self.onnxSystem])
    sha256 = try fields.sha256()
    licence = try fields.text("licence")
    source = try fields.text("source")
    try fields.set(&weight, "weight", in: 1e-6...1e6)
    if system == Self.onnxSystem || weights.hasSuffix(".onnx") {
      system = Self.onnxSystem
      onnx = try ONNXClassifierSpec(fields)
      onnx?.licence = licence ?? ""
      return
    }
    for key in ["labels", "input", "output", "crop", "clip", "temperature"] where fields.has(key) {
      throw fields.wrong(key, "left out: only networks in ONNX files need it")
    }
  }
}

extension ONNXClassifierSpec {
  init(_ fields: YAMLFields) throws {
    let input = try fields.fields("input", keys: ["size", "frames", "colours", "mean", "std", "range", "layout"])
    self.init(labels: try fields.texts("labels"), size: 0)
    guard labels.count > 1 else { throw fields.wrong("labels", "a list of two or more class names") }
    guard input.has("size") else { throw input.missing("size") }
    try input.set(&size, "size", in: 8...1024)
    try input.set(&frames, "frames", in: 1...256)
    func choice<T: RawRepresentable & CaseIterable>(_ fields: YAMLFields, _ key: String, _ value: inout T) throws
    where T.RawValue == String {
      if let name = try fields.choice(key, of: T.allCases.map(\.rawValue)) { value = T(rawValue: name) ?? value }
    }
    try choice(input, "colours", &colours)
    try choice(input, "layout", &layout)
    mean = try input.numbers("mean", count: channels) ?? [Float](repeating: 0, count: channels)
    standardDeviation = try input.numbers("std", count: channels) ?? [Float](repeating: 1, count: channels)
    range = try input.number("range", in: 0.001...65535).map { Float($0) } ?? range
    if standardDeviation.contains(where: { !($0 > 0) }) { throw input.wrong("std", "above 0") }
    if fields.has("output") {
      let output = try fields.fields("output", keys: ["kind", "name"])
      try choice(output, "kind", &self.output)
      outputName = try output.text("name")
    }
    temperature = try fields.number("temperature", in: 0.01...100) ?? temperature
    crop.sideFactor = try fields.number("crop", in: 0.2...10) ?? crop.sideFactor
    version = try fields.text("version") ?? version
    if fields.has("clip") {
      let clip = try fields.fields("clip", keys: ["span", "hop"])
      try clip.set(&span, "span", in: 0.1...60)
      try clip.set(&hop, "hop", in: 0.04...60)
    }
    if let fault = faults.first { throw fields.wrong("input", "such that it fits: \(fault)") }
  }
}

extension YAMLFields {
  /// The key `sha256`, in lower case.
  func sha256() throws -> String? {
    guard let text = try text("sha256")?.lowercased() else { return nil }
    guard text.count == 64, text.allSatisfy(\.isHexDigit) else { throw wrong("sha256", "64 hexadecimal digits") }
    return text
  }
}
