"""What an agent is: it owns its method, memory and optimiser, and meets the context through the method alone."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from meta_rl.agents.protocols import CRITIC, POLICY, Method
from meta_rl.spaces import Environments, Spaces
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import RECENT, Seen, Transition
from meta_rl.streams import Streams


def within(action: Tensor, limit: float) -> Tensor:
    """Continuous actions clipped to +-limit. What is no number becomes 0: a diverged run plays on, for its stack."""
    return action.nan_to_num(0.0).clamp(-limit, limit)


class Agent(nn.Module, ABC):
    """A learner over S seeds. `state_dict()` holds all that a training needs to go on, memory included.

    Tensors have the shapes [S, N, ...]. Here method and networks meet: each network reads what is seen through
    `read`. Where no loss trains the method, its z is computed once a step and comes with what is seen.
    """

    networks: tuple[str, ...] = (POLICY, CRITIC)  # the first one acts
    method: Method
    spaces: Spaces
    joint: bool  # whether z is computed anew as the agent learns, with gradient into what its losses train
    streams: Streams
    gamma: float
    n_envs: int  # N in training
    probed: np.ndarray | int = 0  # env_steps [S] of probes, in which a training passes for the agent, too

    def meet(self, method: Method, joint: bool, spaces: Spaces) -> dict[str, int]:
        """Take the method; the width of what each network will read of it.

        Raises ValueError for a method that hides the observation or has a module for each network, and is not joint.
        """
        self.method = method
        self.joint = joint = joint or method.anew
        widths = {network: method.width(spaces, network) for network in self.networks}
        if not joint and (not method.shared or set(widths.values()) != {spaces.observation + method.size}):
            raise ValueError(
                "what no loss trains stands beside the observation, one for all networks: set joint"
            )
        return widths

    def trained_with(self, network: str) -> list[nn.Parameter]:
        """What of the method the loss of this network trains."""
        own = self.method.trained_by(network) if self.joint else []
        return [parameter for parameter in own if parameter.requires_grad]

    def normalised(self, seen: Seen) -> Seen:
        """What is seen as the networks, and a method that they train, get it."""
        return seen

    def read(self, seen: Seen, network: str, method: Method | None = None) -> Tensor:
        """What a network gets of normalised steps, [S, B, I], with gradient into what it trains of the method.

        `method`: a copy of the agent's own, to read by instead.
        """
        return (method or self.method).read(seen, network) if self.joint else seen.inputs

    def read_both(self, seen: Seen, method: Method | None = None) -> tuple[Tensor, Tensor]:
        """What policy and critic get of the same steps; a method that is one for both is asked once."""
        known = self.read(seen, CRITIC, method)
        shared = not self.joint or self.method.shared
        return known.detach() if shared else self.read(seen, POLICY, method), known

    @torch.no_grad()
    def encode(self, seen: Seen) -> Tensor:
        """z [S, N, Z] of what was seen: what the network that acts is told beside the observation."""
        if seen.encoding is not None:
            return seen.encoding
        if not self.joint:
            return self.method.encode(seen)
        return self.method.told(self.normalised(seen), self.networks[0])

    @torch.no_grad()
    def embed(self, transitions: Tensor) -> Tensor:
        """What a window keeps of new transitions [S, N, T] while the method does not change."""
        return self.method.embed(transitions)

    @torch.no_grad()
    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        """The states [S, N, H] of a method with a history after a step [S, N, 2O + A + 1]."""
        return self.method.advance(state, step)

    def rollout(self, environments: Environments, needs: frozenset[str], fills: int | None = None) -> Rollout:
        """Rows that are seen as the agent's method wants it; `needs` and `fills` are as in `Watch`."""
        method = self.method
        embed = None if self.joint else self.embed
        encode = self.encode if method.size and not self.joint else None
        random = method.transitions != RECENT
        watch = Watch(needs, method.window, fills, embed, encode, method.state, self.advance, random)
        return Rollout(environments, watch)

    @abstractmethod
    def act(self, seen: Seen, explore: bool) -> Tensor:
        """int64 [S, N] where actions are discrete, else float32 [S, N, A]; the greedy ones without `explore`."""

    @abstractmethod
    def learn(self, step: Transition) -> dict[str, Tensor]:
        """Take in one step of every row and update when due; figures of the update, each [S]."""

    @abstractmethod
    def value(self, seen: Seen) -> Tensor:
        """The expected discounted return from here under the current policy, float32 [S, N]."""

    @abstractmethod
    def doubt(self, seen: Seen) -> dict[str, Tensor]:
        """How uncertain its kind of critic is of the value of the greedy action, float32 [S, N], by signal.

        `epistemic`: what more data would end. `aleatoric`: the chance in returns. A plain critic says neither.
        """

    @torch.no_grad()
    def signals(self, seen: Seen) -> dict[str, Tensor]:
        """What estimators of doubt may read of the agent in a state, by name, each float32 [S, N, D].

        `value` [S, N, 1] of every agent, and what its line in the registry names: `policy`, the entropy of the policy
        [S, N, 1], or the values of the actions [S, N, A] where these make the policy; `epistemic` and `aleatoric`
        [S, N, 1] as in `doubt`.
        """
        doubt = self.doubt(seen)
        return {name: one.unsqueeze(-1) for name, one in ({"value": self.value(seen)} | doubt).items()}
