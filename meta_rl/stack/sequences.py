"""A replay memory of sequences, for a method whose states the agent's losses train (R2D2: Kapturowski et al. 2019)."""

from typing import Any

import torch
from torch import Tensor

from meta_rl.spaces import Spaces
from meta_rl.stack.replay import Batch, Replay
from meta_rl.stack.seen import Past, Transition


class SequenceReplay(Replay):
    """Samples successive steps of a row: `burn_in` ones, and the `sequence` ones after them that are learnt from.

    Sequences may go on into the next episode of their row. They begin at every `sequence`th step, so that each step is
    learnt from in one of them, and states, the widest part, are kept of these steps alone.
    """

    def __init__(self, capacity: int, sequence: int, burn_in: int, spaces: Spaces) -> None:
        super().__init__(capacity, True, 0, spaces)
        self._sequence, self._burn_in = sequence, burn_in
        self._steps = 0  # of each row, those included that are forgotten
        # float32 [S, M, N, H], of the last M steps at which a sequence may begin.
        self._states = torch.empty(0)

    def add(self, step: Transition) -> None:
        seen, following = step.seen, step.next_seen
        assert seen.state is not None
        super().add(step._replace(seen=seen._replace(state=None), next_seen=following._replace(state=None)))
        if not self._states.numel():
            if self.capacity < (self._burn_in + 2 * self._sequence) * self._rows:
                raise ValueError(
                    f"a replay of {self.capacity} cannot hold sequences of {self._sequence} steps after "
                    f"{self._burn_in} of {self._rows} rows"
                )
            marks = self.capacity // self._rows // self._sequence + 1
            self._states = seen.state.new_zeros(len(seen.state), marks, *seen.state.shape[1:])
        mark, between = divmod(self._steps, self._sequence)
        if not between:
            self._states[:, mark % self._states.shape[1]] = seen.state
        self._steps += 1

    @property
    def choices(self) -> int:
        """How many whole sequences there are; none, at the beginning."""
        first, last = self._marks()
        return max(0, last - first + 1) * self._rows

    def sample(self, index: Tensor, chance: Tensor | None = None) -> Batch:
        """B transitions in as many of the sequences at `index` (int64 [S, B], below `choices`) as it takes."""
        count = index.shape[1]
        chosen = index[:, : -(-count // self._sequence)]
        mark, row = self._marks()[0] + chosen // self._rows, chosen % self._rows
        learnt = min(self._sequence, count)
        time = (mark * self._sequence).unsqueeze(-1) + torch.arange(self._burn_in + learnt)
        at = (time * self._rows + row.unsqueeze(-1)) % self.capacity
        fields = dict(zip(self._widths, self._take(at).split(list(self._widths.values()), -1), strict=True))
        run = torch.arange(len(index)).unsqueeze(-1)
        past = Past(
            start=self._states[run, mark % self._states.shape[1], row],
            observation=fields["observation"],
            action=fields["action"],
            reward=fields["reward"].squeeze(-1),
            fresh=fields["age"].squeeze(-1) == 0,
            learnt=learnt,
            over=False,
        )
        batch = super().sample(at[:, :, self._burn_in :].flatten(1)[:, :count])
        return batch._replace(
            seen=batch.seen._replace(past=past),
            next_seen=batch.next_seen._replace(past=past._replace(over=True)),
        )

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"steps": self._steps, "states": self._states}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self._steps, self._states = state["steps"], state["states"].clone()

    def _marks(self) -> tuple[int, int]:
        """The first and the last place in the steps of a row, in units of `sequence`, where a sequence may begin."""
        oldest = self._steps - self.size // self._rows
        return -(-oldest // self._sequence), (self._steps - self._burn_in - self._sequence) // self._sequence
