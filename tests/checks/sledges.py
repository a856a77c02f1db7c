"""Sledges as environments: sound ones, and one of each kind that the gate must fail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.envs.base import PhysicsRows
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Spaces

GAIN = Feature("gain", 1.0, 0.0, 3.0, "1")
DRAG = Feature("drag", 0.1, 0.0, 1.0, "1")
END = 50.0


class Sledge:
    """x' = x - drag * x + gain * (-1 or 1), which ends far out; its reward is the place."""

    features: tuple[Feature, ...] = (GAIN, DRAG)
    spaces = Spaces(observation=1, action=2, discrete=True)
    noise, horizon, chunk = 1, 100, 8
    refused: Mapping[str, str] = MappingProxyType({})
    controllers: tuple[str, ...] = ()

    def initial(self, noise: np.ndarray, context: Sequence[Any]) -> tuple[np.ndarray, ...]:
        return (noise[0] - 0.5,)

    def step(self, state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[Any, Any, Any]:
        gain, drag, *_ = context
        place = state[0] - drag * state[0] + gain * (2 * action - 1)
        return (place,), place, np.abs(place) > END

    def observation(self, state: Sequence[Any]) -> np.ndarray:
        return np.float32(state[0])[..., None]

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> PhysicsRows:
        return PhysicsRows(self, varied, rows)

    def plain(self, context: dict[str, float]) -> "Plain":
        return Plain(context)


class Plain:
    """The same, written once more, as a Gymnasium environment."""

    def __init__(self, context: dict[str, float], end: float = END, bias: float = 0.0) -> None:
        self.context, self.end, self.bias = context, end, bias
        self.unwrapped, self.closed = self, False

    def reset(self, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
        self.state = np.random.default_rng(seed).random(1)
        return np.float32(self.state), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        push = self.context["gain"] if action == 1 else -self.context["gain"]
        self.state = (1 - self.context["drag"]) * self.state + push + self.bias
        place = float(self.state[0])
        return np.float32(self.state), place, abs(place) > self.end, False, {}

    def close(self) -> None:
        self.closed = True


class Dead(Sledge):
    """Its third feature acts on nothing."""

    features = (GAIN, DRAG, Feature("colour", 1.0, 0.0, 3.0, "1"))


class Turned(Sledge):
    """Its gain may take the other sign."""

    features = (replace(GAIN, low=-2.0), DRAG)


class Unturned(Turned):
    """But the sign acts on nothing."""

    def step(self, state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[Any, Any, Any]:
        gain, drag = context
        return super().step(state, action, (np.abs(gain), drag))


class Faint(Sledge):
    """Its third feature acts, but hardly: a wind of a thousandth of the pull."""

    features = (GAIN, DRAG, Feature("wind", 1.0, 0.0, 3.0, "mm"))

    def step(self, state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[Any, Any, Any]:
        gain, drag, wind = context
        (place,), _, ended = super().step(state, action, (gain, drag))
        return (place + 1e-3 * wind,), place + 1e-3 * wind, ended

    def plain(self, context: dict[str, float]) -> "Plain":
        return Plain(context, bias=1e-3 * context["wind"])


class Walled(Sledge):
    """Its third feature acts on who gets as far as that."""

    features = (GAIN, DRAG, Feature("wall", 9.5, 1.0, 20.0, "m"))

    def step(self, state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[Any, Any, Any]:
        (place,), _, ended = super().step(state, action, context)
        place = np.clip(place, -context[2], context[2])
        return (place,), place, ended

    def plain(self, context: dict[str, float]) -> Plain:
        class Bounded(Plain):
            def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
                super().step(action)
                self.state = np.clip(self.state, -context["wall"], context["wall"])
                return np.float32(self.state), float(self.state[0]), False, False, {}

        return Bounded(context)


class Leaky(Sledge):
    """The drag of a row is that of the row before it, too."""

    def step(self, state: Sequence[Any], action: Any, context: Sequence[Any]) -> tuple[Any, Any, Any]:
        gain, drag = context
        return super().step(state, action, (gain, np.minimum(drag, np.roll(drag, 1))))


class Otherwise(Sledge):
    """The plain environment has no drag but its own."""

    def plain(self, context: dict[str, float]) -> Plain:
        return Plain(context | {"drag": DRAG.default})


class Shorter(Sledge):
    """With another drag, the plain environment ends where this one goes on."""

    def plain(self, context: dict[str, float]) -> Plain:
        return Plain(context, end=END if context["drag"] == DRAG.default else 1.0)


class Biased(Sledge):
    """The plain environment is another one where nothing is varied."""

    def plain(self, context: dict[str, float]) -> Plain:
        usual = all(context[feature.name] == feature.default for feature in self.features)
        return Plain(context, bias=1e-4 if usual else 0.0)


class Simulated(Sledge):
    """The same over workers, which start where the plain environment starts."""

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> Any:
        return SimulatorRows(self, varied, rows, render)

    def make(self, render_mode: str | None) -> Plain:
        return Plain({})

    def apply(self, worker: Plain, context: dict[str, float]) -> None:
        worker.context = context


class Selfmade(Simulated):
    """Its plain environment is the code that the rows run, which is wrong in two places: nobody would know."""

    def apply(self, worker: Plain, context: dict[str, float]) -> None:
        worker.context = context | {"drag": 2 * context["drag"]}

    def plain(self, context: dict[str, float]) -> Plain:
        worker = self.make(None)
        self.apply(worker, context)
        return worker


class Vouching(Sledge):
    """Its plain environment takes the step that its rows take."""

    def plain(self, context: dict[str, float]) -> Plain:
        sledge = self

        class Same(Plain):
            def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
                columns = sledge.step((self.state[0],), action, tuple(context.values()))
                (place,), reward, ended = columns
                self.state = np.array([place])
                return np.float32(self.state), float(reward), bool(ended), False, {}

        return Same(context)


class Elsewhere(Simulated):
    """Its plain environment starts a little beside, and is there at once where it should be."""

    def plain(self, context: dict[str, float]) -> Plain:
        class Late(Plain):
            def reset(self, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
                observation, _ = super().reset(seed)
                return observation + np.float32(1e-3), {}

        return Late(context)


class Cramped(Sledge):
    features = (GAIN, Feature("drag", 0.1, 0.1, 0.1, "1"))
