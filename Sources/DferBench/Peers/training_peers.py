"""Times a training step of dfer against PyTorch: the same VideoMAE ViT-S, batch and optimiser, fp32, interleaved steps.

    apt install python3-torch         (or: pip install torch)
    swift build -c release --product dfer-bench
    /usr/bin/python3 Sources/DferBench/Peers/training_peers.py [--steps 7] [--threads 2] [--batch 8]

Every round takes one step of each contender in turn. Printed: median milliseconds and clips/s of a step (forward pass,
gradients, AdamW) as a classifier on all tokens and as masked pre-training at 90 %, their ratio, and peak memory of dfer
with and without recomputation.
"""
import argparse
import os
import statistics
import subprocess
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, DEPTH, HEADS, IMAGE, PATCH, CLASSES = 384, 12, 6, 112, 16, 8
GRID, SLOTS = IMAGE // PATCH, 8
TOKENS = SLOTS * GRID * GRID


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d, 1e-6), nn.LayerNorm(d, 1e-6)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if hasattr(F, "scaled_dot_product_attention"):
            a = F.scaled_dot_product_attention(q, k, v)
        else:
            a = ((q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5).softmax(-1) @ v
        x = x + self.proj(a.transpose(1, 2).reshape(b, n, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3 * 2 * PATCH * PATCH, WIDTH)
        self.register_buffer("positions", torch.randn(TOKENS, WIDTH))
        self.blocks = nn.ModuleList(Block(WIDTH, HEADS) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, 1e-6)

    def forward(self, patches, kept=None):
        x = patches if kept is None else patches[:, kept]
        x = self.embed(x) + (self.positions if kept is None else self.positions[kept])
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), nn.Linear(WIDTH, CLASSES)

    def forward(self, patches, labels):
        return F.cross_entropy(self.head(self.encoder(patches).mean(1)), labels)


class Pretraining(nn.Module):
    def __init__(self, kept):
        super().__init__()
        self.encoder, self.kept, d = Encoder(), kept, 192
        self.bridge, self.mask = nn.Linear(WIDTH, d, bias=False), nn.Parameter(torch.zeros(1, 1, d))
        self.blocks = nn.ModuleList(Block(d, 3) for _ in range(4))
        self.norm, self.out = nn.LayerNorm(d, 1e-6), nn.Linear(d, 3 * 2 * PATCH * PATCH)
        self.register_buffer("positions", torch.randn(TOKENS, d))
        hidden = set(kept.tolist())
        self.hidden = torch.tensor([i for i in range(TOKENS) if i not in hidden])

    def forward(self, patches, target):
        seen = self.bridge(self.encoder(patches, self.kept)) + self.positions[self.kept]
        unseen = self.mask + self.positions[self.hidden]
        x = torch.cat([seen, unseen.expand(len(patches), -1, -1)], 1)
        for block in self.blocks:
            x = block(x)
        return F.mse_loss(self.out(self.norm(x[:, -len(self.hidden):])), target)


def cut(clips):
    b = len(clips)
    x = clips.view(b, 3, SLOTS, 2, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 6, 1, 3, 5, 7)
    return x.reshape(b, TOKENS, -1)


def torch_step(model, clips, target):
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)

    def step():
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        model(cut(clips), target).backward()
        optimiser.step()
        return (time.perf_counter() - start) * 1e3

    return step


class Dfer:
    def __init__(self, binary, args, *more):
        command = [binary, "train", "--serve", "--threads", str(args.threads), "--batch", str(args.batch), *more]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.peak = 0.0

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        ms, _, self.peak = map(float, self.process.stdout.readline().split())
        return ms


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--binary", default=".build/release/dfer-bench")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clips = torch.rand(args.batch, 3, 16, IMAGE, IMAGE) * 2 - 1
    seen = max(1, round(GRID * GRID * 0.1))
    kept = torch.tensor([s * GRID * GRID + i * GRID * GRID // seen for s in range(SLOTS) for i in range(seen)])
    target = torch.rand(args.batch, TOKENS - len(kept), 3 * 2 * PATCH * PATCH)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batch {args.batch}")
    jobs = {
        "classifier, all tokens": (
            torch_step(Classifier(), clips, torch.arange(args.batch) % CLASSES), Dfer(args.binary, args)),
        "pre-training, 90 % hidden": (
            torch_step(Pretraining(kept), clips, target), Dfer(args.binary, args, "--mask", "0.9")),
    }
    for name, (peer, own) in jobs.items():
        times = {"torch": [], "dfer": []}
        for step in range(args.steps + 2):
            a, b = peer(), own()
            if step >= 2:
                times["torch"].append(a)
                times["dfer"].append(b)
        a, b = (statistics.median(times[k]) for k in ("torch", "dfer"))
        rate = args.batch * 1e3
        print(f"{name}: torch {a:.0f} ms ({rate / a:.2f} clips/s), dfer {b:.0f} ms ({rate / b:.2f} clips/s), "
              f"dfer is {a / b:.2f} times as fast; dfer's peak memory {own.peak:.0f} MB")
    lean = Dfer(args.binary, args, "--recompute")
    ms = [lean() for _ in range(3)]
    print(f"classifier with recomputation: {statistics.median(ms):.0f} ms, peak memory {lean.peak:.0f} MB")


if __name__ == "__main__":
    main()
