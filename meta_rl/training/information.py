"""What an agent that infers its context knows of it when a scored episode begins.

    cold          nothing: what it does to learn the context happens inside the episode, and its rewards count
    probe10       what 10 unscored steps have shown, after which the episode starts anew
    observed_{n}  what n unscored steps have shown, and nothing more while the episode lasts; `observed_episode`:
                  a whole episode

Methods are ranked within `cold` and within `probe10`. The others show what an observation is worth.
"""

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.base import Agent
from meta_rl.registry import Entry
from meta_rl.spaces import Environments
from meta_rl.stack.seen import Seen
from meta_rl.tables.columns import COLD, OBSERVED, PROBED

PROBE_STEPS = 10
_WHOLE = 10**9  # more steps than any episode has


def regime(information: str) -> tuple[int, int | None]:
    """How many unscored steps there are, and how many transitions the window takes in after them (None: all)."""
    if information == COLD:
        return 0, None
    if information == PROBED:
        return PROBE_STEPS, None
    steps = information.removeprefix(OBSERVED)
    return _WHOLE if steps == "episode" else int(steps), 0


def regimes_of(entry: Entry, observed: list[int | str]) -> list[str]:
    """The regimes that make a difference to a method with this line in the registry.

    A method with a history has no `observed_{n}`: its state takes in whatever happens.
    """
    budgets = observed if "window" in entry.needs else []
    return [COLD, *([PROBED] if entry.infers else []), *(f"{OBSERVED}{budget}" for budget in budgets)]


class Prober:
    """Unscored steps in every row, by the method's own probe or else by the greedy agent; an episode at most."""

    def __init__(self, environments: Environments, agent: Agent, needs: frozenset[str]) -> None:
        self._agent, self._probe = agent, agent.method.probe
        fills = None if self._probe is None else agent.method.probe_steps  # what comes later is not told
        self._rollout = agent.rollout(environments, needs, fills)

    def __call__(
        self,
        contexts: np.ndarray,
        noise: np.ndarray,
        steps: int,
        wrong: np.ndarray | None = None,
        keys: np.ndarray | None = None,
    ) -> tuple[Seen, np.ndarray]:
        """What is known after `steps` steps in contexts [S, N, F] from noise [S, N, U]; steps taken, int64 [S, N].

        `wrong` are the contexts that a method is told which declares a wrong one; `keys` are as in `Rollout.reset`.
        """
        rollout = self._rollout
        running = torch.ones(rollout.environments.rows, dtype=torch.bool)
        rollout.reset(running.numpy(), contexts, noise, wrong, keys=keys)
        known = rollout.seen
        taken = torch.zeros(running.shape, dtype=torch.int64)
        for _ in range(steps):
            step = rollout.step(self._act(rollout.seen))
            known = _learnt(rollout.seen, known, running)
            taken += running
            running = running & ~(step.terminated | step.truncated)
            if not running.any():
                break
        return known, taken.numpy()

    def _act(self, seen: Seen) -> Tensor:
        if self._probe is None:
            return self._agent.act(seen, explore=False)
        return self._probe.act(Seen(seen.observation), explore=False)


def _learnt(now: Seen, before: Seen, rows: Tensor) -> Seen:
    """The window and the state of now in `rows` (bool [S, N]), those of before elsewhere."""
    window, state = now.window, now.state
    if window is not None and before.window is not None:
        window = window.where(rows, before.window)
    if state is not None and before.state is not None:
        state = torch.where(rows.unsqueeze(-1), state, before.state)
    return now._replace(window=window, state=state)
