/// A published network: where it is, whose it is, and how it is used. dfer downloads nothing and ships none of them.
package struct ModelPreset: Sendable, Hashable {
  package let name: String
  /// Name of the published file.
  package let file: String
  package let about: String
  /// Where its owners publish it.
  package let source: String
  package let licence: String
  /// Of the file, where its owners publish it.
  package let sha256: String?
  /// The keys of `model` in a pipeline file.
  package let card: String

  package static func named(_ name: String) -> ModelPreset? { all.first { $0.name == name } }

  package static let all = [
    efficientNet("emotieff-b0", file: "enet_b0_8_best_vgaf.onnx", size: 224),
    efficientNet("emotieff-b0-afew", file: "enet_b0_8_best_afew.onnx", size: 224),
    efficientNet("emotieff-b2", file: "enet_b2_8.onnx", size: 260), mobileFaceNet, visionTransformer,
  ]

  /// EmotiEffLib (formerly HSEmotion) of A. V. Savchenko: EfficientNets, pre-trained on faces, trained on AffectNet.
  private static func efficientNet(_ name: String, file: String, size: Int) -> ModelPreset {
    let source = "https://github.com/sb-ai-lab/EmotiEffLib, models/affectnet_emotions/onnx"
    return ModelPreset(
      name: name, file: file, about: "EfficientNet of EmotiEffLib, eight expressions of AffectNet, single images",
      source: source, licence: "Apache-2.0", sha256: nil,
      card: """
        system: onnx
        licence: Apache-2.0
        source: "\(source)/\(file)"
        labels: [anger, contempt, disgust, fear, happiness, neutral, sadness, surprise]
        input:
          size: \(size)
          colours: rgb
          mean: [0.485, 0.456, 0.406]
          std: [0.229, 0.224, 0.225]
        output: {kind: logits}
        crop: 1.1          # it learned from faces without a margin
        """)
  }

  /// Fine-tuned from google/vit-base-patch16-224-in21k on the images of FER-2013, which show little around the face.
  private static let visionTransformer = ModelPreset(
    name: "vit-face-expression", file: "model.onnx",
    about: "ViT-B/16 of T. Pakov, seven expressions of FER-2013, single images, large",
    source: "https://huggingface.co/trpakov/vit-face-expression, onnx", licence: "Apache-2.0", sha256: nil,
    card: """
      system: onnx
      licence: Apache-2.0
      source: "https://huggingface.co/trpakov/vit-face-expression/tree/main/onnx"
      labels: [anger, disgust, fear, happiness, neutral, sadness, surprise]
      input:
        size: 224
        colours: rgb
        mean: 0.5
        std: 0.5
      output: {kind: logits}
      crop: 1.0
      """)

  /// OpenCV Zoo's network. It learned from faces that were turned and scaled by five points to 112 x 112 pixels; crops of
  /// dfer are upright squares of about that part of the face.
  private static let mobileFaceNet = ModelPreset(
    name: "mobilefacenet", file: "facial_expression_recognition_mobilefacenet_2022july.onnx",
    about: "MobileFaceNet of OpenCV Zoo, seven expressions, single images, small",
    source: "https://github.com/opencv/opencv_zoo, models/facial_expression_recognition", licence: "Apache-2.0",
    sha256: "4f61307602fc089ce20488a31d4e4614e3c9753a7d6c41578c854858b183e1a9",
    card: """
      system: onnx
      licence: Apache-2.0
      source: "https://github.com/opencv/opencv_zoo/tree/main/models/facial_expression_recognition"
      labels: [anger, disgust, fear, happiness, neutral, sadness, surprise]
      input:
        size: 112
        colours: rgb
        mean: 0.5
        std: 0.5
      output: {kind: logits}
      crop: 1.15
      """)
}
