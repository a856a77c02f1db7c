"""The guard on `cartpole_sign`: methods that know the sign solve it at its budget, and their controls do not."""

import pytest

from meta_rl import registry
from meta_rl.checks import guard
from meta_rl.errors import UserError


@pytest.mark.parametrize("method", ["explicit", "adapter"])
def test_a_method_solves_it_and_its_control_does_not(method: str) -> None:
    """Those that do so by far. All of them, with more seeds: `make guard`."""
    rows = list(guard.check([method], seeds=[0, 1]))
    control = registry.entry("method", method).control
    assert [(row.method, row.control) for row in rows] == [(method, False), (control, True)][
        : 1 + bool(control)
    ]
    assert [row for row in rows if not row.passed] == []


def test_the_table_says_what_was_asked_for_and_who_did_not_do_as_it_should(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After so few steps nobody balances: the method fails, and its control rightly does not solve it."""
    assert guard.main(["explicit", "--env-steps", "1024", "--seeds", "5"]) == 1
    header, explicit, shuffled = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "method"
    assert explicit.split()[0] == "explicit"
    assert explicit.endswith("NO: at least 350")
    assert shuffled.split()[0] == "shuffled"
    assert shuffled.endswith("yes: below 350")


def test_a_method_that_is_not_guarded_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(UserError, match="unknown guarded method 'explict'; did you mean 'explicit'"):
        list(guard.check(["cgate", "explict"]))
    with pytest.raises(UserError, match="--env-steps: is 0; must be at least 1"):
        list(guard.check(["cgate"], 0))
