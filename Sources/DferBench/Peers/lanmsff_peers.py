"""Times LANMSFF of dfer against ONNX Runtime: one face of 64 x 64, fp32, one thread, rounds in turn.

    pip install numpy onnx onnxruntime safetensors
    swift build -c release --product dfer-bench
    python3 Sources/DferBench/Peers/lanmsff_peers.py [--rounds 9] [--golden lanmsff.safetensors]

With --golden the ONNX network gets the file's weights and must give its logits, so that both sides run the same net;
without it the weights are random. Batch norms are folded into the convolutions on both sides. Printed: median core
milliseconds of a face and of a batch of 16.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

# A pinned older core would time half a library.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Net:
    """The graph of the network: every method adds nodes and gives the name of their result."""

    def __init__(self, weights):
        self.w, self.nodes, self.values, self.count = weights, [], {}, 0

    def add(self, kind, inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.values)}"
        self.values[name] = np.ascontiguousarray(value)
        return name

    def conv(self, x, name, norm, dilation=1, separable=False, relu=True):
        if separable:
            depthwise = self.w[f"{name}.depthwise.weight"]
            x = self.add("Conv", [x, self.constant(depthwise)], kernel_shape=[3, 3], dilations=[dilation] * 2,
                         pads=[dilation] * 4, group=depthwise.shape[0])
            name += ".pointwise"
        weight, bias = self.w[f"{name}.weight"], self.w[f"{name}.bias"]
        slope = self.w[f"{norm}.weight"] / np.sqrt(self.w[f"{norm}.running_var"] + 1e-3)
        weight = weight * slope[:, None, None, None]
        bias = (bias - self.w[f"{norm}.running_mean"]) * slope + self.w[f"{norm}.bias"]
        side = weight.shape[2]
        pad = dilation if side == 3 else 0
        y = self.add("Conv", [x, self.constant(weight), self.constant(bias)], kernel_shape=[side, side],
                     dilations=[dilation] * 2, pads=[pad] * 4)
        return self.add("Relu", [y]) if relu else y

    def shrink(self, x):
        return self.add("Relu", [self.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])])

    def plain(self, x, path):
        x = self.conv(x, f"{path}.conv1", f"{path}.bn1")
        x = self.conv(x, f"{path}.sep", f"{path}.bn2", separable=True)
        return self.shrink(self.conv(x, f"{path}.conv2", f"{path}.bn3", relu=False))

    def two_paths(self, x, path, channels):
        order = np.arange(channels).reshape(2, -1).T.reshape(-1)
        halves = [self.add("Gather", [x, self.constant(part)], axis=1) for part in np.split(order, 2)]
        for step in (1, 2, 3):
            sides = halves if step == 1 else [x, x]
            x = self.add("Concat", [
                self.conv(sides[i], f"{path}.{kind}{step}", f"{path}.{kind}{step}_bn", dilation, separable=step == 2)
                for i, (kind, dilation) in enumerate((("high", 1), ("low", 2)))], axis=1)
        x = self.mass_att(x, f"{path}.att")
        return self.shrink(self.conv(x, f"{path}.conv", f"{path}.bn", relu=False))

    def mass_att(self, x, path):
        def dense(y, name):
            return self.add("Gemm", [y, self.constant(self.w[f"{path}.{name}.weight"]),
                                     self.constant(self.w[f"{path}.{name}.bias"])], transB=1)

        def grid(kind, y, name, **attributes):
            return self.add(kind, [y, self.constant(self.w[f"{path}.{name}.weight"]),
                                   self.constant(self.w[f"{path}.{name}.bias"])], kernel_shape=[3, 3], strides=[2, 2],
                            **attributes)

        pooled = self.add("Flatten", [self.add("GlobalAveragePool", [x])])
        channel = self.add("Sigmoid", [dense(self.add("Relu", [dense(pooled, "fc1")]), "fc2")])
        channel = self.add("Unsqueeze", [channel, self.constant(np.array([2, 3]))])
        y = self.add("ReduceMean", [x, self.constant(np.array([1]))], keepdims=1)
        for name in ("conv1", "conv2"):
            y = self.add("Relu", [grid("Conv", y, name, pads=[0, 0, 1, 1])])
        # The full result has one row and column more; they are cut off at the end.
        y = self.add("Relu", [grid("ConvTranspose", y, "up1", pads=[0, 0, 1, 1])])
        y = self.add("Sigmoid", [grid("ConvTranspose", y, "up2", pads=[0, 0, 1, 1])])
        return self.add("Mul", [self.add("Mul", [x, channel]), y])

    def pooled(self, x):
        return self.add("Flatten", [self.add("GlobalAveragePool", [x])])

    def pwfs(self, x, channels):
        parts = [self.add("Gather", [x, self.constant(part)], axis=1) for part in np.split(np.arange(channels), 3)]
        total = self.add("Sum", parts)
        return self.add("Mul", [self.add("Sub", [total, self.add("Min", parts)]), self.constant(np.float32(0.5))])

    def model(self):
        one = self.plain("face", "block1")
        two = self.two_paths(one, "block2", 66)
        three = self.plain(two, "block3")
        four = self.two_paths(three, "block4", 78)
        features = self.add("Concat", [self.pooled(self.pwfs(x, c)) for x, c in ((one, 66), (two, 72), (three, 78))]
                            + [self.pooled(four)], axis=1)
        self.nodes.append(helper.make_node(
            "Gemm", [features, self.constant(self.w["head.weight"]), self.constant(self.w["head.bias"])], ["logits"],
            transB=1))
        graph = helper.make_graph(
            self.nodes, "lanmsff",
            [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["batch", 1, 64, 64])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 8])],
            [numpy_helper.from_array(np.asarray(v), k) for k, v in self.values.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model.SerializeToString()


def random_weights():
    g = np.random.default_rng(1)
    w = {}

    def put(name, *shape):
        w[name] = (g.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype(np.float32)

    def norm(name, width):
        for part in ("weight", "bias", "running_mean"):
            put(f"{name}.{part}", width)
        w[f"{name}.running_var"] = np.ones(width, np.float32)

    def conv(name, inputs, outputs, side=3, separable=False):
        if separable:
            put(f"{name}.depthwise.weight", inputs, 1, 3, 3)
            name, side = name + ".pointwise", 1
        put(f"{name}.weight", outputs, inputs, side, side)
        put(f"{name}.bias", outputs)

    for path, inputs, width in (("block1", 1, 66), ("block3", 72, 78)):
        conv(f"{path}.conv1", inputs, width), conv(f"{path}.sep", width, width, separable=True)
        conv(f"{path}.conv2", width, width)
        for i in (1, 2, 3):
            norm(f"{path}.bn{i}", width)
    for path, inputs, width in (("block2", 66, 72), ("block4", 78, 84)):
        for kind in ("high", "low"):
            for step in (1, 2, 3):
                conv(f"{path}.{kind}{step}", inputs // 2 if step == 1 else width, width // 2, separable=step == 2)
                norm(f"{path}.{kind}{step}_bn", width // 2)
        put(f"{path}.att.fc1.weight", width // 4, width), put(f"{path}.att.fc1.bias", width // 4)
        put(f"{path}.att.fc2.weight", width, width // 4), put(f"{path}.att.fc2.bias", width)
        for name, shape, outputs in (("conv1", (2, 1, 3, 3), 2), ("conv2", (4, 2, 3, 3), 4), ("up1", (4, 4, 3, 3), 4),
                                     ("up2", (4, 1, 3, 3), 1)):
            put(f"{path}.att.{name}.weight", *shape), put(f"{path}.att.{name}.bias", outputs)
        conv(f"{path}.conv", width, width, side=1), norm(f"{path}.bn", width)
    put("head.weight", 8, 156), put("head.bias", 8)
    return w


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--golden", help="golden numbers of LANMSFF: weights, faces and logits")
    options.add_argument("--bench", default=".build/release/dfer-bench")
    options = options.parse_args()
    weights, golden = random_weights(), None
    if options.golden:
        from safetensors.numpy import load_file
        golden = load_file(options.golden)
        weights = {k[2:]: v for k, v in golden.items() if k.startswith("w/")}
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(Net(weights).model(), settings, providers=["CPUExecutionProvider"])
    if golden:
        found = session.run(None, {"face": golden["in/image"]})[0]
        worst = np.abs(found - golden["out/logits_eval"]).max() / np.abs(golden["out/logits_eval"]).max()
        print(f"ONNX Runtime against the golden logits: {worst:.1e} of the largest")
        assert worst < 1e-4, "not the same network"

    faces = {n: np.random.default_rng(2).random((n, 1, 64, 64), np.float32) for n in (1, 16)}

    def peer(count):
        start = time.process_time()
        session.run(None, {"face": faces[count]})
        return 1e3 * (time.process_time() - start)

    times = {(who, n): [] for who in ("dfer", "ONNX Runtime") for n in (1, 16)}
    for _ in range(options.rounds):
        for n in (1, 16):
            times["ONNX Runtime", n].append(statistics.median(peer(n) for _ in range(7)))
        text = subprocess.run([options.bench, "systems", "--threads", "1", "--runs", "5", "--json"], check=True,
                              capture_output=True, text=True).stdout
        for entry in json.loads(text)["entries"]:
            if entry["row"] == "lanmsff":
                n = {"one face": 1, "clip of 16": 16}.get(entry["column"])
                if n:
                    times["dfer", n].append(entry["value"])
    print(f"onnxruntime {onnxruntime.__version__}, one thread, median core ms of {options.rounds} rounds")
    for n in (1, 16):
        ours, theirs = statistics.median(times["dfer", n]), statistics.median(times["ONNX Runtime", n])
        print(f"  {n:2} faces: dfer {ours:7.2f}   ONNX Runtime {theirs:7.2f}   ratio {ours / theirs:.2f}")


main()
