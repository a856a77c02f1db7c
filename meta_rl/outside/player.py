"""A trained run that acts in any loop over environments, and keeps its window or its state itself."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch

from meta_rl.errors import UserError
from meta_rl.outside.told_rows import ToldRows
from meta_rl.spaces import Environments
from meta_rl.stack.rollout import Rollout
from meta_rl.stack.seen import RECENT, Seen
from meta_rl.streams import KEYS, Streams
from meta_rl.training.policy import Runs

_TOLD = ("context", "wrong_context")  # needs that stand in `info` under these names


class Player:
    """The greedy policy of one run.

        player.reset()
        action = player.act(observation, info)
        action = player.act(observation, info, reward)     # of the step that led here
        player.reset(ended)                                # rows of a vector whose episodes begin anew

    Observations are [O], or [N, O] of a vector, as `plain` ids give them; actions and values then have N entries. A
    method that is told its context reads it from `info["context"]`, {feature: value} in units, as our ids give it, when
    an episode begins; a control that is told a wrong one from `info["wrong_context"]`. `reward` is asked for where
    what the method keeps depends on it.

    `needs` of the method: as in the registry. A method with a probe of its own acts by it in its first `probe_steps`
    steps. Where episodes start anew after them, call `reset(after=...)` then.
    """

    def __init__(self, runs: Runs) -> None:
        """A stack of one run."""
        self._setup, self._agent = runs
        self._spaces, self.needs = self._setup.environment.spaces, self._setup.entry.needs
        method = self._agent.method
        self.probe_steps = method.probe_steps
        self._rewarded = "history" in self.needs or ("window" in self.needs and self._spaces.rewarded)
        self._streams = Streams(self._agent.streams.keys)
        self._rollout: Rollout | None = None
        self._fresh: np.ndarray | None = None  # which rows begin; None: all, however many come
        self._known: Seen | None = None  # what they begin from
        self.reset()

    def reset(self, rows: Any = None, after: tuple[Any, Any] | None = None) -> None:
        """New episodes with the next observation: in all rows, or in some of them, bool [N].

        With `after`, the last observation and reward of unscored steps in all rows, what those have shown stays known,
        as in `probe10`.
        """
        if after is not None:
            if rows is not None or self._rollout is None:
                raise UserError("player: reset(after=...) follows steps, and takes all rows; act first")
            self._take(self._batch(after[0]), {}, after[1])
            self._known, self._probing, self._fresh = self._rollout.seen, False, None
        elif rows is None:
            self._known, self._probing, self._fresh = None, True, None
        elif self._fresh is not None:
            chosen = np.asarray(rows, dtype=bool)
            if chosen.shape != self._fresh.shape:
                raise UserError(
                    f"player: rows is of shape {chosen.shape}, but there are {len(self._fresh)} rows; give a bool "
                    "for each, or leave it out"
                )
            if chosen.any() and self.probe_steps and self._agent.method.restarts:
                raise UserError(
                    "player: after its probe this method begins all rows anew; reset without rows"
                )
            self._fresh = self._fresh | chosen

    def act(self, observation: Any, info: Any = None, reward: Any = None) -> Any:
        """The action here; int64 or float32 [A], of a vector with a leading axis N.

        `info` is that of Gymnasium, of its vectors, or a list of one per row. Raises UserError if a shape is wrong or
        `info` lacks what the method is told.
        """
        batch = self._batch(observation)
        self._take(batch, info, reward)
        assert self._rollout is not None
        action = self._agent.act(self._rollout.seen, explore=False)
        probing = self._age < self.probe_steps if self._probing else np.zeros(len(batch), dtype=bool)
        if probing.any():
            width = self._spaces.chance
            chance = self._streams.uniform(f"player probe {len(batch)}", len(batch), width)
            probe = self._agent.method.probe(self._rollout.seen.observation, chance)
            here = torch.from_numpy(probing)[None]
            action = torch.where(here if action.ndim == 2 else here.unsqueeze(-1), probe, action)
        self._action = action
        found = action[0].numpy()
        return found if np.ndim(observation) > 1 else found[0]

    def value(self) -> Any:
        """The agent's own estimate of the discounted return from the last observation: float32, of a vector [N]."""
        if self._rollout is None:
            raise UserError("player: has seen nothing yet; act first")
        found = self._agent.value(self._rollout.seen)[0].detach().numpy()
        return found if self._vector else found[0]

    def _batch(self, observation: Any) -> np.ndarray:
        """float32 [N, O]"""
        seen = np.asarray(observation, dtype=np.float32)
        self._vector = seen.ndim == 2
        if seen.ndim not in (1, 2) or seen.shape[-1] != self._spaces.observation:
            raise UserError(
                f"player: the observation is of shape {seen.shape}, but must be ({self._spaces.observation},), or "
                f"(N, {self._spaces.observation}) of a vector"
            )
        return np.array(seen if self._vector else seen[None])  # a copy: environments write into theirs

    def _take(self, batch: np.ndarray, info: Any, reward: Any) -> None:
        """See what came of the last actions, and begin where it is due."""
        rows = len(batch)
        if self._fresh is None:
            self._begin(batch, info)
        else:
            if rows != len(self._fresh):
                raise UserError(
                    f"player: acted in {len(self._fresh)} rows, and is now given {rows}; reset it"
                )
            self._step(batch, reward)
            if self._fresh.any():
                self._start(self._fresh, info)
        self._fresh = np.zeros(rows, dtype=bool)

    def _begin(self, batch: np.ndarray, info: Any) -> None:
        self._told = ToldRows(self._spaces, batch[None])
        own = self.probe_steps or None
        fills = own if self._probing else 0 if own else None
        # A rollout asks no more of environments than that.
        self._rollout = self._agent.rollout(cast(Environments, self._told), self.needs, fills)
        self._age = np.zeros(len(batch), dtype=np.int64)
        self._start(np.ones(len(batch), dtype=bool), info)

    def _step(self, batch: np.ndarray, reward: Any) -> None:
        assert self._rollout is not None
        assert self._fresh is not None
        if reward is None and self._rewarded and not self._fresh.all():
            raise UserError(
                "player: what this method keeps depends on rewards; act(observation, info, reward)"
            )
        given = np.zeros(len(batch)) if reward is None else np.asarray(reward, dtype=np.float64)
        self._told.tell(batch[None], given.reshape(1, len(batch)))
        self._rollout.step(self._action)
        self._age = self._age + 1

    def _start(self, rows: np.ndarray, info: Any) -> None:
        assert self._rollout is not None
        count, method = len(rows), self._agent.method
        told = {need: self._contexts(need, info, count) for need in _TOLD if need in self.needs}
        none = np.zeros((1, count, 0))
        keys = None
        if method.transitions != RECENT:
            keys = self._streams.integers(f"player window {count}", KEYS, count)
        self._rollout.reset(
            rows[None], told.get("context", none), none, told.get("wrong_context"), self._known, keys
        )
        self._age[rows] = 0

    def _contexts(self, key: str, info: Any, rows: int) -> np.ndarray:
        """float64 [1, N, F], the features that vary."""
        each = [info] if isinstance(info, Mapping) else info if isinstance(info, Sequence) else [{}]
        features = []
        for one in each:
            if not isinstance(one.get(key), Mapping) or not set(self._setup.names) <= one[key].keys():
                raise UserError(
                    f"player: this method is told {', '.join(self._setup.names)}; act(observation, info) where an "
                    f"episode begins, with info['{key}'] = {{feature: value}}"
                )
            features.append(
                [np.broadcast_to(one[key][name], rows // len(each)) for name in self._setup.names]
            )
        values = np.array(features, dtype=np.float64)  # [1, F, N] or [N, F, 1]
        return np.moveaxis(values, 1, 2).reshape(1, rows, len(self._setup.names))
