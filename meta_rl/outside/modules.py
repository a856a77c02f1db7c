"""A PyTorch module as a policy from outside."""

from typing import Any

import numpy as np
import torch

from meta_rl.errors import UserError
from meta_rl.outside.rows import as_actions, rows_of
from meta_rl.spaces import Spaces


class Module:
    """A module that maps observations [N, O] to actions [N, A], or to a number for each discrete action.

    Of discrete actions the one with the greatest number is taken, be it a value or a logit; whole numbers [N] are
    actions themselves. It is put into evaluation mode for each call, and back.
    """

    gamma, remembers, looped, together = 1.0, False, False, True

    def __init__(self, module: torch.nn.Module, spaces: Spaces) -> None:
        self._module, self._spaces = module, spaces

    def begin(self, rows: int) -> None:
        """It remembers nothing."""

    @torch.no_grad()
    def act(self, observation: Any) -> np.ndarray:
        rows, spaces, training = rows_of(observation), self._spaces, self._module.training
        self._module.eval()
        try:
            found = self._module(_tensors(observation, next(self._module.parameters(), torch.zeros(0))))
        finally:
            self._module.train(training)
        if not torch.is_tensor(found):
            raise UserError(
                f"policy: the module returns {type(found).__name__}, but must return a tensor; wrap it in a function "
                "of observations that returns actions"
            )
        if spaces.discrete and found.is_floating_point() and found.shape == (rows, spaces.action):
            found = found.argmax(-1)
        return as_actions(found, spaces, rows)

    def value(self, observation: Any) -> np.ndarray:
        return np.full(rows_of(observation), np.nan)


def _tensors(observation: Any, like: torch.Tensor) -> Any:
    if isinstance(observation, dict):
        return {key: _tensors(value, like) for key, value in observation.items()}
    return torch.from_numpy(observation).to(like.device, like.dtype)
