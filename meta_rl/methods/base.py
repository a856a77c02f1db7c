"""How a context reaches an agent: the one place where method and agent meet."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.protocols import CRITIC
from meta_rl.spaces import Environments, Spaces
from meta_rl.stack.seen import RECENT, Seen, Window
from meta_rl.streams import Streams


class Method(nn.Module):
    """What the agent is told about the context: an encoding z of `size`, beside the observation.

    `window` is the number K of transitions that it wants. `state` is the width H of what it keeps of an episode, where
    it has a history. It learns from windows of its `context` across episodes, of the `episode` so far, or of its last
    (`recent`) transitions. A running episode shows it the last ones where that is so, else a random subset. What the
    registry does not declare in `needs` arrives as None, in training and in evaluation. A method that the agent's
    losses train (`joint`) is one for all of its networks. The critic's loss trains it, and the policy gets z without
    gradient. `PerNetwork` is one for each.
    """

    shared: bool = True  # among an agent's networks
    window: int = 0
    transitions: str = RECENT
    anew: bool = False  # whether agents compute z anew as they learn, also where no loss trains it
    size: int = 0
    state: int = 0
    sequence: int = 0  # most successive steps that a loss goes back through to train how states come about
    burn_in: int = 0  # steps before those that bring a state up to date, where the agent has remembered them
    ordered: bool = False  # whether the order of the transitions in a window matters
    normalised: bool = False  # whether what no loss trains wants observations as the agent has its own
    probe_steps: int = 0  # of a policy of its own, from which the context is told, once and for all
    restarts: bool = True  # whether an episode starts anew after these steps, or goes on from them

    def embed(self, transitions: Tensor) -> Tensor:
        """The part of the encoding that looks at single transitions: [S, ..., T] -> [S, ..., E]."""
        return transitions

    def forward(self, seen: Seen) -> Tensor:
        """z, float32 [S, N, Z], from what was declared; windows hold embedded transitions [S, N, K, E]."""
        raise TypeError(f"{type(self).__name__} gives no encoding")

    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        """The states [S, N, H] after a step (s, a, s', r) [S, N, 2O + A + 1]; episodes begin with zeros."""
        raise TypeError(f"{type(self).__name__} has no history")

    def probe(self, observation: Tensor, chance: np.ndarray) -> Tensor:
        """What it does in one of its `probe_steps`: actions, drawn by random numbers U[0, 1), [S, N, C]."""
        raise TypeError(f"{type(self).__name__} has no probe")

    def encode(self, seen: Seen) -> Tensor:
        """z of what is seen, its window embedded or not; of width 0 where there is none."""
        if not self.size:
            return seen.observation[..., :0]
        window = seen.window
        if window is not None and not window.embedded:
            window = Window(self.embed(window.transitions), window.mask, embedded=True)
        return self(seen._replace(window=window))

    def inputs(self, seen: Seen) -> Tensor:
        """What a network gets: the observation, followed by z; [S, N, I]."""
        return torch.cat((seen.observation, self.encode(seen)), -1)

    def read(self, seen: Seen, network: str) -> Tensor:
        """The inputs of an agent's network, with gradient where its loss trains the method."""
        with torch.set_grad_enabled(network == CRITIC and torch.is_grad_enabled()):
            return self.inputs(seen)

    def told(self, seen: Seen, network: str) -> Tensor:
        """z as the network is told it."""
        return self.encode(seen)

    def width(self, spaces: Spaces, network: str) -> int:
        """Width I of what a network reads."""
        return spaces.observation + self.size

    def trained_by(self, network: str) -> list[nn.Parameter]:
        """The parameters that the loss of a network trains."""
        return list(self.parameters()) if network == CRITIC else []

    def pretrain(self, source: "Source", streams: Streams) -> dict[str, Any]:
        """Train before the agent does; returns figures per seed for the log. Only methods with `pretrain`.

        What it may spend beside the trajectories is what `meta_rl.study.budgets` counts.
        """
        raise TypeError(f"{type(self).__name__} is not pretrained")


class PerNetwork(Method):
    """A method with a module for each network of the agent, trained by that network's loss alone.

    `make` builds the one of a network, with streams of its own; they are made when the agent first asks for them.
    The states of all of them lie side by side.
    """

    shared = False

    def __init__(self, make: Callable[[Streams], Method], streams: Streams) -> None:
        super().__init__()
        self._make, self._keys = make, streams.keys
        self.parts = nn.ModuleDict()

    def part(self, network: str) -> Any:
        """The module of a network."""
        if network not in self.parts:
            made = self._make(Streams([f"{key}/{network}" for key in self._keys]))
            self.parts[network] = made
            self.window, self.size, self.state = made.window, made.size, self.state + made.state
            self.sequence, self.burn_in = made.sequence, made.burn_in
            self.transitions = made.transitions
        return self.parts[network]

    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        states = state.split([part.state for part in self.parts.values()], -1)
        pairs = zip(self.parts.values(), states, strict=True)
        return torch.cat([part.advance(own, step) for part, own in pairs], -1)

    def encode(self, seen: Seen) -> Tensor:
        return self.told(seen, next(iter(self.parts)))

    def read(self, seen: Seen, network: str) -> Tensor:
        return self.part(network).inputs(self._shown(seen, network))

    def told(self, seen: Seen, network: str) -> Tensor:
        return self.part(network).encode(self._shown(seen, network))

    def width(self, spaces: Spaces, network: str) -> int:
        return self.part(network).width(spaces, network)

    def trained_by(self, network: str) -> list[nn.Parameter]:
        return list(self.part(network).parameters())

    def _shown(self, seen: Seen, network: str) -> Seen:
        """With the state of that network alone."""
        if seen.past is not None:
            return seen._replace(past=seen.past._replace(start=self._own(seen.past.start, network)))
        return seen if seen.state is None else seen._replace(state=self._own(seen.state, network))

    def _own(self, states: Tensor, network: str) -> Tensor:
        widths = [part.state for part in self.parts.values()]
        return dict(zip(self.parts, states.split(widths, -1), strict=True))[network]


class Source(NamedTuple):
    """What a method may be pretrained on: trajectories, and the environments S x N that they come from."""

    trajectories: "Trajectories"
    contexts: np.ndarray  # the train contexts, float64 [S, C, F]
    environments: Callable[[tuple[int, int]], Environments]


class Trajectories(NamedTuple):
    """Transitions of C contexts per seed, M each, float32 [S, C, M, ...]; actions are one-hot if discrete.

    `reward` is [S, C, M, 1], or [S, C, M, 0] where the context does not act on it.
    """

    observation: Tensor
    action: Tensor
    next_observation: Tensor
    reward: Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the window axis of [S, N, K, Z], of what the mask [S, N, K] keeps; zero for an empty window."""
    weights = mask.unsqueeze(-1)
    return (values * weights).sum(-2) / weights.sum(-2).clamp(min=1.0)
