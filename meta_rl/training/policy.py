"""Runs as objects and as files: a block of trained agents, enough to evaluate them anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from meta_rl import registry, settings
from meta_rl.agents.base import Agent
from meta_rl.errors import UserError
from meta_rl.methods.base import Method
from meta_rl.streams import Streams
from meta_rl.training import tensor_files
from meta_rl.training.setup import Setup

APART, LAST = 2, 100  # per cent of a run's own steps: between two snapshots, and when the last one is taken


def snapshot_parts(count: int) -> list[int]:
    """After how many per cent of a run's own steps its snapshots are taken."""
    return [LAST - APART * (count - 1 - number) for number in range(count)]


class Runs(NamedTuple):
    """Frozen policies as one stack, ready to act, and what they were set up with: environments to play in among it."""

    setup: Setup
    agent: Agent


@dataclass(frozen=True)
class Weights:
    """What a training leaves: M snapshots of S runs, with the spec that they were trained by.

    `tensors` are [S, M, ...], the last snapshot being that of the end. `env_steps` [S] are all the environment
    steps that each run paid for; `path` is the file it was read from. `failures` {key: reason} are runs of the
    block that are not in the stack.
    """

    spec: dict[str, Any]
    keys: tuple[str, ...]
    env_steps: tuple[int, ...]
    tensors: dict[str, torch.Tensor]
    record: dict[str, Any]
    path: str = ""
    failures: dict[str, str] = field(default_factory=dict)

    def select(self, *indices: int) -> "Weights":
        """The stack of some of the runs."""
        return replace(
            self,
            keys=tuple(self.keys[index] for index in indices),
            env_steps=tuple(self.env_steps[index] for index in indices),
            tensors={name: value[list(indices)] for name, value in self.tensors.items()},
        )

    @property
    def snapshots(self) -> int:
        """M"""
        return next(iter(self.tensors.values())).shape[1]

    @cached_property
    def setup(self) -> Setup:
        """What its spec describes, with environments that all who play it share.

        Raises UserError for a member or a setting that the code no longer has.
        """
        for kind in {"agent", "method"} & self.spec.keys():
            known = registry.KINDS[kind].get(name := self.spec[kind])
            given = self.spec[f"{kind}_settings"].keys()
            gone = sorted(given - settings.read(known.module).keys()) if known else [name]
            if not known and (files := self.spec.get("plugins")):
                raise UserError(
                    f"{self.path}: {kind} {name} stands in a file of its study; call meta_rl.plugins.add({files}) "
                    "before, with the paths that they have from here"
                )
            if gone:
                raise UserError(
                    f"{self.path}: was trained with {', '.join(gone)}, which the present code does not have as "
                    f"{'settings of ' + name if known else kind}; delete it and run the workflow again"
                )
        return Setup(self.spec)

    def runs(self) -> Runs:
        """The last policy of every run: a stack of S."""
        return self._runs(self.keys, self.last)

    def every_snapshot(self) -> Runs:
        """All policies: a stack of S M, in which the snapshots of a run follow each other."""
        keys = [key for key in self.keys for _ in range(self.snapshots)]
        return self._runs(keys, {name: value.flatten(0, 1) for name, value in self.tensors.items()})

    def method(self) -> tuple[Setup, Method]:
        """The encoders of the file."""
        method = self.setup.method(Streams(self.keys))
        restore(method, self.last, self.path)
        return self.setup, method

    @property
    def last(self) -> dict[str, torch.Tensor]:
        """The tensors [S, ...] of the end."""
        return {name: value[:, -1] for name, value in self.tensors.items()}

    def _runs(self, keys: Sequence[str], weights: dict[str, torch.Tensor]) -> Runs:
        agent = self.setup.agent(Streams(keys))
        restore(agent, weights, self.path)
        return Runs(self.setup, agent.requires_grad_(False))


def join(parts: Sequence[Weights], failures: dict[str, str]) -> Weights:
    """One stack of several that were trained by the same spec, and the runs that failed."""
    return replace(
        parts[0],
        keys=tuple(key for part in parts for key in part.keys),
        env_steps=tuple(steps for part in parts for steps in part.env_steps),
        tensors={name: torch.cat([part.tensors[name] for part in parts]) for name in parts[0].tensors},
        failures=failures,
    )


def finite(weights: Weights) -> np.ndarray:
    """Which runs of the stack have only finite weights, bool [S]."""
    each = [value.isfinite().reshape(len(value), -1).all(1).numpy() for value in weights.tensors.values()]
    return np.logical_and.reduce(each)


def restore(module: torch.nn.Module, weights: dict[str, torch.Tensor], path: str) -> None:
    """Load weights [S, ...] into what was built from the same spec; raises UserError if those of `path` do not fit."""
    try:
        with torch.no_grad():
            own = tensors(module)
            if own.keys() != weights.keys():
                raise ValueError(f"it holds {sorted(weights)} instead of {sorted(own)}")
            for name, value in own.items():
                given = weights[name]
                if given.shape != value.shape:  # PyTorch would repeat some of them to fit
                    raise ValueError(f"{name} is {tuple(given.shape)} instead of {tuple(value.shape)}")
                value.copy_(given)
    except ValueError as error:
        raise UserError(
            f"{path}: its weights do not fit the present code ({error}); delete it and run the workflow again"
        ) from error


def tensors(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A module's weights, without what only a training needs (memory, optimiser)."""
    return {name: value for name, value in module.state_dict().items() if torch.is_tensor(value)}


def save(path: str | Path, weights: Weights) -> None:
    """Write atomically. Everything but the tensors is JSON."""
    names = ("spec", "keys", "env_steps", "record", "failures")
    tensor_files.save(path, {name: getattr(weights, name) for name in names}, weights.tensors)


def load(path: str | Path) -> Weights:
    """Read without running code from the file; a UserError if it is not whole, not one of ours, or not the job's."""

    def made(described: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Weights:
        shapes = {tuple(value.shape[:2]) for value in tensors.values()}
        runs, snapshots = shapes.pop()
        if shapes or runs != len(described["keys"]) or not snapshots:
            raise ValueError("its tensors are of different runs or snapshots")
        return Weights(
            spec=described["spec"],
            keys=tuple(described["keys"]),
            env_steps=tuple(described["env_steps"]),
            tensors=tensors,
            record=described["record"],
            path=str(path),
            failures=described["failures"],
        )

    return tensor_files.load(path, "policy or encoder file", made)
