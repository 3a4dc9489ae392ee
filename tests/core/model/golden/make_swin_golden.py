#!/usr/bin/env python3
"""Makes swin_golden.safetensors: features of torchvision's Swin for weights and frames that follow from
a formula, so that a test rebuilds them and no weights are stored.

    python make_swin_golden.py        (torch 2.11, torchvision 0.26, safetensors, numpy)

Element i of the tensor `name` is u(fnv1a(name) + i) with u(x) = (splitmix64(x) >> 40) / 2^23 - 1, a
multiple of 2^-23 in [-1, 1) and so exact in float32. `scaled` below makes a weight of it."""

import os

import numpy as np
import torch
from safetensors.torch import save_file
from torchvision.models.swin_transformer import SwinTransformer

FOLDER = os.path.dirname(os.path.abspath(__file__))
CASES = {  # name: (arguments, frame sizes)
    "swin_tiny": (dict(embed_dim=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], window_size=[7, 7]),
                  [(224, 224), (200, 168)]),
    "swin_nano": (dict(embed_dim=32, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4]),
                  # divided by the windows; padded, odd when merging; one axis within a window; not of patches
                  [(32, 32), (36, 28), (16, 64), (34, 47)]),
}


def fnv1a(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def uniform(name, count):
    with np.errstate(over="ignore"):
        x = np.uint64(fnv1a(name)) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def scaled(name, shape):
    u = uniform(name, int(np.prod(shape)))
    if "norm" in name or name.startswith("features.0.2."):
        u = 1 + 0.25 * u if name.endswith("weight") else 0.25 * u
    elif name.endswith("relative_position_bias_table"):
        u = 2 * u
    elif name.endswith("weight"):
        u = u * np.sqrt(3.0 / np.prod(shape[1:]))  # keeps the variance
    else:
        u = 0.25 * u
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def frames(n, height, width):
    """Blocks of 8 pixels plus noise of half their strength."""
    shape = (n, 3, height, width)
    coarse = uniform("frames.coarse", n * 3 * ((height + 7) // 8) * ((width + 7) // 8))
    coarse = coarse.reshape(n, 3, (height + 7) // 8, (width + 7) // 8)
    coarse = coarse.repeat(8, axis=2).repeat(8, axis=3)[:, :, :height, :width]
    x = coarse + 0.5 * uniform("frames.fine", int(np.prod(shape))).reshape(shape)
    return torch.from_numpy(x.astype(np.float32))


def checksum(tensor):
    """The sum of the floats' bits as integers: exact, and the same in any order."""
    return tensor.contiguous().view(torch.int32).sum(dtype=torch.int64)


def main():
    torch.manual_seed(0)
    out = {}
    for name, (arguments, sizes) in CASES.items():
        net = SwinTransformer(patch_size=[4, 4], stochastic_depth_prob=0.2, **arguments)
        net.head = torch.nn.Identity()
        net.eval()
        total = torch.zeros((), dtype=torch.int64)
        with torch.no_grad():
            for key, parameter in net.named_parameters():
                parameter.copy_(scaled(key, tuple(parameter.shape)))
                total += checksum(parameter)
            for height, width in sizes:
                x = frames(2, height, width)
                out[f"{name}.{height}x{width}.features"] = net(x)
                out[f"{name}.{height}x{width}.frames_checksum"] = checksum(x)
        out[f"{name}.weights_checksum"] = total
        print(name, sum(p.numel() for p in net.parameters()), "parameters")
    save_file(out, os.path.join(FOLDER, "swin_golden.safetensors"), metadata={"made_by": "make_swin_golden.py"})


if __name__ == "__main__":
    main()
