"""The replay memory of off-policy agents: a ring buffer with a seed axis that can rebuild windows."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from meta_rl.kernels.kinds import CHOICE, FLAG, NUMBER
from meta_rl.spaces import Spaces
from meta_rl.stack.context_index import ContextIndex
from meta_rl.stack.packed import put, take
from meta_rl.stack.seen import CONTEXT, EPISODE, RECENT, Seen, Transition, Window
from meta_rl.stack.subsets import subset


class Batch(NamedTuple):
    """B remembered transitions per seed, [S, B, ...]."""

    seen: Seen
    action: Tensor
    reward: Tensor
    next_seen: Seen
    terminated: Tensor
    place: Tensor | None = None  # int64: where the memory has them


class Replay:
    """The last `capacity` transitions of each seed.

    For a frozen method observations are stored with their z, which is not computed again. For a
    `joint` method, which is trained through the agent's loss, observations are stored raw, with the context
    and the states as they were, if the agent sees them. Its windows are of what it learns from (`transitions`):

    - `recent`: that of t is the up to K transitions before it in the same episode, exactly as at test time, rebuilt
      from each transition's age in its episode;
    - `episode`: a random subset of all transitions before it in the same episode;
    - `context`: K random transitions of the same context, across episodes, and the same ones for t + 1.
    """

    def __init__(
        self, capacity: int, joint: bool, window: int, spaces: Spaces, transitions: str = RECENT
    ) -> None:
        self.capacity, self.joint, self.window, self.spaces = capacity, joint, window, spaces
        self._transitions = transitions if joint and window else RECENT
        # How many random numbers a sampled transition takes.
        self.chances = {CONTEXT: window, EPISODE: window + 1, RECENT: 0}[self._transitions]
        self._index = ContextIndex(capacity) if self._transitions == CONTEXT else None
        self.size = 0  # transitions held per seed
        self._head = 0
        self._rows = 1
        self._widths: dict[str, int] = {}
        self._kinds = {"action": CHOICE if spaces.discrete else NUMBER, "terminated": FLAG}
        self._ring = torch.empty(0)  # float32 [S, capacity, D]: all fields of a transition side by side

    def add(self, step: Transition) -> None:
        """Store one step of all rows; N must divide the capacity."""
        fields = {  # the first ones are a packed transition, ready for windows, with or without the reward
            "observation": step.seen.observation if self.joint else step.seen.inputs,
            "action": step.action,
            "next_observation": step.next_seen.observation if self.joint else step.next_seen.inputs,
            "reward": step.reward,
            "terminated": step.terminated,
            "age": step.age.float(),
        }
        if self.joint and step.seen.context is not None:
            fields["context"] = step.seen.context
        if self.joint and step.seen.state is not None and step.next_seen.state is not None:
            fields |= {"state": step.seen.state, "next_state": step.next_seen.state}
        if not self._widths:
            self._allocate(fields)
        if self._index is not None:
            assert step.number is not None, "which context it is from"
            self._index.add(self._head, step.number.numpy())
        put(fields, self._widths, self._ring[:, self._head : self._head + self._rows])
        self._head = (self._head + self._rows) % self.capacity
        self.size = min(self.size + self._rows, self.capacity)

    @property
    def choices(self) -> int:
        """How many there are to sample from."""
        return self.size

    def sample(self, index: Tensor, chance: Tensor | None = None) -> Batch:
        """The transitions at `index` (int64 [S, B], below `choices`); chance U[0, 1), float64 [S, B, `chances`]."""
        wanted = self._widths if self.joint else self._widths.keys() - {"age"}
        fields = take(self._ring, index, self._widths, self._kinds, wanted)
        before = after = None
        if self.joint and self.window:
            before, after = self._windows(index, fields["age"], chance)
        context = fields.get("context")
        return Batch(
            seen=Seen(fields["observation"], context, before, fields.get("state")),
            action=fields["action"],
            reward=fields["reward"].squeeze(-1),
            next_seen=Seen(fields["next_observation"], context, after, fields.get("next_state")),
            terminated=fields["terminated"],
            place=index,
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "ring": self._ring, "widths": dict(self._widths),
            "size": self.size, "head": self._head, "rows": self._rows,
            "index": None if self._index is None else self._index.state_dict(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._ring = state["ring"].clone()
        self._widths = dict(state["widths"])
        self.size, self._head, self._rows = state["size"], state["head"], state["rows"]
        if self._index is not None:
            self._index.load_state_dict(state["index"])

    def _allocate(self, fields: dict[str, Tensor]) -> None:
        seeds, self._rows = fields["reward"].shape[:2]
        if self.capacity % self._rows:
            raise ValueError(f"a replay of {self.capacity} cannot hold {self._rows} rows in whole steps")
        self._widths = {name: value.shape[-1] if value.dim() == 3 else 1 for name, value in fields.items()}
        self._widths["action"] = self.spaces.action
        self._ring = torch.zeros(seeds, self.capacity, sum(self._widths.values()))

    def _take(self, index: Tensor) -> Tensor:
        """Whole rows [S, ..., D] of the ring."""
        offset = torch.arange(len(self._ring)).view(-1, *[1] * (index.dim() - 1)) * self.capacity
        return torch.embedding(self._ring.flatten(0, 1), index + offset)

    def _windows(self, index: Tensor, age: Tensor, chance: Tensor | None) -> tuple[Window, Window]:
        """The windows of t and of t + 1. Where the mask is 0 there is some other transition."""
        if self._index is not None:
            assert chance is not None
            rows = self._take(torch.from_numpy(self._index.draw(index.numpy(), chance.numpy())))
            window = Window(rows[..., : self.spaces.transition], torch.ones(rows.shape[:-1]))
            return window, window
        start = self._head if self.size == self.capacity else 0
        held = (index - start) % self.capacity // self._rows  # older steps of this row that are still here
        before = torch.minimum(age.squeeze(-1).long(), held)
        if self._transitions == EPISODE:
            assert chance is not None
            back = 1 + subset(before, self.window, chance[..., :-1])
            transitions = self._before(index, back)
            mask = (torch.arange(self.window) < before.unsqueeze(-1)).float()
            window = Window(transitions, mask, taken=before)
            own = self._take(index)[..., : self.spaces.transition]
            return window, window.offer(own, chance[..., -1])
        # Both windows are parts of the K + 1 transitions that end at t.
        back = torch.arange(self.window, -1, -1)
        mask = (back <= before.unsqueeze(-1)).float()
        transitions = self._before(index, back)
        return (
            Window(transitions[..., :-1, :], mask[..., :-1]),
            Window(transitions[..., 1:, :], mask[..., 1:]),
        )

    def _before(self, index: Tensor, back: Tensor) -> Tensor:
        """The transitions of the same row that came `back` steps before those at `index`, [S, B, K, T]."""
        rows = self._take((index.unsqueeze(-1) - back * self._rows) % self.capacity)
        return rows[..., : self.spaces.transition]
