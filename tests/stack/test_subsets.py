"""Random subsets are subsets, and all of them are as likely."""

import itertools

import numpy as np
import torch
from torch import Tensor

from meta_rl.stack.subsets import reservoir_place, subset

DRAWS, SIZE, COUNT = 60_000, 3, 6


def check_uniform(members: Tensor) -> None:
    """Of members int64 [DRAWS, SIZE] below COUNT; five standard errors are allowed."""
    sets = [tuple(sorted(row)) for row in members.tolist()]
    every = list(itertools.combinations(range(COUNT), SIZE))
    share = 1 / len(every)
    error = (share * (1 - share) / DRAWS) ** 0.5
    for one in every:
        assert abs(sets.count(one) / DRAWS - share) < 5 * error
    assert set(sets) == set(every)


def chance(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape))


def test_subsets_drawn_at_once() -> None:
    check_uniform(subset(torch.full((DRAWS,), COUNT), SIZE, chance(DRAWS, SIZE)))


def test_all_there_are_where_there_are_no_more() -> None:
    count = torch.tensor([[0, 1, 2], [3, 3, 2]])
    found = subset(count, SIZE, chance(2, 3, SIZE))
    for place, number in zip(found.flatten(0, 1), count.flatten(), strict=True):
        assert place[:number].tolist() == list(range(number))


def test_subsets_that_grow() -> None:
    members, draws = torch.full((DRAWS, SIZE), -1), chance(COUNT, DRAWS)
    for number in range(COUNT):
        place = reservoir_place(torch.full((DRAWS,), number), SIZE, draws[number])
        members = torch.where(place.unsqueeze(-1) == torch.arange(SIZE), number, members)
        if number < SIZE:
            assert (place == number).all()
    check_uniform(members)
