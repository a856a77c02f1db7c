"""Agents on the probes: with settings that learn a probe in little time, and with values fixed by hand."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.base import Agent
from meta_rl.conformance import small
from meta_rl.conformance.members import said
from meta_rl.conformance.probes import CONTINUOUS, DISCRETE, Probe, task
from meta_rl.conformance.small import keys
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen, Transition
from meta_rl.streams import Streams
from meta_rl.training.loop import Training

GAMMA = 0.5
STEPS = 1200
SPACES = {"discrete": DISCRETE, "continuous": CONTINUOUS}
# Every kind of actions that each agent can take.
CASES = [(name, kind) for name, entry in registry.AGENTS.items() for kind in sorted(entry.actions)]
# Enough to learn a probe in the steps above.
SETTINGS: dict[str, dict[str, Any]] = {
    name: said("agent", name, "PROBED", {}) | {"gamma": GAMMA} for name in registry.AGENTS
}
# `Recall` has shown two transitions when it asks.
METHODS = small.METHODS | {
    name: small.METHODS[name] | {"window": 2, "size": 2} for name in ("jrpl", "random_encoder")
}


def build(
    agent: str,
    kind: str = "discrete",
    method: str = "none",
    seeds: int | tuple[int, ...] = 2,
    steps: int = STEPS,
    **settings: Any,
) -> Any:
    """An agent over a method for probes with this kind of actions."""
    streams = Streams(keys(*(range(seeds) if isinstance(seeds, int) else seeds)))
    module, methods = registry.load("agent", agent), registry.load("method", method)
    into = task(spaces=SPACES[kind])
    joint = registry.entry("method", method).joint
    told = methods.build(methods.Config(**METHODS.get(method, {})), into, streams).requires_grad_(joint)
    config = module.Config(**{**SETTINGS[agent], **settings})
    return module.build(config, into, told, joint, streams, steps)


def start(agent: Agent, probe: type[Probe], kind: str = "discrete", method: str = "none") -> Training:
    """Two contexts, -1 and 1, as many episodes of each."""
    streams: Streams = agent.streams
    contexts = np.tile([[[-1.0], [1.0]]], (len(streams.keys), 1, 1))
    size = len(streams.keys), agent.n_envs
    rows: Any = probe(size, SPACES[kind])
    others: Any = probe(size, SPACES[kind])
    probed = others if agent.method.probe_steps else None
    return Training(agent, rows, registry.entry("method", method), contexts, streams, probed)


def learnt(name: str, kind: str, probe: type[Probe], method: str = "none", **settings: Any) -> Any:
    agent = build(name, kind, method, **settings)
    start(agent, probe, kind, method).run(STEPS)
    return agent


def at(*observations: float) -> Seen:
    """What two seeds see in N rows: an observation of one number in each, and nothing else."""
    return Seen(torch.tensor(observations).view(1, -1, 1).repeat(2, 1, 1))


def close(value: Tensor, *expected: float, tolerance: float = 0.08) -> None:
    torch.testing.assert_close(value, torch.tensor([expected] * 2), rtol=0, atol=tolerance)


def transition(
    reward: float, action: int | list[float], terminated: bool = False, truncated: bool = False
) -> Transition:
    """One row of one seed sees 1 before and after it acts."""
    seen, shape = Seen(torch.ones(1, 1, 1)), (1, 1)
    done = torch.full(shape, action) if isinstance(action, int) else torch.tensor([[action]])
    return Transition(
        seen,
        done,
        torch.full(shape, reward),
        seen,
        torch.full(shape, terminated),
        torch.full(shape, truncated),
        torch.zeros(shape, dtype=torch.int64),
    )


def remembered(agent: Any, index: Tensor) -> Any:
    """What an off-policy agent remembers at `index` [S, B], with windows that are drawn, if they are random."""
    chances = agent.replay.chances
    chance = np.random.default_rng(0).random((*index.shape, chances)) if chances else None
    return agent.replay.sample(index, None if chance is None else torch.from_numpy(chance))


def fixed(network: MLP, values: list[float]) -> None:
    """Make a network say these values everywhere."""
    with torch.no_grad():
        network.theta.zero_()
        *_, (_, bias) = network.layers()
        bias[...] = torch.tensor(values)
