"""What an agent that infers its context knows of it when a scored episode begins.

    cold          nothing: what it does to learn the context happens inside the episode, and its rewards count
    probe10       what 10 unscored steps have shown, after which the episode starts anew
    observed_{n}  what n unscored steps have shown, and nothing more while the episode lasts; `observed_episode`:
                  a whole episode

Methods are ranked within `cold` and within `probe10`. The others show what an observation is worth. A method with a
probe of its own is tested as it was trained: where episodes start anew after the probe, in `probe10` and
`observed_{n}` alone; where they go on from it, in `cold` alone.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.base import Agent
from meta_rl.agents.protocols import Method
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


def regimes_of(entry: Entry, method: Method, observed: list[int | str]) -> list[str]:
    """The regimes of a method with this line in the registry, that which an agent is tuned for first.

    They are those that make a difference to it, and that it was trained for. A method with a history has no
    `observed_{n}`: its state takes in whatever happens.
    """
    shown = [f"{OBSERVED}{budget}" for budget in observed] if "window" in entry.needs else []
    if method.probe_steps:
        return [PROBED, *shown] if method.restarts else [COLD]
    return [COLD, *([PROBED] if entry.infers else []), *shown]


class Probed(NamedTuple):
    """What unscored steps have left, in rows [S, N]."""

    seen: Seen  # window and state as of the last step, or of the episode's end before it
    taken: np.ndarray  # int64: steps
    returned: np.ndarray  # float64: sum of their rewards
    over: np.ndarray  # bool: whether the episode has ended in them


class Prober:
    """Unscored steps in every row, by the method's own probe or else by the greedy agent; an episode at most."""

    def __init__(self, environments: Environments, agent: Agent, needs: frozenset[str]) -> None:
        self.environments, self._agent, self._own = environments, agent, agent.method.probe_steps
        self._rollout = agent.rollout(environments, needs)

    def __call__(
        self,
        contexts: np.ndarray,
        noise: np.ndarray,
        steps: int,
        wrong: np.ndarray | None = None,
        keys: np.ndarray | None = None,
        chance: np.ndarray | None = None,
    ) -> Probed:
        """What is known after `steps` steps in contexts [S, N, F] from noise [S, N, U].

        `wrong` are the contexts that a method is told which declares a wrong one; `keys` are as in `Rollout.reset`. A
        method's own probe takes no more steps than it has, and draws its actions by the random numbers `chance`
        [S, N, steps, C].
        """
        rollout = self._rollout
        running = torch.ones(rollout.environments.rows, dtype=torch.bool)
        rollout.reset(running.numpy(), contexts, noise, wrong, keys=keys)
        known = rollout.seen
        taken = torch.zeros(running.shape, dtype=torch.int64)
        returned = torch.zeros(running.shape, dtype=torch.float64)
        for number in range(min(steps, self._own) if self._own else steps):
            if self._own:
                assert chance is not None
                action = self._agent.method.probe(rollout.seen.observation, chance[:, :, number])
            else:
                action = self._agent.act(rollout.seen, explore=False)
            step = rollout.step(action)
            known = _learnt(rollout.seen, known, running)
            taken += running
            returned += step.reward * running
            running = running & ~(step.terminated | step.truncated)
            if not running.any():
                break
        return Probed(known, taken.numpy(), returned.numpy(), ~running.numpy())


def _learnt(now: Seen, before: Seen, rows: Tensor) -> Seen:
    """The window and the state of now in `rows` (bool [S, N]), those of before elsewhere."""
    window, state = now.window, now.state
    if window is not None and before.window is not None:
        window = window.where(rows, before.window)
    if state is not None and before.state is not None:
        state = torch.where(rows.unsqueeze(-1), state, before.state)
    return now._replace(window=window, state=state)
