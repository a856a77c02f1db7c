"""Steps of environments, and what is seen of each row: observations, contexts, windows and states, where needed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from meta_rl.spaces import Environments
from meta_rl.stack.seen import Seen, Transition, Window, pack
from meta_rl.streams import numbered


class Watch(NamedTuple):
    """What is to be seen beside observations, and how.

    `needs` are those of the method: `context`, `wrong_context`, `window`, `history`. Windows hold `window`
    transitions, and take in the first `fills` ones of an episode, or all of them. `embed` maps a new transition
    to what the window keeps of it, `encode` all that is seen to z; both are given where no loss trains the
    method, so that each is done once. `advance` maps a state [S, N, `state`] and a step [S, N, 2O + A + 1] to
    the state after it. Where `random`, windows are random subsets of the episode so far instead of its end.
    """

    needs: frozenset[str] = frozenset()
    window: int = 0
    fills: int | None = None
    embed: Callable[[Tensor], Tensor] | None = None
    encode: Callable[[Seen], Tensor] | None = None
    state: int = 0
    advance: Callable[[Tensor, Tensor], Tensor] | None = None
    random: bool = False


class Rollout:
    """Steps environments and keeps what is seen of them. The first reset must take every row."""

    def __init__(self, environments: Environments, watch: Watch = Watch()) -> None:  # noqa: B008 (immutable)
        self.environments, self._watch = environments, watch
        rows, spaces = environments.rows, environments.spaces
        self._age = torch.zeros(rows, dtype=torch.int64)
        self._keys = torch.zeros(rows, dtype=torch.int64)  # of the draws of each row's episode
        window = state = None
        if "window" in watch.needs:
            blank = torch.zeros(rows[0], 1, 1, spaces.transition)  # masked, so one stands for all
            blank = (watch.embed(blank) if watch.embed else blank).expand(*rows, watch.window, -1)
            taken = torch.zeros(rows, dtype=torch.int64) if watch.random else None
            window = Window(blank, torch.zeros(*rows, watch.window), watch.embed is not None, taken)
        if "history" in watch.needs:
            state = torch.zeros(*rows, watch.state)
        self.seen = Seen(torch.from_numpy(environments.observation), None, window, state)

    def reset(
        self,
        rows: np.ndarray,
        contexts: np.ndarray,
        noise: np.ndarray,
        wrong: np.ndarray | None = None,
        known: Seen | None = None,
        keys: np.ndarray | None = None,
        begun: Environments | None = None,
    ) -> None:
        """Start new episodes where `rows` (bool [S, N]), with empty windows and states or with those that are `known`.

        `wrong` are the contexts [S, N, F] that a method is told which declares a wrong one. Random windows are drawn by
        `keys`, int64 [S, N]. Episodes that have `begun` elsewhere go on from there.
        """
        if begun is None:
            self.environments.reset(rows, contexts, noise)
        else:
            self.environments.adopt(rows, begun)
        chosen = torch.from_numpy(rows)
        if self._watch.random:
            assert keys is not None, "random windows are drawn by keys"
            self._keys = torch.where(chosen, torch.from_numpy(keys), self._keys)
        self._age = self._age.masked_fill(chosen, 0)
        _, context, window, state, *_ = self.seen
        needs = self._watch.needs
        told = contexts if "context" in needs else wrong if "wrong_context" in needs else None
        if told is not None:
            fresh = torch.from_numpy(told).float()
            context = fresh if context is None else torch.where(chosen.unsqueeze(-1), fresh, context)
        gone = chosen.unsqueeze(-1)
        if window is not None:
            if known is not None and known.window is not None:
                window = window.where(~chosen, known.window)
            else:
                blank = window.transitions.masked_fill(gone.unsqueeze(-1), 0.0)
                taken = None if window.taken is None else window.taken.masked_fill(chosen, 0)
                window = Window(blank, window.mask.masked_fill(gone, 0.0), window.embedded, taken)
        if state is not None:
            start = torch.zeros_like(state) if known is None or known.state is None else known.state
            state = torch.where(gone, start, state)
        self._see(torch.from_numpy(self.environments.observation), context, window, state)

    def step(self, action: Tensor) -> Transition:
        """Act in every row: int64 [S, N] where discrete, else float32 [S, N, A]."""
        seen, age, watch = self.seen, self._age, self._watch
        step = self.environments.step(action.numpy())
        following = torch.from_numpy(step.next_observation)
        reward = torch.from_numpy(step.reward).float()
        window, state = seen.window, seen.state
        fills = window is not None and (watch.fills is None or bool((age < watch.fills).any()))
        if fills or state is not None:
            spaces = self.environments.spaces
            new = pack(seen.observation, action, following, reward, spaces)
            if window is not None and fills:
                transition = new[..., : spaces.transition]
                longer = self._longer(window, watch.embed(transition) if watch.embed else transition)
                window = longer if watch.fills is None else longer.where(age < watch.fills, window)
            if state is not None and watch.advance is not None:
                state = watch.advance(state, new)
        self._see(following, seen.context, window, state)
        self._age = age + 1
        return Transition(
            seen, action, reward, self.seen,
            torch.from_numpy(step.terminated), torch.from_numpy(step.truncated), age,
        )  # fmt: skip

    def _longer(self, window: Window, new: Tensor) -> Window:
        if window.taken is None:
            return window.add(new)
        return window.offer(new, torch.from_numpy(numbered(self._keys.numpy(), window.taken.numpy())))

    def _see(self, *seen: Any) -> None:
        self.seen = Seen(*seen)
        if self._watch.encode is not None:
            self.seen = self.seen._replace(encoding=self._watch.encode(self.seen))

    def state_dict(self) -> dict[str, Any]:
        """Tensors, numbers and tuples only, so that it can be loaded without running code."""
        observation, context, window, state, encoding, _ = self.seen
        return {
            "environments": {k: torch.from_numpy(v) for k, v in self.environments.state_dict().items()},
            "seen": (observation, context, None if window is None else tuple(window), state, encoding),
            "age": self._age,
            "keys": self._keys,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.environments.load_state_dict({k: v.numpy() for k, v in state["environments"].items()})
        observation, context, window, *rest = state["seen"]
        self.seen = Seen(observation, context, None if window is None else Window(*window), *rest)
        self._age, self._keys = state["age"], state["keys"]
