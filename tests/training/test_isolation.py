"""A seed that fails leaves the others of its block alone, in every step that plays seeds as a stack."""

import pytest

from meta_rl.errors import UserError
from meta_rl.training.isolation import isolate


def work(*bad: int):
    def do(some: list[int]) -> list[int]:
        if set(bad) & set(some):
            raise ValueError("no such number")
        return [index * 10 for index in some]

    return do


def test_all_at_once_if_nothing_fails() -> None:
    assert isolate(work(), 3, "block") == ([([0, 1, 2], [0, 10, 20])], {})


def test_each_alone_if_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    parts, failures = isolate(work(1), 3, "block")
    assert parts == [([0], [0]), ([2], [20])]
    assert failures == {1: "ValueError: no such number"}
    assert "block: number 2 of 3 fails, ValueError: no such number" in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 2])
def test_all_failing_is_the_jobs_failure(count: int) -> None:
    with pytest.raises(ValueError, match="no such number"):
        isolate(work(0, 1), count, "block")


@pytest.mark.parametrize("error", [UserError("bad"), OSError(28, "full"), MemoryError()])
def test_what_is_no_seeds_fault_is_raised_at_once(error: Exception) -> None:
    calls = []

    def do(some: list[int]) -> None:
        calls.append(some)
        raise error

    with pytest.raises(type(error)):
        isolate(do, 2, "block")
    assert calls == [[0, 1]]
