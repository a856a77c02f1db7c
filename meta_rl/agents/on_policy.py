"""What an on-policy agent keeps of one rollout, and the advantages that it learns from."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from meta_rl.stack.context_index import ContextIndex
from meta_rl.stack.seen import CONTEXT, RECENT, Seen, Transition, Window


class Samples(NamedTuple):
    """B steps per seed; tensors [S, B, ...]. Targets are [..., S, B], with the axes of the agent's kind of critic."""

    seen: Seen
    raw: Tensor
    log_density: Tensor
    advantage: Tensor
    target: Tensor
    window: Window | None = None  # the critic's, where windows are drawn across episodes
    place: Tensor | None = None  # int64: where the memory has them


class Memory:
    """T steps of N rows. For a `joint` method it keeps all that is seen, to be read again as the agent learns.

    A method whose `transitions` are of its `context` also learns from windows that are drawn from all of the rollout's.
    """

    length = 1  # of what is sampled, in steps

    def __init__(self, capacity: int, joint: bool, transitions: str = RECENT) -> None:
        self.capacity, self.joint = capacity, joint
        self.across = joint and transitions == CONTEXT  # whether windows are drawn across episodes
        self._index: ContextIndex | None = None
        self.size = 0  # steps so far
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._steps = torch.empty(0)  # float32 [S, T, N, D]: all fields of a step side by side

    def add(
        self,
        step: Transition,
        seen: Seen,
        raw: Tensor,
        next_value: Tensor,
        transition: Tensor | None = None,
    ) -> None:
        """One step of all rows: what was seen as the networks get it, raw actions, and values [..., S, N] of what came.

        Where windows are drawn `across` episodes, also the transition [S, N, T] as the networks get it.
        """
        fields = self._fields(step, seen)
        if self.across and transition is not None:
            fields["transition"] = transition
        fields |= {"raw": raw, "reward": step.reward, "next_value": _behind(next_value, 2)}
        fields |= {"terminated": step.terminated, "truncated": step.truncated}
        if not self._shapes:
            self._shapes = {name: tuple(value.shape[2:]) for name, value in fields.items()}
            width = sum(map(math.prod, self._shapes.values())) + self._figures
            self._steps = torch.zeros(len(raw), self.capacity, raw.shape[1], width)
            self._index = ContextIndex(self.capacity * raw.shape[1]) if self.across else None
        if self._index is not None:
            assert step.number is not None, "which context it is from"
            self._index.add(self.size * raw.shape[1], step.number.numpy())
        packed = [value.flatten(2) if value.dim() > 2 else value.unsqueeze(-1) for value in fields.values()]
        torch.cat(packed, -1, out=self._steps[:, self.size, :, : -self._figures])
        self.size += 1

    @property
    def _figures(self) -> int:
        """How many of a step are known when the rollout is over: log-density, advantage and targets."""
        return 2 + math.prod(self._shapes["next_value"])

    def _fields(self, step: Transition, seen: Seen) -> dict[str, Tensor]:
        """What is kept of what was seen."""
        fields = {"observation": seen.observation if self.joint else seen.inputs}
        if self.joint and seen.context is not None:
            fields["context"] = seen.context
        if self.joint and seen.window is not None:
            fields |= {"transitions": seen.window.transitions, "mask": seen.window.mask}
        if self.joint and seen.state is not None:
            fields["state"] = seen.state
        return fields

    def field(self, name: str) -> Tensor:
        """Of every step of a full rollout, [S, T, N, ...]."""
        return self._unpack(self._steps)[name]

    def next_value(self) -> Tensor:
        """Values [..., S, T, N] of what every step of a full rollout led to."""
        return _in_front(self.field("next_value"), 3)

    def seen(self) -> Seen:
        """What was seen in every step of a full rollout, [S, T N, ...]."""
        return _seen(self._unpack(self._steps.flatten(1, 2)))

    def finish(self, log_density: Tensor, advantage: Tensor, target: Tensor) -> None:
        """Add the figures [S, T, N] of a full rollout, and targets [..., S, T, N], and make room for the next."""
        targets = _behind(target, 3).reshape(*advantage.shape, -1).unbind(-1)
        for column, figure in enumerate((log_density, advantage, *targets), -self._figures):
            self._steps[..., column] = figure
        self.size = 0

    def sample(self, index: Tensor) -> Samples:
        """The steps of the finished rollout at `index` (int64 [S, B], below T N)."""
        return self._samples(self._take(index), index)

    def _samples(self, steps: Tensor, place: Tensor) -> Samples:
        fields = self._unpack(steps)
        log_density, advantage, *targets = steps[..., -self._figures :].unbind(-1)
        axes = self._shapes["next_value"]
        target = torch.stack(targets).unflatten(0, axes) if axes else targets[0]
        return Samples(_seen(fields), fields["raw"], log_density, advantage, target, place=place)

    def of_context(self, index: Tensor, chance: Tensor) -> Window:
        """K transitions of this rollout in the same context for each step at `index`; chance U[0, 1), [S, B, K]."""
        assert self._index is not None
        drawn = torch.from_numpy(self._index.draw(index.numpy(), chance.numpy()))
        transitions = self._unpack(self._take(drawn))["transition"]
        return Window(transitions, torch.ones(drawn.shape))

    def state_dict(self) -> dict[str, Any]:
        return {
            "size": self.size, "shapes": dict(self._shapes), "steps": self._steps,
            "index": None if self._index is None else self._index.state_dict(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.size, self._shapes = state["size"], dict(state["shapes"])
        self._steps = state["steps"].clone()
        if state["index"] is not None:
            self._index = ContextIndex(self.capacity * self._steps.shape[2])
            self._index.load_state_dict(state["index"])

    def _take(self, index: Tensor) -> Tensor:
        """Whole steps [S, ..., D] at `index` (int64 [S, ...], below T N)."""
        steps = self._steps.flatten(1, 2)
        offset = torch.arange(len(steps)).view(-1, *[1] * (index.dim() - 1)) * steps.shape[1]
        return torch.embedding(steps.flatten(0, 1), index + offset)

    def _unpack(self, steps: Tensor) -> dict[str, Tensor]:
        """The fields [..., shape] of packed steps [..., D]."""
        widths = [math.prod(shape) for shape in self._shapes.values()]
        parts = steps[..., : -self._figures].split(widths, -1)
        named = zip(self._shapes.items(), parts, strict=True)
        return {
            name: part.unflatten(-1, shape) if shape else part.squeeze(-1) for (name, shape), part in named
        }


def _behind(values: Tensor, count: int) -> Tensor:
    """With the axes in front of the last `count` ones behind them."""
    ahead = values.dim() - count
    return values.permute(*range(ahead, values.dim()), *range(ahead))


def _in_front(values: Tensor, count: int) -> Tensor:
    """With the axes behind the first `count` ones in front of them."""
    return values.permute(*range(count, values.dim()), *range(count))


def _seen(fields: dict[str, Tensor]) -> Seen:
    window = Window(fields["transitions"], fields["mask"]) if "mask" in fields else None
    return Seen(fields["observation"], fields.get("context"), window, fields.get("state"))


def advantages(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: float,
    decay: float,
) -> Tensor:
    """Generalised advantage estimates with lambda = `decay` (Schulman et al. 2016, equation 16); [..., S, T, N].

    delta_t = r_t + gamma (1 - terminated_t) V(s'_t) - V(s_t), where s'_t is the state before any reset: the
    value of what would have come after a truncation counts. A_t = delta_t + gamma lambda (1 - ended_t) A_t+1
    """
    error = reward + gamma * torch.where(terminated, 0.0, next_value) - value
    weight = gamma * decay * (~(terminated | truncated)).float()
    found = torch.empty_like(error)
    after = torch.zeros_like(error[..., 0, :])
    for t in reversed(range(error.shape[-2])):
        after = found[..., t, :] = error[..., t, :] + weight[:, t] * after
    return found
