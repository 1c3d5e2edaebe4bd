import DferImage
import DferTensor

extension EmoticMAE: PictureNetwork {
  init(_ config: EmoticMAEConfig, numLabels: Int, in store: inout ParameterStore) {
    self.init(config, numLabels: numLabels, allHeads: false, in: &store)
  }

  public func callAsFunction(_ pictures: Value, _ tape: inout Tape) -> PictureOutput {
    let logits: Value = self(pictures, &tape)
    return PictureOutput(expression: logits)
  }

  public func views(of picture: Image, points: [Point]) -> [Image] {
    config.fusion == .none ? [picture] : [picture, picture.showing(config.parts, around: points)]
  }

  public var stem: (path: String, widths: [Int])? { config.stemWidths.map { ("stem", $0) } }

  public func forInference(_ weights: ParameterStore) -> (network: any PictureNetwork, weights: ParameterStore) {
    (self, weights)
  }

  public func start(_ weights: inout ParameterStore, random: inout RandomSource) {
    TransformerStart.fill(&weights, random: &random)
  }
}
