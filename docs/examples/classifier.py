"""Makes a classifier as an ONNX file and the pipeline that reads faces with it.

    pip install torch timm onnx onnxruntime
    python classifier.py that                        # writes that.onnx and that.yaml
    dfer watch talk.mp4 --pipeline ./that.yaml --onnxruntime PATH_OF_THE_ENVIRONMENT

The EfficientNet-B0 has random weights: put your own in its place.
"""

import sys

import timm
import torch

LABELS = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
PIPELINE = """\
schema: 1
name: {name}
about: EfficientNet-B0 with random weights
model:
  system: onnx
  weights: {name}.onnx
  labels: [{labels}]
  input:
    size: 224
    colours: rgb
    mean: [0.485, 0.456, 0.406]
    std: [0.229, 0.224, 0.225]
  output: {{kind: logits}}
  crop: 1.3
"""


def network() -> torch.nn.Module:
    torch.manual_seed(1)
    model = timm.create_model("efficientnet_b0", pretrained=False, num_classes=len(LABELS))
    # Norms that have seen nothing let hardly anything through: show them noise, as training would show them faces.
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    model.train()
    with torch.no_grad():
        for _ in range(4):
            model(torch.randn(4, 3, 224, 224))
    torch.nn.init.normal_(model.classifier.weight, std=0.1)
    return model.eval()


def write(path: str) -> None:
    name = path.rsplit("/", 1)[-1]
    torch.onnx.export(
        network(),
        (torch.zeros(1, 3, 224, 224),),
        f"{path}.onnx",
        input_names=["images"],
        output_names=["logits"],
        dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    with open(f"{path}.yaml", "w", encoding="utf-8") as file:
        file.write(PIPELINE.format(name=name, labels=", ".join(LABELS)))


if __name__ == "__main__":
    write(sys.argv[1])
