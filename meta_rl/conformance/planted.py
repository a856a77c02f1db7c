"""Toy runs with planted failures: one thing that is seen tells them apart, and in the twin nothing does.

Every context is one of a linear system with noise. Half of the held-out contexts are failures, at random. In them
one thing differs: what the estimator says that it `reads`. Train contexts have no failures, but for what is fitted
on shortfalls, whose failures must show in training.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.registry import Entry
from meta_rl.spaces import Spaces
from meta_rl.streams import Streams
from meta_rl.uncertainty import view
from meta_rl.uncertainty.base import Estimator, Evidence, Shown
from meta_rl.uncertainty.watched import Watched

# What can be planted, and what then differs in failures.
PLANTED = {
    "context": "they lie outside the train range",
    "reward": "nothing is earned",
    "value": "less is expected from the start",
    "policy": "the policy is less decided",
    "epistemic": "critics disagree more",
    "aleatoric": "a critic expects more spread",
    "encoding": "z lies elsewhere",
    "dynamics": "the same action leads elsewhere",
    "states": "other states are seen",
    "shortfall": "they lie where training failed, too",
    "doubts": "another estimator doubts them more",
}
_FEATURE = Feature("planted", 1.0, 0.01, 100.0, "1")
TASK = Task(
    Spaces(observation=3, action=2, discrete=True),
    ContextSpace.of((_FEATURE,), {"planted": {"train": [0.5, 1.5]}}, "A", {}),
)
_STEPS, _FEW = 40, 24  # of an episode; contexts of a set that is fitted on
_WIDTHS = {"value": 1, "policy": 1, "epistemic": 1, "aleatoric": 1}


class Planted:
    """Runs of these keys, in which `kind` tells failures apart ("": nothing does)."""

    def __init__(self, keys: list[str], kind: str, contexts: int = 200) -> None:
        self.keys, self.kind, self.count = keys, kind, contexts
        spoilt = kind in ("shortfall", "doubts")
        self.train = self._set("train", _FEW, failing=spoilt)
        self.validation = self._set("validation", _FEW, failing=True)
        self.calibration = self._set("calibration", _FEW, failing=True)
        self.test = self._set("test", contexts, failing=True)

    def failures(self) -> np.ndarray:
        """Which held-out contexts are failures, bool [S, C]."""
        return np.asarray(self.test[2])

    def evidence(self, entry: Entry, budget: int | None) -> Evidence:
        """What an estimator with this line in the registry is fitted on."""
        sets = {"train": self.train, "validation": self.validation, "calibration": self.calibration}
        wanted = {"train", *(entry.needs & {"validation", "calibration"})}
        return Evidence(
            **{split: self._shown(entry, sets[split], budget) for split in sets if split in wanted}
        )

    def doubt(
        self, one: Estimator, entry: Entry, budget: int | None, order: np.ndarray | None = None
    ) -> Tensor:
        """What a fitted estimator says of the held-out contexts, in an order of theirs."""
        shown = self._shown(entry, self.test, budget)
        window, context = shown.window, shown.context
        if order is not None:
            window = window.contexts(torch.from_numpy(order))
            context = context if context is None else context[:, order]
        return one(window, context)

    def _shown(self, entry: Entry, drawn: Any, budget: int | None) -> Shown:
        watched, contexts, failing = drawn
        returned = torch.from_numpy(np.where(failing, 0.0, 40.0)[..., None] + np.linspace(-1, 1, 10))
        shown = view.shown(entry, watched, contexts, returned, 40.0 - returned.mean(-1))
        doubts = watched.doubts if "doubts" in entry.needs else None
        return shown._replace(window=shown.window.first(budget)._replace(doubts=doubts))

    def _set(self, name: str, count: int, failing: bool) -> tuple[Watched, Tensor, np.ndarray]:
        parts = [self._run(key, name, count, failing) for key in self.keys]
        watched, contexts, failures = zip(*parts, strict=True)
        every = [one.named() for one in watched]
        joined = {key: torch.cat([one[key] for one in every]) for key in every[0]}
        signals = {key: joined.pop(f"signal/{key}") for key in _WIDTHS}
        other = joined.pop("doubt/other")
        return (
            Watched(**joined, signals=signals, doubts={"other": other}),
            torch.cat(contexts),
            np.concatenate(failures),
        )

    def _run(self, key: str, name: str, count: int, failing: bool) -> tuple[Watched, Tensor, np.ndarray]:
        streams = Streams([f"{key}/{name}"])

        def normal(purpose: str, *shape: int) -> np.ndarray:
            return streams.normal(purpose, *shape)[0].copy()

        fails = (streams.uniform("fails", count)[0] < 0.5) & failing

        def planted(kind: str) -> np.ndarray:
            return fails & (self.kind == kind)

        context = 0.5 + streams.uniform("context", count)[0]
        context = np.where(planted("context"), context + 1.5, context)
        if self.kind == "shortfall":  # of the upper half of the train range
            context = 0.5 + 0.45 * streams.uniform("within", count)[0] + 0.5 * fails
        observation, action = self._episodes(normal, planted("dynamics"), planted("states"), count)
        reward = 1 + 0.1 * normal("reward", count, _STEPS)
        reward = np.where(planted("reward")[:, None], reward - 1, reward)
        apart = {"value": -3.0}
        signals = {
            kind: normal(kind, count, _STEPS, width) + apart.get(kind, 3.0) * planted(kind)[:, None, None]
            for kind, width in _WIDTHS.items()
        }
        encoding = normal("encoding", count, _STEPS, 2) + 6.0 * planted("encoding")[:, None, None]
        other = normal("other", count) + 6.0 * planted("doubts")
        steps = np.full(count, _STEPS)

        def run(array: np.ndarray, kind: torch.dtype = torch.float32) -> Tensor:
            return torch.from_numpy(array).to(kind).unsqueeze(0)

        watched = Watched(
            run(observation), run(action), run(reward), run(steps, torch.int64), run(steps, torch.int64),
            {kind: run(value) for kind, value in signals.items()}, run(encoding),
            {"other": run(other, torch.float64)},
        )  # fmt: skip
        return watched, run(context[:, None], torch.float64), fails[None]

    def _episodes(
        self, normal: Any, moved: np.ndarray, shifted: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """s' = 0.8 s + action + noise; the action is drawn alike everywhere, and shows where s has been."""
        state = normal("start", count, 3) + 3.0 * shifted[:, None]
        pushed = normal("action", count, _STEPS) > 0
        noise = 0.1 * normal("noise", count, _STEPS, 3)
        states = [state]
        for time in range(_STEPS):
            push = np.where(pushed[:, time], 0.5, -0.5)[:, None]
            drift = np.where(moved[:, None], 1.0, 0.0) + np.where(shifted[:, None], 0.6, 0.0)
            states.append(0.8 * states[-1] + push + drift + noise[:, time])
        return np.stack(states, 1), np.stack([pushed, ~pushed], -1).astype(float)
