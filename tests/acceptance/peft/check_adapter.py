#!/usr/bin/env python3
"""Whether PEFT makes of a run's adapter/ what this program makes of the checkpoint that it is of.

    python check_adapter.py RUN       (torch, safetensors, peft)

Every linear layer of fusion and head is rebuilt with the checkpoint's weights, PEFT puts the adapters in, and its
outputs are compared with those of W + (alpha / r) B A. Exits with 1 where one differs by more than 1e-5."""

import json
import re
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    run = sys.argv[1]
    name = re.search(r"its checkpoint (\S+) ", read(f"{run}/adapter/README.md")).group(1)
    config = json.loads(read(f"{run}/adapter/adapter_config.json"))
    saved = load_file(f"{run}/checkpoints/{name}")
    layers = sorted(key[:-7] for key in saved if key.endswith(".weight") and saved[key].dim() == 2
                    and key.startswith(("fusion.", "head.")))
    base = torch.nn.Module()
    base.forward = lambda *_: None
    for layer in layers:
        parent = base
        *above, last = layer.split(".")
        for part in above:
            if not hasattr(parent, part):
                parent.add_module(part, torch.nn.Module())
            parent = getattr(parent, part)
        weight, bias = saved[layer + ".weight"], saved.get(layer + ".bias")
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        linear.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
        parent.add_module(last, linear)
    if "head" in config["modules_to_save"]:
        torch.nn.init.zeros_(base.head.weight)  # what the adapter brings itself
    adapted = PeftModel.from_pretrained(base, f"{run}/adapter").eval().base_model.model

    worst = 0.0
    for layer in layers:
        weight = saved[layer + ".weight"].double()
        if (a := saved.get(layer + ".lora_A")) is not None:
            weight = weight + config["lora_alpha"] / a.shape[0] * saved[layer + ".lora_B"].double() @ a.double()
        x = torch.randn(5, weight.shape[1])
        want = x.double() @ weight.T + saved.get(layer + ".bias", torch.zeros(())).double()
        error = ((adapted.get_submodule(layer)(x).double() - want).norm() / want.norm()).item()
        worst = max(worst, error)
        if error > 1e-5:
            print(f"{layer}: relative error {error:.1e}")
    print(f"{name}: {len(layers)} layers, largest relative error {worst:.1e}")
    return worst > 1e-5


if __name__ == "__main__":
    sys.exit(main())
