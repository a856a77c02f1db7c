"""What a study multiplies to more than any machine could hold is refused, with the key to change."""

from typing import Any

import pytest
from changed_study import changed, complaint


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seeds.test.count", 10**8, "seeds.test.count: makes"),
        (
            "seeds.tuning.count",
            10**7,
            "seeds.tuning.count: makes 10000000 trainings in a job; must be at most 1000000",
        ),
        ("evaluate.episodes", 10**9, "evaluate.episodes (of small_gravity): makes"),
    ],
)
def test_too_large(key: str, value: Any, said: str) -> None:
    assert said in complaint(changed(key, value))
