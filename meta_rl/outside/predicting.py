"""Models of Stable-Baselines3, and whatever has its `predict`, as policies from outside."""

from typing import Any

import numpy as np

from meta_rl.errors import UserError
from meta_rl.outside.rows import as_actions, rows_of
from meta_rl.spaces import Spaces


class Predicting:
    """A model with `predict(observation, state, episode_start, deterministic)`, as Stable-Baselines3's and SBX's have.

    `statistics` is the VecNormalize with which it was trained, if any. Raises UserError if it was trained with one that
    is not given, or if its spaces are not those of `observed`.
    """

    looped, together = False, True

    def __init__(self, model: Any, spaces: Spaces, observed: Any, statistics: Any = None) -> None:
        self._model, self._spaces = model, spaces
        if statistics is None and callable(getattr(model, "get_vec_normalize_env", None)):
            statistics = model.get_vec_normalize_env()  # of a model that still has its environments
        if statistics is None and getattr(model, "_last_original_obs", None) is not None:
            raise UserError(
                "policy: was trained with VecNormalize, whose running statistics are another file than the model's: "
                "give it as vec_normalize (what VecNormalize.save wrote), else the model sees other numbers than it "
                "has learnt from"
            )
        self._statistics = statistics
        self.gamma = float(getattr(model, "gamma", 1.0))
        self.remembers = False
        _check_spaces(model, spaces, observed)
        self.begin(1)

    def begin(self, rows: int) -> None:
        self._state: Any = None
        self._first = np.ones(rows, dtype=bool)

    def act(self, observation: Any) -> np.ndarray:
        actions, self._state = self._model.predict(
            self._seen(observation), state=self._state, episode_start=self._first, deterministic=True
        )
        self._first = np.zeros_like(self._first)
        self.remembers |= self._state is not None
        return as_actions(actions, self._spaces, rows_of(observation))

    def value(self, observation: Any) -> np.ndarray:
        """Of on-policy models that do not scale rewards: the scale of theirs is not that of returns."""
        policy: Any = getattr(self._model, "policy", None)
        scaled = self._statistics is not None and self._statistics.norm_reward
        if scaled or self._state is not None or not hasattr(policy, "predict_values"):
            return np.full(rows_of(observation), np.nan)
        import torch  # Stable-Baselines3 has imported it

        with torch.no_grad():
            found = policy.predict_values(policy.obs_to_tensor(self._seen(observation))[0])
        return np.asarray(found.cpu()).reshape(-1)

    def _seen(self, observation: Any) -> Any:
        return observation if self._statistics is None else self._statistics.normalize_obs(observation)


def _check_spaces(model: Any, spaces: Spaces, observed: Any) -> None:
    own, actions = model.observation_space, model.action_space
    if own.shape != observed.shape or set(getattr(own, "spaces", {})) != set(getattr(observed, "spaces", {})):
        raise UserError(
            f"policy: takes observations of {own}, but sees {observed} here; was it trained on the same id, with the "
            "same `observe`?"
        )
    same = (
        getattr(actions, "n", None) == spaces.action if spaces.discrete else actions.shape == (spaces.action,)
    )
    if not same:
        kind = f"{spaces.action} discrete ones" if spaces.discrete else f"{spaces.action} continuous ones"
        raise UserError(f"policy: takes actions of {actions}, but there are {kind} here")
