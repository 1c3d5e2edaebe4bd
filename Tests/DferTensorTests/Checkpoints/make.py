"""Writes the checkpoints that the tests read: python make.py (needs torch and safetensors).

plain.pth     a state dict: all number formats, views, a parameter, no dimension, no numbers
training.pth  what a training program saves: module. in front, averaged weights, optimiser, options
legacy.pth    plain.pth in the form before PyTorch 1.6
expected.safetensors  the numbers of all three
"""

import argparse
import collections
from pathlib import Path

import torch
from safetensors.torch import save_file

here = Path(__file__).parent
torch.manual_seed(1)
whole = torch.randn(4, 6)
plain = collections.OrderedDict(
    float32=torch.randn(2, 3),
    float16=torch.randn(5).half(),
    bfloat16=torch.randn(2, 2).bfloat16(),
    float64=torch.randn(3).double(),
    int64=torch.tensor([1, -2, 3]),
    uint8=torch.tensor([0, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    whole=whole,
    transposed=whole.t(),
    column=whole[:, 2],
    tail=whole[2:],
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.randn(2)),
)
torch.save(plain, here / "plain.pth")
torch.save(plain, here / "legacy.pth", _use_new_zipfile_serialization=False)

network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
optimizer = torch.optim.AdamW(network.parameters())
network(torch.randn(8, 3)).sum().backward()
optimizer.step()
state = network.state_dict()
averaged = {name: tensor + 1 for name, tensor in state.items()}
torch.save(
    {
        "epoch": 3,
        "best": torch.tensor(0.5),
        "model": {f"module.{name}": tensor for name, tensor in state.items()},
        "model_ema": averaged,
        "optimizer": optimizer.state_dict(),
        "args": argparse.Namespace(lr=0.1, layers=[1, 2], device=torch.device("cpu"), dtype=torch.float32),
    },
    here / "training.pth",
)
expected = {name: tensor.detach().float().clone().contiguous() for name, tensor in plain.items()}
expected |= {f"model/{name}": tensor.float() for name, tensor in state.items()}
expected |= {f"model_ema/{name}": tensor.float() for name, tensor in averaged.items()}
save_file(expected, here / "expected.safetensors")
