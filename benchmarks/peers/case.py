"""What is compared with other libraries, and our side of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.peers import shaped_mountaincar
from meta_rl import registry
from meta_rl.streams import Streams
from meta_rl.training.loop import Training
from meta_rl.training.setup import Setup


@dataclass(frozen=True)
class Case:
    """An agent on the plain environment; `settings` are those of our Config."""

    agent: str
    environment: str
    gymnasium: str  # the id of the same environment there
    env_steps: int
    settings: dict[str, Any]
    shaped: bool = False  # see shaped_mountaincar

    @property
    def config(self) -> dict[str, Any]:
        """The settings and the defaults of all others."""
        return asdict(registry.load("agent", self.agent).Config(**self.settings))


def spec(case: Case, method: str = "none", method_settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """What our modules take: the first feature stands for the context, which keeps its default."""
    feature = registry.load("environment", case.environment).features[0]
    return {
        "environment": case.environment, "features": {feature.name: {"train": [0.9, 1.1]}}, "train_set": "A",
        "boxes": {},
        "agent": case.agent, "agent_settings": case.settings, "method": method,
        "method_settings": method_settings or {}, "env_steps": case.env_steps,
    }  # fmt: skip


def default_contexts(case: Case, seeds: int) -> np.ndarray:
    """float64 [S, 1, 1]"""
    return np.full((seeds, 1, 1), registry.load("environment", case.environment).features[0].default)


def training(case: Case, seeds: Sequence[int], **method: Any) -> Training:
    """A stack of seeds, ready to train; `method` as of `spec`."""
    described = spec(case, **method)
    setup = Setup(described)
    agent = setup.agent(Streams([f"benchmark {seed}" for seed in seeds]))
    rows = len(seeds), agent.n_envs
    streams = Streams([f"benchmark rollout {seed}" for seed in seeds])
    built = (
        shaped_mountaincar.build(setup.task.contexts.names, rows) if case.shaped else setup.environments(rows)
    )
    return Training(agent, built, setup.entry, default_contexts(case, len(seeds)), streams)
