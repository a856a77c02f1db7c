"""What is seen of rows, and what a step of them is: the words that stacks, methods and agents share."""

from typing import NamedTuple

import torch
from torch import Tensor

from meta_rl.spaces import Spaces
from meta_rl.stack.subsets import reservoir_place

# Which transitions a method learns from: any of its context across episodes, any of the episode so far, or its last.
CONTEXT, EPISODE, RECENT = "context", "episode", "recent"


class Window(NamedTuple):
    """K transitions of one context; `mask` is 1 where there is one.

    In a running episode they are its last ones, oldest first, or a random subset of all so far.

    A transition is (s, a, s'), or (s, a, s', r) where the context acts on the reward (`Spaces.rewarded`).

    A frozen method's embedding of each transition may stand for the transition, so that it is computed once.
    """

    transitions: Tensor  # float32 [S, N, K, T], or the method's width where embedded
    mask: Tensor  # float32 [S, N, K]
    embedded: bool = False
    taken: Tensor | None = None  # int64 [S, N]: of how many it is a random subset, where it is one

    def add(self, new: Tensor) -> "Window":
        """With a new transition [S, N, T] in every row, and without the oldest one."""
        transitions = torch.cat((self.transitions[:, :, 1:], new.unsqueeze(2)), 2)
        mask = torch.cat((self.mask[:, :, 1:], torch.ones_like(self.mask[:, :, :1])), 2)
        return Window(transitions, mask, self.embedded)

    def offer(self, new: Tensor, chance: Tensor) -> "Window":
        """With one more transition [S, N, T] of the episode to be a random subset of; chance U[0, 1), [S, N]."""
        assert self.taken is not None, "not a random subset"
        size = self.mask.shape[-1]
        here = reservoir_place(self.taken, size, chance).unsqueeze(-1) == torch.arange(size)
        transitions = torch.where(here.unsqueeze(-1), new.unsqueeze(2), self.transitions)
        return Window(transitions, self.mask.masked_fill(here, 1.0), self.embedded, self.taken + 1)

    def where(self, rows: Tensor, other: "Window") -> "Window":
        """This one in `rows` (bool [S, N]), the other one elsewhere."""
        mine = rows.unsqueeze(-1)
        transitions = torch.where(mine.unsqueeze(-1), self.transitions, other.transitions)
        mask, taken = torch.where(mine, self.mask, other.mask), self.taken
        if taken is not None and other.taken is not None:
            taken = torch.where(rows, taken, other.taken)
        return Window(transitions, mask, self.embedded, taken)


class Past(NamedTuple):
    """The steps that states come from, in a batch whose losses train how a method's states come about.

    There are Q sequences of T successive steps of a row each. The batch [S, B, ...] is the last `learnt` ones of each
    sequence, one sequence after the other, as far as B goes. The T - `learnt` ones before them, the burn-in, bring
    the state up to date and get no gradient (Kapturowski et al. 2019, section 3).
    """

    start: Tensor  # float32 [S, Q, H]: the states before the first steps, as they were then
    observation: Tensor  # float32 [S, Q, T, O]: what was seen
    action: Tensor  # float32 [S, Q, T, A]: what was done then, one-hot where discrete
    reward: Tensor  # float32 [S, Q, T]
    fresh: Tensor  # bool [S, Q, T]: whether an episode began with the step, from a state of zeros
    learnt: int
    over: bool  # whether the batch is what the steps led to, not what they began from


class Seen(NamedTuple):
    """All that a policy may use at one step. What its method did not declare is None."""

    observation: Tensor  # float32 [S, N, O]
    context: Tensor | None = None  # float32 [S, N, F]; a wrong one for a method that declares that
    window: Window | None = None
    state: Tensor | None = None  # float32 [S, N, H]: what a method with a history keeps of the episode so far
    encoding: Tensor | None = None  # z, float32 [S, N, Z], where no loss trains the method
    past: Past | None = None  # instead of `state`, in batches for a method that learns from sequences

    @property
    def inputs(self) -> Tensor:
        """What networks get where no loss trains the method: the observation, followed by z; [S, N, I]."""
        return self.observation if self.encoding is None else torch.cat((self.observation, self.encoding), -1)


class Transition(NamedTuple):
    """One step of every row, as agents learn from it; tensors [S, N, ...]."""

    seen: Seen
    action: Tensor
    reward: Tensor  # float32
    next_seen: Seen  # before any reset
    terminated: Tensor  # bool
    truncated: Tensor  # bool
    age: Tensor  # int64: steps of this episode before this one
    number: Tensor | None = None  # int64: which of its run's contexts it is from; no method sees it


def one_hot(action: Tensor, actions: int) -> Tensor:
    """Actions as vectors [..., A]: one-hot where they are discrete, else as they are."""
    return action if action.is_floating_point() else torch.nn.functional.one_hot(action, actions).float()


def pack(observation: Tensor, action: Tensor, following: Tensor, reward: Tensor, spaces: Spaces) -> Tensor:
    """A step as one vector (s, a, s', r), [..., 2O + A + 1], which begins with a transition; rewards are [...]."""
    return torch.cat((observation, one_hot(action, spaces.action), following, reward.unsqueeze(-1)), -1)
