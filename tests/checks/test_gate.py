"""The gate lets a sound environment pass, and fails each kind of unsound one for what is wrong with it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sledges import (
    DRAG,
    GAIN,
    Biased,
    Cramped,
    Dead,
    Elsewhere,
    Faint,
    Leaky,
    Otherwise,
    Plain,
    Selfmade,
    Shorter,
    Simulated,
    Sledge,
    Turned,
    Unturned,
    Vouching,
    Walled,
)

from meta_rl import registry
from meta_rl.checks import gate
from meta_rl.checks.gate import Verdict
from meta_rl.errors import UserError
from meta_rl.study import space_problems


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
        assert one.failed == bool(wrong)
        assert one.passed == (one.shown and not wrong)
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


@pytest.mark.parametrize("environment", [Selfmade, Vouching])
def test_a_reference_that_runs_the_rows_own_code_shows_nothing(
    register: Any, environment: type[Sledge], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a pass nor a failure, whatever the difference is; all else is told as always."""
    name = register(environment)
    verdicts = list(gate.check(name))
    assert [(one.shown, one.passed, one.failed) for one in verdicts] == [(False, False, False)] * 3
    assert [one.effect for one in verdicts[:2]] == [1, 1]
    assert gate.main([name, "cartpole"]) == 0
    _, *rows, last = capsys.readouterr().out.splitlines()
    for row in rows[:3]:
        assert row.count("own code") == 2
        assert row.endswith("not shown")
    assert last == "8 of 11 passed, 3 not shown for want of an independent reference"


def test_the_watch_over_an_environment_leaves_it_as_it_was(register: Any) -> None:
    name = register(Selfmade)
    environment = registry.load("environment", name)
    before = dict(vars(environment))
    list(gate.check(name))
    assert vars(environment) == before


def test_how_much_a_feature_changes_an_episode_over_its_range(register: Any) -> None:
    """Drag pulls to 0, gain scales the way: from half to twice, the episode is another one; a faint wind is named."""
    gain, drag, wind, _ = gate.check(register(Faint))
    assert [one.passed for one in (gain, drag, wind)] == [True] * 3
    assert gain.change == pytest.approx(1.0, abs=0.2)  # twice the gain: all departures are twice as long
    assert 0.1 < drag.change < 2
    assert 0 < wind.change < gate.LITTLE


def test_what_changes_an_episode_by_less_than_a_hundredth_is_named(
    register: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.main([register(Faint)])
    *_, named, _ = capsys.readouterr().out.splitlines()
    assert named == "change an episode by less than 1%: made_up wind"


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
    check = space_problems.feature_problems

    def lenient(where: str, environment: str, features: dict[str, Any]) -> Iterator[str]:
        (feature,) = features
        low, _ = features[feature]["train"]
        kind = "misspelt" if feature.endswith("x") else "below" if low < 0 else "above"
        if "gain" not in feature or kind != accepted:
            yield from check(where, environment, features)

    monkeypatch.setattr(space_problems, "feature_problems", lenient)
    assert failures(list(gate.check(register(Sledge)))) == {"gain": {"refused"}, "(all)": {"refused"}}


def test_a_feature_without_a_bound_has_nothing_to_refuse_there(register: Any) -> None:
    class Boundless(Sledge):
        features = (replace(GAIN, low=-np.inf, high=np.inf), DRAG)

    assert failures(list(gate.check(register(Boundless)))) == {}


def test_a_feature_with_two_signs_is_tried_with_the_other_one(register: Any) -> None:
    """Where the sign is dead, its row alone fails, and that of all at once."""

    assert failures(list(gate.check(register(Turned)))) == {}
    verdicts = list(gate.check(register(Unturned)))
    assert next((one.feature, one.value) for one in verdicts if not one.passed) == ("gain", "-1")
    assert failures(verdicts)["gain"] == {"effect", "reference"}


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
    columns = "environment feature value effect change isolated reference default refused passed"
    assert header.split() == columns.split()
    assert [row.split()[:2] for row in rows[:4]] == [
        ["made_up", "gain"],
        ["made_up", "drag"],
        ["made_up", "(all)"],
        ["cartpole", "gravity"],
    ]
    value, effect, change, *rest = rows[0].split()[2:]
    assert (value, effect, rest) == ("0.75", "1", ["yes", "exact", "exact", "yes", "yes"])
    assert 10 < float(change.removesuffix("%")) < 1000
    assert [row.index("exact") for row in rows] == [header.index("reference")] * len(rows)
    assert [row.split()[1:3] for row in rows[-2:]] == [["force_mag", "-10"], ["(all)", "as"]]
    assert len(rows) == 11
    assert last == "11 of 11 passed"


def test_the_exit_code_tells_that_a_feature_failed(register: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate.main([register(Dead)]) == 1
    _, *rows, named, last = capsys.readouterr().out.splitlines()
    assert rows[2].split()[1:] == ["colour", "0.1", "NONE", "0.00%", "yes", "exact", "exact", "yes", "NO"]
    assert named == "change an episode by less than 1%: made_up colour"
    assert last == "3 of 4 passed"


def test_an_unknown_environment_is_an_error() -> None:
    with pytest.raises(UserError, match="unknown environment 'cartpool'; did you mean 'cartpole'"):
        gate.main(["cartpool"])
