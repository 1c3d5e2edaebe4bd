import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// Published checkpoints, made by PyTorch itself, as weight files of ours: the same logits.
@Suite(.enabled(if: Python.has("torch") && Python.has("safetensors"))) struct ConversionTests {
  private func card(classes: Int) -> ConversionCard {
    ConversionCard(labels: (0..<classes).map { "class\($0)" }, licence: "MIT")
  }

  /// Converts a checkpoint, writes the result, and opens it as the program does.
  private func opened(_ checkpoint: URL, _ card: ConversionCard, key: String? = nil) throws -> FaceReader {
    let file = try PyTorchFile(path: checkpoint.path, key: key)
    let conversion = try CheckpointConversion(file, card)
    let url = checkpoint.deletingPathExtension().appendingPathExtension("safetensors")
    try SafetensorsFile.write(tensors: conversion.tensors, metadata: conversion.metadata, to: url.path)
    return try FaceReader(weights: url.path)
  }

  private func expectEqual(_ found: Tensor, _ expected: Tensor, to limit: Float = 1e-4) {
    let worst = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(found.count == expected.count && worst < limit, "off by \(worst)")
  }

  /// Golden weights as their authors' training programs would have saved them, in both forms of PyTorch's files.
  @Test(arguments: ["videomae_mcg_names", "mae_dfer_lgi", "videomae_classify"])
  func goldenLogits(_ name: String) throws {
    let scratch = try ScratchFolder()
    let golden = try GoldenFile("\(name).safetensors")
    let config: VideoMAEConfig = try golden.config()
    let checkpoint = scratch.file("model.pth")
    let input = Shared.golden.appendingPathComponent("\(name).safetensors")
    _ = try Python.read(
      input,
      """
      import sys, torch, argparse
      from safetensors.torch import load_file
      weights = {k[2:]: v for k, v in load_file(sys.argv[1]).items() if k.startswith("w/")}
      torch.save({"epoch": 5, "args": argparse.Namespace(lr=1e-3), "optimizer": {"state": {}, "lr": 0.1},
                  "model": {"module." + k: v for k, v in weights.items()}},
                 "\(checkpoint.path)", _use_new_zipfile_serialization=\(name == "mae_dfer_lgi" ? "False" : "True"))
      """)
    var card = card(classes: 7)
    (card.imageSize, card.frames, card.heads) = (config.imageSize, config.numFrames, config.numAttentionHeads)
    (card.layerNormEps, card.finalNormEps) = (config.layerNormEps, config.fcNormEps)
    if name == "mae_dfer_lgi" { card.regionSize = (try golden.config() as MAEDFERConfig).regionSize }
    guard case .classifier(let model as ClipClassifier) = try opened(checkpoint, card) else {
      Issue.record("not a clip classifier")
      return
    }
    let clips =
      name == "videomae_classify" ? golden.clipsWithChannelsFirst("in/pixel_values") : golden("in/pixel_values")
    golden.check(model.logits(clips), "out/logits")
  }

  /// At 224 pixels a clip has 1568 tokens, as in published files.
  @Test(.enabled(if: Python.has("transformers")), arguments: [64, 224]) func videoMAESmall(_ size: Int) throws {
    let scratch = try ScratchFolder()
    let checkpoint = scratch.file("pytorch_model.bin")
    // VideoMAE-S: width 384, 12 blocks, 6 heads.
    _ = try Python.read(
      checkpoint,
      """
      import sys, torch
      from safetensors.torch import save_file
      from transformers import VideoMAEConfig, VideoMAEForVideoClassification
      torch.manual_seed(2)
      model = VideoMAEForVideoClassification(VideoMAEConfig(image_size=\(size), hidden_size=384, num_hidden_layers=12,
          num_attention_heads=6, intermediate_size=1536, num_labels=8, initializer_range=0.1)).eval()
      torch.save(model.state_dict(), sys.argv[1])
      clips = torch.randn(\(size > 64 ? 1 : 2), 16, 3, \(size), \(size))
      with torch.no_grad(): logits = model(clips).logits
      save_file({"clips": clips.transpose(1, 2).contiguous(), "logits": logits}, sys.argv[1] + ".safetensors")
      """)
    var card = card(classes: 8)
    card.imageSize = size
    let expected = try SafetensorsFile(path: checkpoint.path + ".safetensors")
    guard case .classifier(let model as ClipClassifier) = try opened(checkpoint, card) else {
      Issue.record("not a clip classifier")
      return
    }
    #expect(model.card.config.numAttentionHeads == 6 && model.card.config.layerNormEps == 1e-12)
    expectEqual(model.logits(try expected.tensor("clips")), try expected.tensor("logits"))
  }

  @Test(.enabled(if: Python.has("timm")), arguments: ["token", "avg"]) func timm(_ pooling: String) throws {
    let scratch = try ScratchFolder()
    let checkpoint = scratch.file("vit.pth")
    _ = try Python.read(
      checkpoint,
      """
      import sys, torch, timm
      from safetensors.torch import save_file
      torch.manual_seed(3)
      model = timm.create_model("vit_tiny_patch16_224", num_classes=8, img_size=64, global_pool="\(pooling)").eval()
      for p in model.parameters(): torch.nn.init.normal_(p, std=0.1)
      torch.save({"state_dict": model.state_dict(), "state_dict_ema": model.half().state_dict()}, sys.argv[1])
      images = torch.randn(3, 3, 64, 64)
      with torch.no_grad(): logits = model.float()(images)
      save_file({"images": images, "logits": logits}, sys.argv[1] + ".safetensors")
      """)
    let expected = try SafetensorsFile(path: checkpoint.path + ".safetensors")
    // What was saved in 16 bits is what Python computed with.
    guard case .images(let model) = try opened(checkpoint, card(classes: 8), key: "state_dict_ema") else {
      Issue.record("not a network for images")
      return
    }
    #expect(model.card.system == .visionTransformer && model.card.imageSize == 64)
    var tape = Tape(model.weights)
    let logits = model.network(Value(try expected.tensor("images")), &tape).expression.tensor
    expectEqual(logits, try expected.tensor("logits"), to: 1e-3)
  }

  /// Published files have the names of transformers 4, whatever the installed version calls its tensors; who saves what
  /// version 5 has in memory gets its names.
  @Test(.enabled(if: Python.has("transformers")), arguments: [true, false])
  func viTOfHuggingFace(_ isPublished: Bool) throws {
    let scratch = try ScratchFolder()
    let checkpoint = scratch.file("pytorch_model.bin")
    _ = try Python.read(
      checkpoint,
      """
      import sys, torch
      from safetensors.torch import save_file
      from transformers import ViTConfig, ViTForImageClassification
      torch.manual_seed(4)
      model = ViTForImageClassification(ViTConfig(image_size=64, hidden_size=128, num_hidden_layers=3,
          num_attention_heads=2, intermediate_size=256, num_labels=7, initializer_range=0.1)).eval()
      old = {"vit.layers.": "vit.encoder.layer.", "attention.q_proj": "attention.attention.query",
          "attention.k_proj": "attention.attention.key", "attention.v_proj": "attention.attention.value",
          "attention.o_proj": "attention.output.dense", "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense"}
      def named(name):
          for new, former in old.items(): name = name.replace(*((new, former) if \(isPublished ? 1 : 0) else (former, new)))
          return name
      torch.save({named(name): value for name, value in model.state_dict().items()}, sys.argv[1])
      images = torch.randn(2, 3, 64, 64)
      with torch.no_grad(): logits = model(images).logits
      save_file({"images": images, "logits": logits}, sys.argv[1] + ".safetensors")
      """)
    let expected = try SafetensorsFile(path: checkpoint.path + ".safetensors")
    guard case .images(let model) = try opened(checkpoint, card(classes: 7)) else {
      Issue.record("not a network for images")
      return
    }
    var tape = Tape(model.weights)
    let logits = model.network(Value(try expected.tensor("images")), &tape).expression.tensor
    expectEqual(logits, try expected.tensor("logits"))
  }

  @Test func allMismatchesInOneList() throws {
    let scratch = try ScratchFolder()
    let checkpoint = scratch.file("model.pth")
    _ = try Python.read(
      Shared.golden.appendingPathComponent("videomae_mcg_names.safetensors"),
      """
      import sys, torch
      from safetensors.torch import load_file
      weights = {k[2:]: v for k, v in load_file(sys.argv[1]).items() if k.startswith("w/")}
      del weights["blocks.1.attn.proj.bias"]
      weights["blocks.0.norm1.weight"] = torch.zeros(3)
      weights["surplus"] = torch.zeros(2)
      torch.save(weights, "\(checkpoint.path)")
      """)
    var card = card(classes: 7)
    (card.imageSize, card.frames, card.heads) = (24, 4, 4)
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(try PyTorchFile(path: checkpoint.path), card)
    }
    #expect(error?.reasons.count == 3, "\(error?.description ?? "")")
    card.labels = ["a", "b"]
    #expect(throws: CheckpointError.self) { try CheckpointConversion(try PyTorchFile(path: checkpoint.path), card) }
  }

  @Test func theEncoderAlone() throws {
    let golden = try SafetensorsFile(path: Shared.golden.appendingPathComponent("videomae_mcg_names.safetensors").path)
    let scratch = try ScratchFolder()
    let path = scratch.file("names.safetensors").path
    let names = golden.names.filter { $0.hasPrefix("w/") }
    try SafetensorsFile.write(tensors: try names.map { (String($0.dropFirst(2)), try golden.tensor($0)) }, to: path)
    var card = ConversionCard(labels: [], licence: "")
    (card.imageSize, card.frames, card.heads) = (24, 4, 4)
    let conversion = try CheckpointConversion(encoderOf: try SafetensorsFile(path: path), card)
    #expect(conversion.metadata["variant"] == "videomae")
    #expect(conversion.tensors.allSatisfy { $0.name.hasPrefix("encoder.") } && conversion.tensors.count > 20)
  }
}
