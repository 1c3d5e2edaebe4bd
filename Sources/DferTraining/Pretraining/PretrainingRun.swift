import DferImage
import DferModels
import DferTensor
import DferTimeline
import Foundation

/// A pre-training with its files: `last.safetensors` to go on from, `encoder.safetensors` to start a training with,
/// `log.csv`, and images of what is rebuilt.
public struct PretrainingRun {
  public enum Event {
    case step(Pretrainer.Report)
    /// An image was written: originals, what the network sees, and what it makes of it.
    case image(step: Int, path: String)
  }

  public private(set) var trainer: Pretrainer
  private let data: LabelledSet
  private let files: TrainingFolder

  public var folder: URL { files.url }
  public var last: String { files.last }
  public var encoder: String { files.file("encoder.safetensors") }

  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  public init(_ trainer: Pretrainer, on data: LabelledSet, folder: URL, resumes: Bool) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the data") }
    (self.trainer, self.data) = (trainer, data)
    files = try TrainingFolder(
      folder, columns: "step,rate,loss,gradient,clips,whole", resumes: resumes, &self.trainer.state,
      settings: trainer.settings)
  }

  /// Trains to the last step. State, encoder and image are written every `evaluationInterval` steps and when `goesOn` stops
  /// the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: data)
      try files.append([
        "\(report.step)", "\(report.rate)", "\(report.loss)", "\(report.gradient)", "\(report.clips)",
        report.isWhole ? "1" : "0",
      ])
      let isChecked = settings.isChecked(report.step)
      var goes = goesOn(.step(report))
      if isChecked || !goes {
        try files.save(trainer.state, settings: settings)
        try writeEncoder()
        let path = try writeImage()
        goes = goesOn(.image(step: report.step, path: path)) && goes
      }
      if !goes { return false }
    }
    return true
  }

  private func writeImage() throws -> String {
    let number = String(trainer.state.step)
    let name = "rebuilt-\(String(repeating: "0", count: max(0, 6 - number.count)))\(number).png"
    let path = files.file(name)
    try OutputFile(path, overwrite: true, kind: .whole).writeWhole(Data(PNG.data(trainer.reconstruction(of: data))))
    return path
  }

  /// Writes the encoder alone, under the names that published files have.
  private func writeEncoder() throws {
    let (store, network) = (trainer.state.weights, trainer.network)
    let tensors = zip(store.names, store.tensors).filter { network.isOfEncoder($0.0) }
    let metadata = [
      "dfer_encoder": "1", "variant": trainer.settings.variant.rawValue, "steps": String(trainer.state.step),
      "settings": trainer.settings.json, "licence": "weights: those of the data they are trained on",
      "config": network.config, "image_mean": CanonicalJSON.text(trainer.input.mean),
      "image_std": CanonicalJSON.text(trainer.input.standardDeviation),
    ]
    try SafetensorsFile.write(tensors: tensors.map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: self.encoder)
  }
}

extension ExpressionModel {
  /// The same network with the encoder of a pre-training.
  /// - Throws: `CheckpointError` when it is an encoder of another kind, or one that names every tensor which is missing
  ///   or of another size.
  public func starting(fromEncoder path: String) throws -> ExpressionModel {
    replacing(
      try SafetensorsFile(path: path).encoder(for: weights, .init(card.config.encoder)) { $0.hasPrefix("encoder.") })
  }
}

extension ImageModel {
  /// As in `ExpressionModel`. Systems without a pre-training have no such encoder.
  public func starting(fromEncoder path: String) throws -> ImageModel {
    guard network is EmoticMAE else { throw TrainingError.noPretraining(card.system.rawValue) }
    var store = weights
    let file = try SafetensorsFile(path: path)
    for (name, tensor) in try file.encoder(for: weights, .imageMAE, MAEPretraining.isOfEncoder) {
      if let parameter = store.parameter(named: name) { store[parameter] = tensor }
    }
    return ImageModel(card, network, store)
  }
}

extension SafetensorsFile {
  /// The tensors of a pre-training's file for a network's encoder. Published files do not say of which kind they are.
  fileprivate func encoder(
    for weights: ParameterStore, _ variant: PretrainingSettings.Variant, _ isOfEncoder: (String) -> Bool
  ) throws -> [(name: String, tensor: Tensor)] {
    if let other = metadata["variant"], other != variant.rawValue {
      throw CheckpointError(
        path: path, reason: "an encoder of variant \(other), but the network's is of variant \(variant.rawValue)")
    }
    var tensors: [(name: String, tensor: Tensor)] = []
    var faults: [String] = []
    for (name, mine) in zip(weights.names, weights.tensors) where isOfEncoder(name) {
      switch shape(of: name) {
      case nil: faults.append("\(name) is missing")
      case mine.shape: tensors.append((name, try tensor(name)))
      case let other?: faults.append("\(name): expected shape \(mine.shape), found \(other)")
      }
    }
    guard faults.isEmpty else { throw CheckpointError(path: path, reasons: faults) }
    return tensors
  }
}
