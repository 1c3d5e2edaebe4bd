import DferModels
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import Dfer

/// Every preset, from the file that its owners publish to rows: networks of the same architecture with random weights, since
/// nobody's weights are in this repository. Skipped where Python lacks the packages that make them.
@Suite(
  .enabled(if: RuntimeLibrary.path != nil && Python.has("timm") && Python.has("transformers") && Python.has("onnx")))
struct ModelPresetTests {
  private let rows: ONNXRows
  private let registry: ModelRegistry

  init() throws {
    rows = try ONNXRows()
    registry = ModelRegistry(folder: rows.scratch.file("models"))
  }

  /// Published networks by preset, with random weights that let something through.
  private static let networks = """
    import sys, torch, timm, transformers
    from torch import nn

    def block(i, o, kernel=1, stride=1, groups=1, linear=False, padding=None):
      padding = kernel // 2 if padding is None else padding
      layers = [nn.Conv2d(i, o, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(o)]
      return nn.Sequential(*layers, *([] if linear else [nn.PReLU(o)]))

    class Bottleneck(nn.Module):
      def __init__(self, i, o, stride, groups):
        super().__init__()
        self.path = nn.Sequential(block(i, groups), block(groups, groups, 3, stride, groups), block(groups, o, linear=True))
        self.is_residual = stride == 1 and i == o
      def forward(self, x): return x + self.path(x) if self.is_residual else self.path(x)

    # Chen et al., MobileFaceNets (arXiv 1804.07573), table 1.
    def mobile_face_net():
      layers, width = [block(3, 64, 3, 2), block(64, 64, 3, 1, 64)], 64
      for out, count, stride, factor in ((64, 5, 2, 2), (128, 1, 2, 4), (128, 6, 1, 2), (128, 1, 2, 4), (128, 2, 1, 2)):
        for n in range(count):
          layers.append(Bottleneck(width, out, stride if n == 0 else 1, factor * width))
          width = out
      layers += [block(128, 512), block(512, 512, 7, groups=512, linear=True, padding=0), nn.Conv2d(512, 128, 1)]
      return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 7))

    class Logits(nn.Module):
      def __init__(self, model):
        super().__init__()
        self.model = model
      def forward(self, images): return self.model(images).logits

    def network(name):
      torch.manual_seed(5)
      size = {"mobilefacenet": 112, "emotieff-b2": 260}.get(name, 224)
      if name == "mobilefacenet": model = mobile_face_net()
      elif name == "vit-face-expression":
        model = Logits(transformers.ViTForImageClassification(transformers.ViTConfig(num_labels=7, initializer_range=0.05)))
      else: model = timm.create_model("tf_efficientnet_b2" if "b2" in name else "tf_efficientnet_b0", num_classes=8)
      # Norms that have seen nothing let hardly anything through.
      for module in model.modules():
        if isinstance(module, nn.BatchNorm2d): module.momentum = None
      model.train()
      with torch.no_grad(): model(torch.randn(4, 3, size, size))
      for module in model.modules():
        if isinstance(module, nn.Linear) and module.out_features in (7, 8): nn.init.normal_(module.weight, std=0.1)
      return model.eval(), size
    """

  @Test(arguments: ModelPreset.all) func readsToTheRowsOfPython(_ preset: ModelPreset) throws {
    let file = rows.scratch.file(preset.file)
    _ = try Python.read(
      file,
      """
      \(Self.networks)
      model, size = network("\(preset.name)")
      torch.onnx.export(model, (torch.zeros(1, 3, size, size),), sys.argv[1], input_names=["input"], output_names=["output"],
                        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}}, opset_version=17, dynamo=False)
      """)
    var addition = ModelRegistry.Addition(file: file, name: preset.name)
    (addition.card, addition.about) = (preset.card, preset.about)
    let pipeline = try registry.add(addition, overwrite: false).pipeline
    let spec = try #require(pipeline.models[0].onnx)
    let (found, crops) = try rows.read(pipeline, count: 2)
    let (mean, deviation) = (spec.mean.map { "\($0)" }, spec.standardDeviation.map { "\($0)" })
    let expected = try rows.python(
      crops, size: spec.size,
      """
      \(Self.networks)
      model, size = network("\(preset.name)")
      mean = torch.tensor([\(mean.joined(separator: ", "))])[:, None, None]
      std = torch.tensor([\(deviation.joined(separator: ", "))])[:, None, None]
      with torch.no_grad(): p = torch.stack([model((clip - mean) / std).softmax(1).mean(0) for clip in clips])
      """)
    rows.expectEqual(found, expected)
    let most = found.compactMap { $0.probabilities.max() }
    #expect(most.allSatisfy { $0 > 1.1 / Float(spec.labels.count) }, "says the same of everything")
  }
}
