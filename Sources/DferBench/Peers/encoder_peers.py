"""Times the VideoMAE encoder of dfer against ONNX Runtime and OpenVINO: same weights, same input, interleaved runs.

    pip install numpy safetensors onnx onnxruntime openvino
    swift build -c release --product dfer-bench
    python3 Sources/DferBench/Peers/encoder_peers.py [--sizes small-112 base-224] [--runs 9] [--threads 2] [--reduced]

With --reduced: bf16, int16 and int8 of dfer beside bf16 of OpenVINO and, with nncf installed, its int8, instead of fewer tubes.

Every round runs each contender once, in turn, so that a noisy machine disturbs all of them alike. Printed: median
milliseconds on the clock and of all cores together (which other work on the machine hardly changes), ratios of medians,
and the largest difference between the contenders' outputs. Threads that wait for work burn core time: those of
dfer for a moment, those of ONNX Runtime unless --no-spin is given.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

# The prebuilt OpenBLAS of numpy and ours both obey this; a pinned older core would time half a library.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import numpy as np
import onnx
import onnxruntime
import openvino
try:
    import nncf
except ImportError:
    nncf = None
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

SIZES = {  # width, depth, heads, image, patch
    "small-112": (384, 12, 6, 112, 16),
    "base-224": (768, 12, 12, 224, 16),
    "compact-112": (256, 10, 4, 112, 14),
}


def weights(width, depth, image, patch, seed=1):
    g = np.random.default_rng(seed)
    w = {"encoder.patch_embed.proj.weight": (width, 3, 2, patch, patch), "encoder.patch_embed.proj.bias": (width,)}
    for i in range(depth):
        b = f"encoder.blocks.{i}."
        w |= {b + "norm1.weight": (width,), b + "norm1.bias": (width,), b + "norm2.weight": (width,), b + "norm2.bias": (width,),
              b + "attn.qkv.weight": (3 * width, width), b + "attn.q_bias": (width,), b + "attn.v_bias": (width,),
              b + "attn.proj.weight": (width, width), b + "attn.proj.bias": (width,),
              b + "mlp.fc1.weight": (4 * width, width), b + "mlp.fc1.bias": (4 * width,),
              b + "mlp.fc2.weight": (width, 4 * width), b + "mlp.fc2.bias": (width,)}
    w |= {"encoder.norm.weight": (width,), "encoder.norm.bias": (width,)}
    out = {}
    for name, shape in w.items():
        scale = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.05
        value = g.standard_normal(shape).astype(np.float32) * np.float32(scale)
        out[name] = value + 1 if name.endswith(("norm1.weight", "norm2.weight", "norm.weight")) else value
    return out


def sine_table(tokens, width):
    p, j = np.arange(tokens)[:, None], np.arange(width)[None]
    a = p / np.power(10000.0, 2 * (j // 2) / width)
    a[:, 0::2], a[:, 1::2] = np.sin(a[:, 0::2]), np.cos(a[:, 1::2])
    return a.astype(np.float32)


def graph(w, width, depth, heads, image, patch):
    """The encoder as an ONNX graph from tubelets [1, tokens, 3*2*patch*patch] to normed tokens."""
    tokens, inner = 8 * (image // patch) ** 2, 3 * 2 * patch * patch
    nodes, consts = [], []

    def const(name, value):
        consts.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(x, weight, bias, name):
        return op("Add", [op("MatMul", [x, const(name + ".w", weight.T)], name + ".mm"), const(name + ".b", bias)], name)

    def norm(x, prefix, name):
        return op("LayerNormalization", [x, const(name + ".w", w[prefix + ".weight"]), const(name + ".b", w[prefix + ".bias"])], name, axis=-1, epsilon=1e-6)

    def split(x, name, transpose):
        shape = const(name + ".s", np.array([1, tokens, heads, width // heads], np.int64))
        return op("Transpose", [op("Reshape", [x, shape], name + ".r")], name, perm=transpose)

    x = linear("tubelets", w["encoder.patch_embed.proj.weight"].reshape(width, inner), w["encoder.patch_embed.proj.bias"], "embed")
    x = op("Add", [x, const("position", sine_table(tokens, width)[None])], "positioned")
    for i in range(depth):
        b, n = f"encoder.blocks.{i}", f"b{i}"
        h = norm(x, b + ".norm1", n + ".n1")
        weight = w[b + ".attn.qkv.weight"]
        q = linear(h, weight[:width] * np.float32((width // heads) ** -0.5), w[b + ".attn.q_bias"] * np.float32((width // heads) ** -0.5), n + ".q")
        k = op("MatMul", [h, const(n + ".k.w", weight[width:2 * width].T)], n + ".k")
        v = linear(h, weight[2 * width:], w[b + ".attn.v_bias"], n + ".v")
        scores = op("MatMul", [split(q, n + ".qh", [0, 2, 1, 3]), split(k, n + ".kh", [0, 2, 3, 1])], n + ".scores")
        mixed = op("MatMul", [op("Softmax", [scores], n + ".p", axis=-1), split(v, n + ".vh", [0, 2, 1, 3])], n + ".mixed")
        joined = op("Reshape", [op("Transpose", [mixed], n + ".t", perm=[0, 2, 1, 3]), const(n + ".js", np.array([1, tokens, width], np.int64))], n + ".joined")
        x = op("Add", [x, linear(joined, w[b + ".attn.proj.weight"], w[b + ".attn.proj.bias"], n + ".proj")], n + ".x1")
        h = norm(x, b + ".norm2", n + ".n2")
        h = op("Gelu", [linear(h, w[b + ".mlp.fc1.weight"], w[b + ".mlp.fc1.bias"], n + ".fc1")], n + ".gelu")
        x = op("Add", [x, linear(h, w[b + ".mlp.fc2.weight"], w[b + ".mlp.fc2.bias"], n + ".fc2")], n + ".x2")
    norm(x, "encoder.norm", "out")
    value = lambda name, last: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, tokens, last])
    g = helper.make_graph(nodes, "encoder", [value("tubelets", inner)], [value("out", width)], consts)
    return helper.make_model(g, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def tubelets(clip, patch):
    """clip [3, 16, H, W] -> [1, tokens, 3*2*patch*patch], tokens by t, y, x."""
    c, t, h, w = clip.shape
    x = clip.reshape(c, t // 2, 2, h // patch, patch, w // patch, patch)
    return np.ascontiguousarray(x.transpose(1, 3, 5, 0, 2, 4, 6).reshape(1, -1, c * 2 * patch * patch))


class Dfer:
    """dfer-bench as a process that runs one forward pass for each line it reads."""

    def __init__(self, binary, folder, size, threads, keep, precision="fp32"):
        width, depth, heads, image, patch = SIZES[size]
        self.process = subprocess.Popen(
            [binary, "encoder", "--weights", f"{folder}/weights.safetensors", "--input", f"{folder}/input.safetensors", "--heads", str(heads),
             "--image", str(image), "--patch", str(patch), "--threads", str(threads), "--keep", str(keep),
             "--precision", precision, "--serve"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("dfer-bench ended early")
        self.output = [float(v) for v in line.split()[1:]]
        return float(line.split()[0]) / 1e3

    def cores(self):
        return time.clock_gettime((~self.process.pid << 3) | 2)  # Linux: the processor clock of another process


def timed(run):
    def call():
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    call.cores = time.process_time
    return call


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--sizes", nargs="+", default=["small-112", "base-224"], choices=SIZES)
    ap.add_argument("--runs", type=int, default=9)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--reduced", action="store_true", help="numbers of fewer bits instead of fewer tubes")
    ap.add_argument("--no-spin", action="store_true", help="let waiting threads of ONNX Runtime sleep")
    ap.add_argument("--binary", default=".build/release/dfer-bench")
    a = ap.parse_args()
    print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__, "threads", a.threads)
    for size in a.sizes:
        width, depth, heads, image, patch = SIZES[size]
        with tempfile.TemporaryDirectory() as folder:
            w = weights(width, depth, image, patch)
            clip = np.random.default_rng(2).standard_normal((3, 16, image, image)).astype(np.float32)
            save_file(w, f"{folder}/weights.safetensors")
            save_file({"clip": clip[None]}, f"{folder}/input.safetensors")
            path = f"{folder}/encoder.onnx"
            onnx.save(graph(w, width, depth, heads, image, patch), path)
            x = tubelets(clip, patch)
            o = onnxruntime.SessionOptions()
            o.intra_op_num_threads = a.threads
            if a.no_spin:
                o.add_session_config_entry("session.intra_op.allow_spinning", "0")
            ort = onnxruntime.InferenceSession(path, o, providers=["CPUExecutionProvider"])
            core = openvino.Core()
            ov = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_NUM_THREADS": a.threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
            want = ort.run(None, {"tubelets": x})[0]
            other = ov({"tubelets": x})["out"]
            contenders = {"onnxruntime": timed(lambda: ort.run(None, {"tubelets": x})), "openvino": timed(lambda: ov({"tubelets": x}))}
            if a.reduced:
                reduced = {"openvino bf16": core.compile_model(core.read_model(path), "CPU", {"INFERENCE_NUM_THREADS": a.threads, "INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"})}
                if nncf:
                    data = nncf.Dataset([tubelets(np.random.default_rng(10 + i).standard_normal((3, 16, image, image)).astype(np.float32), patch) for i in range(8)])
                    quantised = nncf.quantize(core.read_model(path), data, model_type=nncf.ModelType.TRANSFORMER, subset_size=8)
                    reduced["openvino int8"] = core.compile_model(quantised, "CPU", {"INFERENCE_NUM_THREADS": a.threads, "PERFORMANCE_HINT": "LATENCY"})
                for name, model in reduced.items():
                    contenders[name] = timed(lambda model=model: model({"tubelets": x}))
            for name, keep, precision in (
                (("dfer", 1, "fp32"), ("dfer bf16", 1, "bf16"), ("dfer int16", 1, "int16"), ("dfer int8", 1, "int8")) if a.reduced
                else (("dfer", 1, "fp32"), ("dfer half", 0.5, "fp32"), ("dfer quarter", 0.25, "fp32"))):
                contenders[name] = Dfer(a.binary, folder, size, a.threads, keep, precision)
            times, cores = {name: [] for name in contenders}, {name: [] for name in contenders}
            for turn in range(a.runs + 2):
                for name, run in contenders.items():
                    before = run.cores()
                    seconds = run()
                    if turn >= 2:
                        times[name].append(seconds)
                        cores[name].append(run.cores() - before)
            ours = np.array(contenders["dfer"].output)
            print(f"\n{size}: width {width}, depth {depth}, {8 * (image // patch) ** 2} tokens, {a.runs} rounds")
            for name, values in times.items():
                print(f"  {name:13} {statistics.median(values) * 1e3:8.1f} ms   (min {min(values) * 1e3:.1f}, max {max(values) * 1e3:.1f})"
                      f"   cores {statistics.median(cores[name]) * 1e3:8.1f} ms")
            for what, numbers in (("clock", times), ("cores", cores)):
                m = {name: statistics.median(values) for name, values in numbers.items()}
                if a.reduced:
                    print(f"  {what}, over dfer in fp32: " + "   ".join(f"{name} {value / m['dfer']:.3f}" for name, value in m.items()))
                    continue
                print(f"  {what}: dfer / onnxruntime {m['dfer'] / m['onnxruntime']:.3f}   dfer / openvino {m['dfer'] / m['openvino']:.3f}"
                      f"   half {m['dfer half'] / m['dfer']:.3f}   quarter {m['dfer quarter'] / m['dfer']:.3f}")
            print(f"  first token: dfer against onnxruntime {np.abs(ours - want[0, 0, :len(ours)]).max():.2e}, openvino against onnxruntime {np.abs(other - want).max():.2e}")
            for name, run in contenders.items():
                if name.startswith("dfer "):
                    print(f"  first token, {name}: {np.abs(np.array(run.output) - want[0, 0, :len(run.output)]).max():.2e} from onnxruntime")
            for name, model in (reduced if a.reduced else {}).items():
                print(f"  first token, {name}: {np.abs(model({'tubelets': x})['out'][0, 0, :16] - want[0, 0, :16]).max():.2e} from onnxruntime")


if __name__ == "__main__":
    main()
