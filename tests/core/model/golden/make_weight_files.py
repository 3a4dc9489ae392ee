#!/usr/bin/env python3
"""Makes the small weight files that the tests of core/model read, as other programs write them.

    python make_weight_files.py       (torch 2.11, safetensors)"""

import argparse
import collections
import os

import torch
from safetensors.torch import save_file

FOLDER = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(FOLDER, name)


def counting(*shape, dtype=torch.float32, start=0):
    return (torch.arange(start, start + torch.Size(shape).numel()).reshape(shape) / 2).to(dtype)


def main():
    # A module's state_dict: an OrderedDict that carries _metadata, with a buffer and a transposed view.
    net = torch.nn.Sequential(collections.OrderedDict(
        fc=torch.nn.Linear(3, 2), bn=torch.nn.BatchNorm1d(2)))
    with torch.no_grad():
        net.fc.weight.copy_(counting(2, 3))
        net.fc.bias.copy_(counting(2, start=10))
    torch.save(net.state_dict(), path("state_dict.pth"))
    torch.save(net.state_dict(), path("legacy.pth"), _use_new_zipfile_serialization=False)
    # A training checkpoint: the weights are one entry, among things that are no tensors.
    torch.save({"epoch": 7, "model": {"fc.weight": counting(3, 2).t(), "fc.bias": torch.nn.Parameter(counting(2, dtype=torch.float16))},
                "optimizer": {"lr": 0.1, "steps": [1, 2]}}, path("wrapped.pth"))
    # A tensor beside the dict of weights.
    torch.save({"epoch": 3, "best_acc1": torch.tensor(81.5), "state_dict": {"fc.weight": counting(3, 2)}},
               path("beside.pth"))
    # What libtorch's own reader stumbles over: one entry, an object of some class, long integers, another
    # pickle protocol, shared storages, every dtype.
    types = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
             torch.int8, torch.uint8, torch.bool]
    shared = counting(4)
    torch.save({"state_dict": {**{str(t)[6:]: torch.tensor([0, 1, 1]).to(t) for t in types},
                               "first": shared[:2], "second": shared[2:], "empty": torch.zeros(0, 3),
                               "args": argparse.Namespace(lr=1e-4, steps=10**30, size=10**11, tags={"x"}, raw=b"y"),
                               "complex": torch.zeros(1, dtype=torch.complex64)}},
               path("objects.pth"), pickle_protocol=4)
    torch.save([1, 2, 3], path("list.pth"))
    save_file({"a": counting(2, 3), "b": counting(3, dtype=torch.bfloat16), "c": torch.tensor([True, False, True]),
               "scalar": torch.tensor(5)}, path("python.safetensors"), metadata={"format": "pt"})


if __name__ == "__main__":
    main()
