"""Methods on the probes, and trajectories of x' = x + c a with an unseen c to pretrain them on."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.protocols import CRITIC, POLICY, Task
from meta_rl.conformance.probes import DISCRETE, Probe, task
from meta_rl.conformance.small import METHODS, keys
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.methods.base import Method, Source, Trajectories
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams

ROWS = (2, 3)


def build(name: str, into: Task | None = None, seeds: tuple[int, ...] = (0, 1), **settings: Any) -> Any:
    module = registry.load("method", name)
    config = module.Config(**{**METHODS[name], **settings})
    method = module.build(config, into or task(), Streams(keys(*seeds)))
    for network in (POLICY, CRITIC):
        method.width((into or task()).spaces, network)  # as an agent asks when it meets a method
    return method.requires_grad_(registry.entry("method", name).joint)


def normal(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape)).float()


def encode(method: Method, transitions: Tensor, mask: Tensor) -> Tensor:
    return method.encode(Seen(torch.zeros(*ROWS, 1), None, Window(transitions, mask)))


class Blind(Probe):
    """Its observations are noise that the context does not touch."""

    def see(self) -> Any:
        return self.cue * (1 + self.time) / 3

    def outcome(self, sign: np.ndarray) -> Any:
        self.cue = self.cue + 0.1 * sign
        return 0.0, self.time == 6, False


SPACE = ContextSpace.of((Feature("c", 1.0, -9, 9, ""),), {"c": {"train": [-1, 1]}})
LINEAR, REWARDED = (Task(DISCRETE._replace(rewarded=rewarded), SPACE) for rewarded in (False, True))


def linear(
    seeds: tuple[int, ...], contexts: int, count: int, purpose: str, rewarded: bool = False
) -> Trajectories:
    """Where `rewarded`, c acts on the reward c a instead of on the state."""
    streams = Streams(keys(*seeds))
    c = streams.uniform(f"{purpose}/c", contexts)[..., None] * 2 - 1
    sign = 2 * streams.integers(f"{purpose}/action", 2, contexts, count) - 1
    x = streams.normal(f"{purpose}/x", contexts, count)
    action = np.stack((sign < 0, sign > 0), -1)
    effect = (c * sign)[..., None]
    x = x[..., None]
    parts = (x, action, x, effect) if rewarded else (x, action, x + effect, x[..., :0])
    return Trajectories(*(torch.from_numpy(value).float() for value in parts))


def source(told: Trajectories) -> Source:
    """With environments for those who probe: the context is the speed of a clock that actions wind."""
    probe: Any = Blind
    contexts = np.random.default_rng(0).random((1, *told.observation.shape[1:2], 1))
    return Source(told, np.repeat(contexts, len(told.observation), 0), lambda rows: probe(rows))
