"""What an on-policy agent keeps of a rollout for a method whose states its losses train: steps in sequences."""

import torch
from torch import Tensor

from meta_rl.agents.on_policy import Memory, Samples
from meta_rl.spaces import Spaces
from meta_rl.stack.seen import Past, Seen, Transition, one_hot


def longest(most: int, steps: int, minibatch: int) -> int:
    """The length of the longest sequences, of up to `most` steps, in which rollouts and minibatches are whole."""
    return next(length for length in range(most, 0, -1) if steps % length == minibatch % length == 0)


class SequenceMemory(Memory):
    """Samples are whole sequences of `length` steps of a row, from the states that their first steps began with."""

    def __init__(self, capacity: int, length: int, spaces: Spaces) -> None:
        super().__init__(capacity, joint=True)
        self.length, self._actions = length, spaces.action

    def _fields(self, step: Transition, seen: Seen) -> dict[str, Tensor]:
        done = {"action": one_hot(step.action, self._actions), "fresh": step.age == 0}
        return super()._fields(step, seen) | done

    def sample(self, index: Tensor) -> Samples:
        """The sequences at `index` (int64 [S, Q], below T N / `length`), one after the other: [S, Q `length`, ...]."""
        rows = self._steps.shape[2]
        first = index // rows * (self.length * rows) + index % rows
        place = (first.unsqueeze(-1) + torch.arange(self.length) * rows).flatten(1)
        steps = self._take(place)
        fields = self._unpack(steps.unflatten(1, (-1, self.length)))
        past = Past(
            start=fields["state"][:, :, 0],
            observation=fields["observation"],
            action=fields["action"],
            reward=fields["reward"],
            fresh=fields["fresh"] > 0,
            learnt=self.length,
            over=False,
        )
        samples = self._samples(steps, place)
        return samples._replace(seen=samples.seen._replace(state=None, past=past))
