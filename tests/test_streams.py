import json

import numpy as np
import pytest
from scipy import stats

from meta_rl import streams
from meta_rl.streams import Streams, numbered

KEYS = ["run 0", "run 1", "run 2", "context 7"]
KINDS = {
    "uniform": lambda streams, *shape: streams.uniform("purpose", *shape),
    "normal": lambda streams, *shape: streams.normal("purpose", *shape),
    "integers": lambda streams, *shape: streams.integers("purpose", 1000, *shape),
}
# A scalar, some numbers, several calls a block with a rest, and one call longer than a block.
SHAPES = [(), (3, 2), (5000,), (40_000,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_keys_numbers_depend_on_nothing_else(kind: str, shape: tuple[int, ...]) -> None:
    draw = KINDS[kind]
    together, turned = Streams(KEYS), Streams(KEYS[::-1])
    alone = [Streams([key]) for key in KEYS]
    for _ in range(8):
        drawn = draw(together, *shape)
        assert drawn.shape == (4, *shape)
        np.testing.assert_array_equal(drawn, draw(turned, *shape)[::-1])
        np.testing.assert_array_equal(drawn, np.concatenate([draw(one, *shape) for one in alone]))


def test_keys_purposes_and_calls_give_different_numbers() -> None:
    streams = Streams(KEYS)
    drawn = [streams.uniform(purpose, 5000) for _ in range(20) for purpose in ("a", "b")]
    assert np.unique(np.stack(drawn)).size == 40 * 4 * 5000
    rows = np.concatenate(drawn)
    assert np.abs(np.corrcoef(rows) - np.eye(len(rows))).max() < 0.08


def test_a_purposes_numbers_do_not_depend_on_other_purposes() -> None:
    plain, busy = Streams(KEYS), Streams(KEYS)
    for call in range(12):
        for other in range(call % 3):
            busy.normal(f"other {other}", 5000)
        np.testing.assert_array_equal(plain.uniform("a", 5000), busy.uniform("a", 5000))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_loaded_state_continues_exactly(shape: tuple[int, ...]) -> None:
    streams = Streams(KEYS)
    streams.uniform("elsewhere")
    saved, drawn = [], []
    for _ in range(9):
        saved.append(json.dumps(streams.state_dict()))
        drawn.append((streams.normal("a", *shape), streams.integers("b", 10, *shape)))
    for start, state in enumerate(saved):
        fresh = Streams(KEYS)
        fresh.uniform("a")  # whatever it did before
        fresh.load_state_dict(json.loads(state))
        for a, b in drawn[start:]:
            np.testing.assert_array_equal(fresh.normal("a", *shape), a)
            np.testing.assert_array_equal(fresh.integers("b", 10, *shape), b)


def test_a_state_is_a_snapshot() -> None:
    streams = Streams(KEYS)
    state = streams.state_dict()
    first = streams.uniform("a", 2)
    assert state == Streams(KEYS).state_dict()
    streams.load_state_dict(state)
    streams.uniform("a", 2)
    streams.load_state_dict(state)
    np.testing.assert_array_equal(streams.uniform("a", 2), first)


def test_numbers_cross_block_borders_without_a_repeat_or_a_gap() -> None:
    """Scalars take 16,384 calls to cross a border, long arrays one: both must stay uniform and new."""
    streams = Streams(["run 0"])
    scalars = np.array([streams.uniform("scalar")[0] for _ in range(40_000)])
    assert np.unique(scalars).size == scalars.size
    assert stats.kstest(scalars, "uniform").pvalue > 0.01


def test_distributions() -> None:
    streams = Streams(KEYS)
    for _ in range(3):
        for row in streams.uniform("uniform", 20_000):
            assert row.min() >= 0
            assert row.max() < 1
            assert stats.kstest(row, "uniform").pvalue > 0.001
        for row in streams.normal("normal", 20_000):
            assert stats.kstest(row, "norm").pvalue > 0.001


@pytest.mark.parametrize("high", [1, 2, 7, 128])
def test_integers_are_in_range_and_uniform(high: int) -> None:
    drawn = Streams(KEYS).integers("a", high, 30_000)
    assert drawn.dtype == np.int64
    for row in drawn:
        counts = np.bincount(row, minlength=high)
        assert len(counts) == high
        assert high == 1 or stats.chisquare(counts).pvalue > 0.001


def test_the_range_of_integers_may_change() -> None:
    streams = Streams(KEYS)
    highs = np.array([1, 3, 10])
    drawn = np.stack([streams.integers("a", highs, 3) for _ in range(500)])
    assert (drawn.max(axis=(0, 1)) == highs - 1).all()
    assert (drawn.min(axis=(0, 1)) == 0).all()
    for high in range(1, 50):
        assert (streams.integers("growing", high, 8) < high).all()


def test_a_purpose_keeps_its_shape_and_distribution() -> None:
    streams = Streams(KEYS)
    streams.uniform("a", 3)
    for other in (
        lambda: streams.uniform("a", 4),
        lambda: streams.uniform("a"),
        lambda: streams.normal("a", 3),
    ):
        with pytest.raises(ValueError, match="purpose 'a'"):
            other()


def test_numbered_draws_are_those_of_splitmix64() -> None:
    """The first five numbers from 1234567 that the algorithm's reference implementation gives."""
    known = [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    found = numbered(np.full(5, 1234567), np.arange(5))
    assert found.tolist() == [(value >> 11) * 2.0**-53 for value in known]


def test_numbered_draws_of_keys_and_numbers_are_uniform_and_apart() -> None:
    keys = Streams(["a", "b"]).integers("keys", streams.KEYS, 500)[..., None]
    drawn = numbered(np.repeat(keys, 200, 2), np.broadcast_to(np.arange(200), (2, 500, 200)))
    assert ((drawn >= 0) & (drawn < 1)).all()
    counts = np.histogram(drawn, 100, (0, 1))[0]
    assert (np.abs(counts - 2000) < 5 * np.sqrt(2000)).all()
    flat = drawn.reshape(1000, 200)
    for one in (flat, flat.T):  # neighbours in number, and in key
        assert abs(np.corrcoef(one[:-1].ravel(), one[1:].ravel())[0, 1]) < 5 / np.sqrt(flat.size)
