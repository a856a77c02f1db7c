"""Which episodes are played, where each starts, and that playing them in chunks changes nothing."""

import numpy as np
import pytest
from gravity_cases import Cases, gravity_cases

from meta_rl import registry
from meta_rl.conformance import small
from meta_rl.conformance.compare import leaves
from meta_rl.stack.play import Episodes
from meta_rl.streams import Streams
from meta_rl.training import episodes
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup


def cases(
    ids: list[list[int]],
    played: list[int],
    benchmark: str = "cartpole_gravity",
    split: str = "interpolation",
) -> Cases:
    """Of contexts whose only value is ten times their id."""
    numbers = np.array(ids)
    return episodes.cases(benchmark, split, numbers, 10.0 * numbers[..., None], np.array(played), 4)


def noise_of(chosen: Cases) -> dict[tuple[int, int, int], tuple[float, ...]]:
    """{(policy, context, episode): noise}"""
    return {
        (row, int(context), int(episode)): tuple(noise)
        for row in range(len(chosen.noise))
        for context, episode, noise in zip(
            chosen.context_id[row], chosen.episode[row], chosen.noise[row], strict=True
        )
    }


def test_cases_are_every_episode_in_every_context() -> None:
    chosen = cases([[3, 5], [8, 9]], [0, 1, 2])
    assert chosen.context_id.tolist() == [[3, 3, 3, 5, 5, 5], [8, 8, 8, 9, 9, 9]]
    assert chosen.episode.tolist() == [[0, 1, 2] * 2] * 2
    assert np.array_equal(chosen.contexts[..., 0], 10.0 * chosen.context_id)
    assert chosen.noise.shape == (2, 6, 4)
    assert ((chosen.noise >= 0) & (chosen.noise < 1)).all()
    assert len(set(noise_of(chosen).values())) == 12


def test_starts_depend_on_context_and_episode_alone() -> None:
    """Not on the company, on the order or number of episodes, or on who plays."""
    expected = noise_of(cases([[3, 5, 8]], [0, 1, 2, 3]))
    for chosen in (
        cases([[5]], [0]),
        cases([[8, 3]], [2]),
        cases([[8, 5, 3]], [2, 3, 0, 1]),
        cases([[5, 3], [3, 5]], [1, 0]),
    ):
        for (_, context, episode), noise in noise_of(chosen).items():
            assert noise == expected[0, context, episode]


def test_starts_differ_between_benchmarks_and_splits() -> None:
    chosen = [
        cases([[3]], [0]),
        cases([[3]], [0], split="extrapolation"),
        cases([[3]], [0], benchmark="cartpole_tau"),
    ]
    assert len({tuple(one.noise.ravel()) for one in chosen}) == 3


def test_repeated_cases_are_the_same_for_every_policy() -> None:
    one = cases([[3, 5]], [0, 1])
    three = one.repeat(3)
    assert three.split == one.split
    for array, repeated in zip(one[1:], three[1:], strict=True):
        assert np.array_equal(repeated, np.concatenate([array] * 3))


def test_chunks_are_the_cases_in_order() -> None:
    chosen = cases([[3, 5], [8, 9]], [0, 1, 2, 3])
    chunks = list(chosen.chunks(3))
    assert [chunk.context_id.shape for chunk in chunks] == [(2, 3), (2, 3), (2, 2)]
    for number, array in enumerate(chosen[1:], start=1):
        assert np.array_equal(np.concatenate([chunk[number] for chunk in chunks], axis=1), array)


def small_runs(method: str, seeds: tuple[int, ...] = (0, 1)) -> Runs:
    setup = Setup(small.spec(method))
    return Runs(setup, setup.agent(Streams(small.keys(*seeds))).requires_grad_(False))


def arrays_of(played: Episodes) -> list[np.ndarray]:
    return [*played[:3], *(leaf.numpy() for leaf in leaves((played.first, played.encoding)))]


@pytest.mark.parametrize("method", registry.METHODS)
@pytest.mark.parametrize("again", [False, True])
def test_playing_in_chunks_changes_nothing(method: str, again: bool) -> None:
    """Whether or not chunks of one size are played in the same environments, one after the other."""
    runs, chosen = small_runs(method), gravity_cases(5, 2)
    whole = episodes.play_agent(runs, chosen)
    parts = []
    for chunk in chosen.chunks(3):
        played = runs if again else runs._replace(setup=Setup(runs.setup.spec))
        parts.append(episodes.play_agent(played, chunk))
    assert len(parts) == 4
    arrays = [arrays_of(played) for played in (whole, *parts)]
    assert len({len(one) for one in arrays}) == 1
    for array, *joined in zip(*arrays, strict=True):
        np.testing.assert_allclose(np.concatenate(joined, axis=1), array, rtol=1e-5, atol=1e-6)
    assert len(np.unique(whole.episode_length)) > 2
