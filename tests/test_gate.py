"""The gate lets a sound environment pass, and fails each kind of unsound one for what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from meta_rl import gate, registry, study_problems
from meta_rl.contexts import Feature
from meta_rl.envs.base import PhysicsRows, Spaces
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.errors import UserError
from meta_rl.gate import Verdict

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


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Registers an environment as `made_up`."""

    def registered(environment: type[Sledge]) -> str:
        monkeypatch.setitem(globals(), "made_up", environment())
        monkeypatch.setitem(registry.ENVS, "made_up", registry.Entry(f"{__name__}:made_up"))
        return "made_up"

    return registered


def failures(verdicts: list[Verdict]) -> dict[str, set[str]]:
    """By feature what does not pass."""
    found = {}
    for one in verdicts:
        wrong = {name for name in ("isolated", "refused") if not getattr(one, name)}
        wrong |= {name for name in ("reference", "default") if getattr(one, name) > gate.TOLERANCE}
        wrong |= {"effect"} if one.effect is None else set()
        assert one.passed == (not wrong)
        if wrong:
            found[one.feature] = wrong
    return found


@pytest.mark.parametrize("environment", [Sledge, Simulated, Walled])
def test_a_sound_environment_passes(register: Any, environment: type[Sledge]) -> None:
    verdicts = list(gate.check(register(environment)))
    assert [one.feature for one in verdicts] == [*(one.name for one in environment.features), "(all)"]
    assert failures(verdicts) == {}
    assert [one.effect for one in verdicts[:2]] == [1, 1]
    assert [one.value for one in verdicts[:2]] == ["0.75", "0.075"]


def test_a_feature_that_acts_late_is_given_the_actions_for_it(register: Any) -> None:
    """By chance the sledge stays near; where it is pulled to one side, it comes to the wall."""
    wall = list(gate.check(register(Walled)))[2]
    assert wall.feature == "wall"
    assert wall.effect is not None
    assert wall.effect > 10


def test_a_dead_feature_fails(register: Any) -> None:
    verdicts = list(gate.check(register(Dead)))
    assert failures(verdicts) == {"colour": {"effect"}}
    assert verdicts[-1].feature == "(all)"
    assert verdicts[-1].effect == 1  # that of the others


def test_a_feature_that_leaks_into_another_row_fails(register: Any) -> None:
    assert failures(list(gate.check(register(Leaky)))) == {"drag": {"isolated"}, "(all)": {"isolated"}}


def test_a_feature_unlike_in_the_reference_fails(register: Any) -> None:
    found = failures(list(gate.check(register(Otherwise))))
    assert found == {"drag": {"reference"}, "(all)": {"reference"}}


def test_an_end_unlike_in_the_reference_fails(register: Any) -> None:
    verdicts = list(gate.check(register(Shorter)))
    assert {one.feature: one.reference for one in verdicts} == {"gain": 0.0, "drag": np.inf, "(all)": np.inf}
    assert failures(verdicts) == {"drag": {"reference"}, "(all)": {"reference"}}


def test_a_default_that_is_not_the_plain_environment_fails(register: Any) -> None:
    verdicts = list(gate.check(register(Biased)))
    assert failures(verdicts) == {feature: {"default"} for feature in ("gain", "drag", "(all)")}
    assert verdicts[0].default == pytest.approx(1e-3, rel=0.2)  # summed up by the drag


def test_a_start_unlike_in_the_reference_fails(register: Any) -> None:
    found = failures(list(gate.check(register(Elsewhere))))
    assert found == {feature: {"default", "reference"} for feature in ("gain", "drag", "(all)")}


@pytest.mark.parametrize("accepted", ["below", "above", "misspelt"])
def test_a_feature_that_takes_what_it_should_refuse_fails(
    register: Any, monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    check = study_problems.feature_problems

    def lenient(where: str, environment: str, features: dict[str, Any]) -> Iterator[str]:
        (feature,) = features
        low, _ = features[feature]["train"]
        kind = "misspelt" if feature.endswith("x") else "below" if low < 0 else "above"
        if "gain" not in feature or kind != accepted:
            yield from check(where, environment, features)

    monkeypatch.setattr(study_problems, "feature_problems", lenient)
    assert failures(list(gate.check(register(Sledge)))) == {"gain": {"refused"}, "(all)": {"refused"}}


def test_a_feature_without_a_bound_has_nothing_to_refuse_there(register: Any) -> None:
    class Boundless(Sledge):
        features = (replace(GAIN, low=-np.inf, high=np.inf), DRAG)

    assert failures(list(gate.check(register(Boundless)))) == {}


def test_bounds_without_room_are_an_error(register: Any) -> None:
    with pytest.raises(
        UserError, match=r"feature 'drag': its bounds, \[0\.1, 0\.1\], leave no room around .* 0\.1"
    ):
        list(gate.check(register(Cramped)))


def test_plain_environments_are_closed(register: Any) -> None:
    made: list[Plain] = []

    class Kept(Shorter):
        def plain(self, context: dict[str, float]) -> Plain:
            made.append(super().plain(context))
            return made[-1]

    list(gate.check(register(Kept)))
    assert len(made) == 4
    assert all(plain.closed for plain in made)


def test_the_table_has_a_row_for_each_feature_and_says_that_all_pass(
    register: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate.main([register(Sledge), "cartpole"]) == 0
    header, *rows, last = capsys.readouterr().out.splitlines()
    columns = "environment feature value effect isolated reference default refused passed"
    assert header.split() == columns.split()
    assert [row.split()[:2] for row in rows[:4]] == [
        ["made_up", "gain"],
        ["made_up", "drag"],
        ["made_up", "(all)"],
        ["cartpole", "gravity"],
    ]
    assert rows[0].split()[2:] == ["0.75", "1", "yes", "exact", "exact", "yes", "yes"]
    assert [row.index("exact") for row in rows] == [header.index("reference")] * len(rows)
    assert len(rows) == 10
    assert last == "10 of 10 passed"


def test_the_exit_code_tells_that_a_feature_failed(register: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate.main([register(Dead)]) == 1
    _, *rows, last = capsys.readouterr().out.splitlines()
    assert rows[2].split()[1:] == ["colour", "0.1", "NONE", "yes", "exact", "exact", "yes", "NO"]
    assert last == "3 of 4 passed"


def test_an_unknown_environment_is_an_error() -> None:
    with pytest.raises(UserError, match="unknown environment 'cartpool'; did you mean 'cartpole'"):
        gate.main(["cartpool"])
