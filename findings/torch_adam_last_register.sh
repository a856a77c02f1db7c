#!/usr/bin/env bash
# torch 2.13.0: what fused Adam does to a number depends on where in its tensor the number stands.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import torch

torch.set_num_threads(1)
print("torch", version("torch"), torch.backends.cpu.get_cpu_capability())
COUNT, STEPS, SIZE = 2000, 20, 17
draw = torch.Generator().manual_seed(0)
values, gradients = torch.randn(COUNT, generator=draw), torch.randn(STEPS, COUNT, generator=draw)


def trained(place, fused):
    """The same numbers, with the same gradients, each at one place of a tensor of zeros."""
    parameters = [torch.zeros(SIZE) for _ in range(COUNT)]
    for number, parameter in enumerate(parameters):
        parameter[place] = values[number]
        parameter.requires_grad_(True).grad = torch.zeros(SIZE)
    adam = torch.optim.Adam(parameters, lr=1e-3, fused=fused)
    for step in range(STEPS):
        for number, parameter in enumerate(parameters):
            parameter.grad[place] = gradients[step, number]
        adam.step()
    return torch.stack([parameter.detach()[place] for parameter in parameters])


for fused in (True, False):
    first = trained(0, fused)
    middle, last = ((trained(place, fused) != first).sum().item() for place in (8, SIZE - 1))
    print(f"fused={fused}: of {COUNT} numbers, {middle} differ at place 8 and {last} at place 16 of 17 from place 0")
    assert middle == 0 and (last > 0) == fused, "the last ones are rounded as the others now"
print("Why it matters: seeds that train as one stack would learn differently by their place in it. Pad each seed's")
print("parameters to whole registers.")
PYTHON
