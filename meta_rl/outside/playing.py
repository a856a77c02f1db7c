"""The episodes of policies from outside, in the contexts, from the starts and as the rows of a study."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from meta_rl import job
from meta_rl.gym.contexts import ContextSet
from meta_rl.gym.observations import Observer, observer
from meta_rl.outside.rows import RowPolicy
from meta_rl.stack.play import Episodes, play
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import Seen
from meta_rl.tables.columns import COLD, PROBED
from meta_rl.training.block import label_of
from meta_rl.training.episodes import Cases, cases
from meta_rl.training.evaluation import Sets, results, select, who
from meta_rl.training.setup import Setup


class Stage:
    """Where policies play: the environment of a benchmark, seen as `observe` says.

    The spec has `benchmark`, `environment`, `features`, `train_set`, `boxes` and `observe`, as in
    `meta_rl.gym.observations`.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec, self.setup = spec, Setup(spec)
        self.environment, self._space = self.setup.environment, self.setup.task.contexts
        features = self.environment.features
        self._defaults = np.array([feature.default for feature in features])
        names = [feature.name for feature in features]
        self._varied = [names.index(name) for name in self._space.names]
        one = self._all(self._space.defaults[None])
        chosen = ContextSet(
            spec["benchmark"], None, self.environment, np.zeros(1, dtype=np.int64), one, self._space
        )
        self.observer: Observer = observer(spec["benchmark"], spec["observe"], chosen)

    def trial(self, rows: int) -> Any:
        """Observations of so many rows: starts in the default context."""
        noise = np.linspace(0.1, 0.9, rows * self.environment.noise).reshape(1, rows, -1)
        contexts = np.tile(self._space.defaults, (1, rows, 1))
        built = self.setup.environments((1, rows))
        built.reset(np.ones((1, rows), dtype=bool), contexts, noise)
        return self.observer.look(built.observation[0].copy(), self._all(contexts[0]))

    def play(self, policy: RowPolicy, chunk: Cases) -> tuple[Episodes, np.ndarray, np.ndarray]:
        """Episodes [1, R] of one policy, its values at their starts [1, R], and whether all actions were numbers."""
        contexts = self._all(chunk.contexts[0])
        values: list[np.ndarray] = []
        sound = np.ones(chunk.context_id.shape, dtype=bool)

        def act(seen: Seen) -> Tensor:
            observation = self.observer.look(seen.observation[0].numpy(), contexts)
            actions = policy.act(observation)
            if not values:
                values.append(np.asarray(policy.value(observation), dtype=np.float64))
            if actions.dtype.kind == "f":
                finite = np.isfinite(actions)
                sound[0] &= finite.all(axis=-1)
                actions = np.where(finite, actions, np.float32(0))
            return torch.from_numpy(actions)[None]

        policy.begin(len(contexts))
        rollout = Rollout(self.setup.reused(chunk.context_id.shape))
        played = play(rollout, act, chunk.contexts, chunk.noise, policy.gamma)
        return played, values[0][None], sound

    def _all(self, varied: np.ndarray) -> np.ndarray:
        """The values [N, A] of all features, from those [N, F] that vary."""
        values = np.tile(self._defaults, (len(varied), 1))
        values[:, self._varied] = varied
        return values


def evaluate(
    policies: Mapping[int, RowPolicy], sets: Sets, seeds: np.ndarray, stage: Stage, spec: dict[str, Any]
) -> pd.DataFrame:
    """Rows of the table `evaluation`: the policy of each seed in its contexts of `sets`.

    Spec: `benchmark`, `agent`, `variant` and `episodes`. A policy that remembers nothing does the same whatever was
    shown before, so that its episodes stand in both regimes; others play in `cold` alone.
    """
    label, done = label_of(spec, seeds), 0
    numbers = np.arange(spec["episodes"])
    progress = job.Progress(label, sum(ids.size for ids, _ in sets.values()) * len(numbers), "episodes")
    rows = []
    for index, seed in enumerate(seeds):
        policy = policies[int(seed)]
        size = stage.environment.chunk if policy.together else 1
        for split, (ids, values) in select(sets, [index]).items():
            whole = cases(spec["benchmark"], split, ids, values, numbers, stage.environment.noise)
            for chunk in whole.chunks(size):
                played = stage.play(policy, chunk)
                key = who(spec, seeds[[index]], chunk, COLD, 1)
                rows.append(key.assign(**results(*played)))
                progress.update(done := done + chunk.context_id.size)
    frame = pd.concat(rows, ignore_index=True)
    blind = frame["seed"].isin([seed for seed, policy in policies.items() if not policy.remembers])
    return pd.concat([frame, frame[blind].assign(information=PROBED)], ignore_index=True)
