"""What estimators with networks learn, as tensors that a monitor keeps: weights, and the scales of what goes in."""

import torch
from torch import Tensor, nn

from meta_rl.uncertainty.base import Monitor
from meta_rl.uncertainty.watched import Watched


def weights(network: nn.Module, name: str, runs: int) -> Monitor:
    """The weights of the networks, [S, K, ...] with K networks a run, under names that begin with `name`."""
    return {
        f"{name}/{key}": value.detach().clone().unflatten(0, (runs, -1))
        for key, value in network.state_dict().items()
    }


def load(network: nn.Module, name: str, monitor: Monitor) -> None:
    """Put back what `weights` took."""
    network.load_state_dict({key: monitor[f"{name}/{key}"].flatten(0, 1) for key in network.state_dict()})


def scales(window: Watched) -> Monitor:
    """Mean and standard deviation [S, D] over all transitions: of s, of a, of s' - s."""
    before, after = window.observation[:, :, :-1], window.observation[:, :, 1:]
    found = {}
    for name, values in {"state": before, "action": window.action, "change": after - before}.items():
        found[f"{name}/mean"], found[f"{name}/deviation"] = window.moments(values)
    return found


def scaled(values: Tensor, name: str, monitor: Monitor) -> Tensor:
    """Values [S, B, D] in standard deviations from the mean that `scales` took, float32."""
    mean, deviation = (monitor[f"{name}/{moment}"][:, None] for moment in ("mean", "deviation"))
    return ((values - mean) / deviation).to(torch.float32)
