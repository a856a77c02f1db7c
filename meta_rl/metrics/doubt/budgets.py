"""The budget axis: what an estimator may watch before it speaks, from nothing to a whole episode."""

from collections.abc import Iterable

import numpy as np

EPISODE, AREA = "episode", "area"


def ordered(budgets: Iterable[str]) -> list[str]:
    """The different budgets, from least to most: numbers of steps, then the episode."""
    return sorted(
        set(budgets), key=lambda budget: (budget == EPISODE, 0 if budget == EPISODE else int(budget))
    )


def area(values: np.ndarray) -> float:
    """Area over the axis by trapezoids, divided by its length: values [B], one a budget in their order.

    Budgets are steps of equal size on the axis, because an episode is of another length in every context.
    """
    return float(np.mean((values[1:] + values[:-1]) / 2))
