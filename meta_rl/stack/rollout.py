"""Collecting experience: what an agent sees of each row, step by step, and whole episodes for evaluation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl.spaces import Environments, Spaces

Encode = Callable[["Seen"], Tensor]


class Window(NamedTuple):
    """The last K transitions of the current episode, oldest first; `mask` is 1 where there is one.

    A transition is (s, a, s'), or (s, a, s', r) where the context acts on the reward (`Spaces.rewarded`).

    A frozen method's embedding of each transition may stand for the transition, so that it is computed once.
    """

    transitions: Tensor  # float32 [S, N, K, T], or the method's width where embedded
    mask: Tensor  # float32 [S, N, K]
    embedded: bool = False

    def add(self, new: Tensor) -> "Window":
        """With a new transition [S, N, T] in every row, and without the oldest one."""
        transitions = torch.cat((self.transitions[:, :, 1:], new.unsqueeze(2)), 2)
        mask = torch.cat((self.mask[:, :, 1:], torch.ones_like(self.mask[:, :, :1])), 2)
        return Window(transitions, mask, self.embedded)

    def where(self, rows: Tensor, other: "Window") -> "Window":
        """This one in `rows` (bool [S, N]), the other one elsewhere."""
        mine = rows.unsqueeze(-1)
        transitions = torch.where(mine.unsqueeze(-1), self.transitions, other.transitions)
        return Window(transitions, torch.where(mine, self.mask, other.mask), self.embedded)


class Seen(NamedTuple):
    """All that a policy may use at one step. What its method did not declare is None."""

    observation: Tensor  # float32 [S, N, O]
    context: Tensor | None = None  # float32 [S, N, F]; a wrong one for a method that declares that
    window: Window | None = None


class Transition(NamedTuple):
    """One step of every row, as agents learn from it; tensors [S, N, ...]."""

    seen: Seen
    inputs: Tensor  # what the policy acted on
    action: Tensor
    reward: Tensor  # float32
    next_seen: Seen  # before any reset
    next_inputs: Tensor
    terminated: Tensor  # bool
    truncated: Tensor  # bool
    age: Tensor  # int64: steps of this episode before this one


def one_hot(action: Tensor, actions: int) -> Tensor:
    """Actions as vectors [..., A]: one-hot where they are discrete, else as they are."""
    return action if action.is_floating_point() else torch.nn.functional.one_hot(action, actions).float()


def pack(
    observation: Tensor, action: Tensor, next_observation: Tensor, reward: Tensor, spaces: Spaces
) -> Tensor:
    """A transition as one vector [..., T]; actions are one-hot where discrete, rewards are [...]."""
    fields = observation, one_hot(action, spaces.action), next_observation
    return torch.cat((*fields, reward.unsqueeze(-1)) if spaces.rewarded else fields, -1)


class Rollout:
    """Steps environments and keeps what is seen of them: observations, contexts and windows, where needed.

    `encode` maps what is seen to the inputs of a policy, [S, N, I]; it is called once per step. `embed`,
    given for a method that does not change meanwhile, maps a new transition to what the window keeps of it.
    Windows take in the first `fills` transitions of an episode, or all of them. The first reset must take every
    row.
    """

    inputs: Tensor  # of what is seen now

    def __init__(
        self,
        environments: Environments,
        needs: frozenset[str] = frozenset(),
        window: int = 0,
        encode: Encode = lambda seen: seen.observation,
        embed: Callable[[Tensor], Tensor] | None = None,
        fills: int | None = None,
    ) -> None:
        self.environments = environments
        self._needs, self._encode, self._embed, self._fills = needs, encode, embed, fills
        rows, spaces = environments.rows, environments.spaces
        self._age = torch.zeros(rows, dtype=torch.int64)
        blank = torch.zeros(rows[0], 1, 1, spaces.transition)  # masked, so one stands for all
        blank = (embed(blank) if embed else blank).expand(*rows, window, -1)
        empty = Window(blank, torch.zeros(*rows, window), embed is not None)
        self.seen = Seen(
            torch.from_numpy(environments.observation), None, empty if "window" in needs else None
        )

    def reset(
        self,
        rows: np.ndarray,
        contexts: np.ndarray,
        noise: np.ndarray,
        wrong: np.ndarray | None = None,
        known: Window | None = None,
    ) -> None:
        """Start new episodes where `rows` (bool [S, N]), with empty windows or with those that are `known`.

        `wrong` are the contexts [S, N, F] that a method is told which declares a wrong one.
        """
        self.environments.reset(rows, contexts, noise)
        chosen = torch.from_numpy(rows)
        self._age = self._age.masked_fill(chosen, 0)
        context, window = self.seen.context, self.seen.window
        told = contexts if "context" in self._needs else wrong if "wrong_context" in self._needs else None
        if told is not None:
            fresh = torch.from_numpy(told).float()
            context = fresh if context is None else torch.where(chosen.unsqueeze(-1), fresh, context)
        if window is not None and known is not None:
            window = window.where(~chosen, known)
        elif window is not None:
            gone = chosen.unsqueeze(-1)
            blank = window.transitions.masked_fill(gone.unsqueeze(-1), 0.0)
            window = Window(blank, window.mask.masked_fill(gone, 0.0), window.embedded)
        self.seen = Seen(torch.from_numpy(self.environments.observation), context, window)
        inputs = self._encode(self.seen)
        # The others keep theirs: a joint method may have learnt since they were encoded, and when that shows
        # in one run must not depend on when episodes of other runs end.
        self.inputs = inputs if rows.all() else torch.where(chosen.unsqueeze(-1), inputs, self.inputs)

    def step(self, action: Tensor) -> Transition:
        """Act in every row: int64 [S, N] where discrete, else float32 [S, N, A]."""
        seen, inputs, age = self.seen, self.inputs, self._age
        step = self.environments.step(action.numpy())
        following = torch.from_numpy(step.next_observation)
        reward = torch.from_numpy(step.reward).float()
        window = seen.window
        if window is not None and (self._fills is None or (age < self._fills).any()):
            new = pack(seen.observation, action, following, reward, self.environments.spaces)
            longer = window.add(new if self._embed is None else self._embed(new))
            window = longer if self._fills is None else longer.where(age < self._fills, window)
        self.seen = Seen(following, seen.context, window)
        self.inputs = self._encode(self.seen)
        self._age = age + 1
        return Transition(
            seen, inputs, action, reward, self.seen, self.inputs,
            torch.from_numpy(step.terminated), torch.from_numpy(step.truncated), age,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Tensors, numbers and tuples only, so that it can be loaded without running code."""
        observation, context, window = self.seen
        return {
            "environments": {k: torch.from_numpy(v) for k, v in self.environments.state_dict().items()},
            "seen": (observation, context, None if window is None else tuple(window)),
            "inputs": self.inputs,
            "age": self._age,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.environments.load_state_dict({k: v.numpy() for k, v in state["environments"].items()})
        observation, context, window = state["seen"]
        self.seen = Seen(observation, context, None if window is None else Window(*window))
        self.inputs, self._age = state["inputs"], state["age"]


class Episodes(NamedTuple):
    """One finished episode per row, each [S, N], and the policy's inputs [S, N, I] at its start and its end."""

    episode_return: np.ndarray
    episode_length: np.ndarray
    discounted_return: np.ndarray
    first_inputs: Tensor
    last_inputs: Tensor


def play(
    rollout: Rollout,
    act: Callable[[Tensor], Tensor],
    contexts: np.ndarray,
    noise: np.ndarray,
    gamma: float,
    wrong: np.ndarray | None = None,
    known: Window | None = None,
) -> Episodes:
    """One episode in every row, from a common reset; rows that ended idle until all have.

    `act` maps inputs [S, N, I] to actions; contexts are [S, N, F], noise [S, N, U]; the rest is as in `reset`.
    """
    rows = rollout.environments.rows
    running = np.ones(rows, dtype=bool)
    rollout.reset(running, contexts, noise, wrong, known)
    first, last = rollout.inputs, rollout.inputs.clone()
    total, discounted, length = np.zeros(rows), np.zeros(rows), np.zeros(rows, dtype=np.int64)
    discount = 1.0
    while running.any():
        step = rollout.step(act(rollout.inputs))
        reward = np.where(running, step.reward.numpy(), 0.0)
        total += reward
        discounted += discount * reward
        discount *= gamma
        length += running
        ended = running & (step.terminated | step.truncated).numpy()
        if ended.any():
            chosen = torch.from_numpy(ended)
            last[chosen] = step.next_inputs[chosen]
            running &= ~ended
    return Episodes(total, length, discounted, first, last)
