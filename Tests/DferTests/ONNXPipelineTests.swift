import DferImage
import DferModels
import DferONNX
import DferTensor
import DferTestSupport
import DferTracking
import Foundation
import Testing

@testable import Dfer

/// Other people's networks in pipeline files, whole path to rows. Skipped where Python lacks the packages that make them.
@Suite(.enabled(if: RuntimeLibrary.path != nil && Python.has("timm") && Python.has("onnx"))) struct ONNXPipelineTests {
  private let rows: ONNXRows
  private var scratch: ScratchFolder { rows.scratch }

  init() throws { rows = try ONNXRows() }

  /// The script of docs/models.md.
  @Test func efficientNetOfTheDocuments() throws {
    let stem = scratch.file("that").path
    _ = try Python.read(
      Shared.root.appendingPathComponent("docs/examples/classifier.py"),
      """
      import sys
      sys.path.insert(0, sys.argv[1].rsplit("/", 1)[0])
      import classifier
      classifier.write("\(stem)")
      """)
    let (found, crops) = try rows.read(Pipeline(contentsOf: URL(fileURLWithPath: stem + ".yaml")))
    let expected = try rows.python(
      crops, size: 224,
      """
      import classifier
      mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
      std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
      model = classifier.network()
      with torch.no_grad(): p = torch.stack([model((clip - mean) / std).softmax(1).mean(0) for clip in clips])
      """)
    rows.expectEqual(found, expected)
    // Networks that say the same of everything would be equal whatever they are shown.
    #expect(found.allSatisfy { ($0.probabilities.max() ?? 0) > 0.2 })
  }

  /// The other choices: a clip of BGR bytes with the colours last that gives probabilities, in a fixed batch of one.
  @Test func clipClassifierWithEveryOtherChoice() throws {
    _ = try Python.read(
      scratch.file("clip.onnx"),
      """
      import sys, torch
      class Net(torch.nn.Module):
        def __init__(self):
          super().__init__()
          torch.manual_seed(7)
          self.c = torch.nn.Conv3d(3, 8, 4, 4); self.f = torch.nn.Linear(8, 3)
        def forward(self, x):
          x = self.c(x.permute(0, 4, 1, 2, 3) / 64).relu()
          return self.f(x.mean((2, 3, 4)) * 8).softmax(1)
      torch.onnx.export(Net().eval(), (torch.zeros(1, 8, 48, 48, 3),), sys.argv[1], input_names=["x"],
                        output_names=["p"], opset_version=17, dynamo=False)
      """)
    let yaml = """
      schema: 1
      name: clip
      model:
        system: onnx
        weights: clip.onnx
        labels: [a, b, c]
        input: {size: 48, frames: 8, colours: bgr, range: 255, mean: [1, 2, 3], std: 2, layout: nthwc}
        output: {kind: probabilities, name: p}
      """
    let (found, crops) = try rows.read(Pipeline(yaml: yaml, path: "clip.yaml", folder: scratch.url))
    let expected = try rows.python(
      crops, size: 48,
      """
      torch.manual_seed(7)
      c = torch.nn.Conv3d(3, 8, 4, 4); f = torch.nn.Linear(8, 3)
      x = (clips.flip(2) * 255 - torch.tensor([1., 2., 3.])[:, None, None]) / 2
      x = c(x.permute(0, 2, 1, 3, 4) / 64).relu()
      p = f(x.mean((2, 3, 4)) * 8).softmax(1).detach()
      """)
    rows.expectEqual(found, expected)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let stem = scratch.file("that").path
    _ = try Python.read(
      scratch.file("net.onnx"),
      """
      import sys, torch
      net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 7)).eval()
      torch.onnx.export(net, (torch.zeros(1, 3, 32, 32),), sys.argv[1], opset_version=17, dynamo=False)
      """)
    func load(_ changes: (String, String)...) throws {
      var yaml = """
        schema: 1
        name: net
        model:
          weights: net.onnx
          labels: [a, b, c, d, e, f, g]
          input: {size: 32}
        """
      for (old, new) in changes { yaml = yaml.replacing(old, with: new) }
      _ = try Pipeline(yaml: yaml, path: stem, folder: scratch.url).reader(compute: rows.compute)
    }
    try load()
    for (changes, words) in [
      (("32", "64"), "takes 32, not 64"), ((", g]", "]"), "6 names, but"),
      (("{size: 32}", "{size: 32, layout: ncthw}"), "has 5 axes, its input has 4"),
      (("{size: 32}", "{size: 32, colours: grey}"), "takes 3, not 1"),
    ] {
      #expect("\(words)", performing: { try load(changes) }, throws: { "\($0)".contains(words) })
    }
  }

  /// YuNet's form: numbers that decode to boxes which are known.
  @Test func yunetsFormIsDecoded() throws {
    _ = try Python.read(
      scratch.file("yunet.onnx"),
      """
      import sys, torch
      class Net(torch.nn.Module):
        def forward(self, x):
          b = x[:, :1].mean((1, 2, 3)) * 0
          outs = []
          for part, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            for stride in (8, 16, 32):
              n = (x.shape[2] // stride) * (x.shape[3] // stride)
              t = torch.zeros(1, n, width)
              if stride == 16:
                if width == 1: t[0, 9] = 0.81 if part == "cls" else 1.0
                if width == 4: t[0, 9] = torch.tensor([0.5, 0.25, 1.0, 0.5])
                if width == 10: t[0, 9] = torch.arange(10) / 10
              outs.append(t + b[:, None, None])
          return tuple(outs)
      names = [f"{p}_{s}" for p in ("cls", "obj", "bbox", "kps") for s in (8, 16, 32)]
      torch.onnx.export(Net(), (torch.zeros(1, 3, 64, 96),), sys.argv[1], input_names=["input"], output_names=names,
                        opset_version=17, dynamo=False)
      """)
    let runtime = try ONNXRuntime.find(RuntimeLibrary.path)
    let detector = try ONNXDetector(scratch.file("yunet.onnx").path, form: .yunet, on: .cpu, of: runtime)
    let faces = detector.detect(Image(width: 96, height: 64), threshold: 0.5)
    #expect(faces.count == 1 && detector.failure == nil)
    let face = try #require(faces.first)
    // Cell 9 of six columns: column 3, row 1.
    let (width, height) = (exp(1.0) * 16, exp(0.5) * 16)
    #expect(abs(face.score - 0.9) < 1e-5)
    #expect(abs(face.box.x - (3.5 * 16 - width / 2)) < 1e-3 && abs(face.box.y - (1.25 * 16 - height / 2)) < 1e-3)
    #expect(abs(face.points[1].x - 3.2 * 16) < 1e-3 && abs(face.points[1].y - 1.3 * 16) < 1e-3)
    #expect(throws: ONNXError.self) {
      try ONNXDetector(scratch.file("yunet.onnx").path, form: .dfer, on: .cpu, of: runtime)
    }
  }
}
