import DferImage
import DferTensor

extension EmoticMAE: ImageNetwork {
  init(_ config: EmoticMAEConfig, numLabels: Int, in store: inout ParameterStore) {
    self.init(config, numLabels: numLabels, allHeads: false, in: &store)
  }

  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> ImageOutput {
    let logits: Value = self(images, &tape)
    return ImageOutput(expression: logits)
  }

  package func views(of image: Image, points: [Point]) -> [Image] {
    config.fusion == .none ? [image] : [image, image.showing(config.parts, around: points)]
  }

  package var stem: (path: String, widths: [Int])? { config.stemWidths.map { ("stem", $0) } }

  package var expressionBiases: [String] { ["head_concat.bias", "head_mean.bias"] }

  package func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore) {
    (self, weights)
  }

  package func initialize(_ weights: inout ParameterStore, random: inout RandomSource) {
    TransformerInitialization.fill(&weights, random: &random)
  }
}
