from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.protocols import CRITIC
from meta_rl.conformance.compare import check_leaves
from meta_rl.conformance.probes import Lasting, Probe
from meta_rl.conformance.small import METHODS, keys, spec
from meta_rl.methods.base import Method
from meta_rl.stack.play import play
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams
from meta_rl.training.setup import Setup

ROWS = (2, 3)
BOTH = frozenset({"context", "window"})


def cartpole() -> Any:
    return Setup(spec("none")).environments(ROWS)


def build(method: str) -> Method:
    setup = Setup(spec(method))
    built = setup.method(Streams(keys(0, 1)))
    built.width(setup.task.spaces, CRITIC)  # as an agent asks when it meets a method
    return built


class Driver:
    """Random actions in CartPole, random resets, and a plain record of each row's running episode."""

    def __init__(self, rollout: Rollout, forced: float = 0.1) -> None:
        self.rollout, self.forced = rollout, forced
        self.random = np.random.default_rng(0)
        self.episodes = np.frompyfunc(lambda _: [], 1, 1)(np.empty(ROWS))  # lists of packed transitions
        self.contexts = np.zeros((*ROWS, 1))
        self.reset(np.ones(ROWS, dtype=bool))

    def reset(self, rows: np.ndarray) -> None:
        contexts = self.random.uniform(2, 20, (*ROWS, 1))
        self.contexts[rows] = contexts[rows]
        for row in zip(*np.nonzero(rows), strict=True):
            self.episodes[row] = []
        self.rollout.reset(rows, contexts, self.random.random((*ROWS, 4)), contexts + 100)

    def step(self) -> Any:
        action = torch.from_numpy(self.random.integers(2, size=ROWS))
        step = self.rollout.step(action)
        one_hot = np.eye(2)[action.numpy()]
        parts = (step.seen.observation.numpy(), one_hot, step.next_seen.observation.numpy())
        packed = np.concatenate(parts, -1).astype(np.float32)
        for row in np.ndindex(ROWS):
            self.episodes[row].append(packed[row])
        return step

    def end(self, step: Any) -> np.ndarray:
        rows = (step.terminated | step.truncated).numpy() | (self.random.random(ROWS) < self.forced)
        if rows.any():
            self.reset(rows)
        return rows


def same(window: Window, episodes: np.ndarray, size: int) -> None:
    for row in np.ndindex(ROWS):
        last = episodes[row][-size:]
        expected = np.zeros((size, 10), dtype=np.float32)
        if last:
            expected[-len(last) :] = last
        np.testing.assert_array_equal(window.transitions[row].numpy(), expected)
        mask = np.arange(size) >= size - len(last)
        np.testing.assert_array_equal(window.mask[row].numpy(), mask)


@pytest.mark.parametrize("size", [1, 4, 40])
def test_windows_are_what_a_plain_record_says(size: int) -> None:
    driver = Driver(Rollout(cartpole(), Watch(BOTH, size)), forced=0.03)
    longest = 0
    for _ in range(120):
        same(driver.rollout.seen.window, driver.episodes, size)
        np.testing.assert_array_equal(driver.rollout.seen.context, driver.contexts.astype(np.float32))
        before = np.frompyfunc(list, 1, 1)(driver.episodes)
        step = driver.step()
        same(step.seen.window, before, size)
        same(step.next_seen.window, driver.episodes, size)  # of the episode that ends here, too
        np.testing.assert_array_equal(step.age, np.vectorize(len)(before))
        np.testing.assert_array_equal(step.next_seen.context, driver.contexts.astype(np.float32))
        longest = max(longest, int(step.age.max()))
        driver.end(step)
    assert longest > 20


def test_a_reset_touches_only_its_rows() -> None:
    driver = Driver(Rollout(cartpole(), Watch(BOTH, 4)))
    for _ in range(3):
        driver.step()
    before = driver.rollout.seen
    rows = np.zeros(ROWS, dtype=bool)
    rows[0, 1] = rows[1, 2] = True
    driver.reset(rows)
    after, kept = driver.rollout.seen, torch.from_numpy(~rows)
    assert not after.window.mask[~kept].any()
    assert not after.window.transitions[~kept].any()
    for ours, theirs in (
        (after.window.transitions, before.window.transitions),
        (after.window.mask, before.window.mask),
        (after.context, before.context),
        (after.observation, before.observation),
    ):
        assert torch.equal(ours[kept], theirs[kept])
        assert not torch.equal(ours[~kept], theirs[~kept])


def test_a_neighbours_reset_changes_nothing_that_a_row_sees() -> None:
    """What a method makes of a row must not depend on when episodes end elsewhere in the stack."""
    method = build("random_encoder")
    watch = Watch(frozenset({"window"}), method.window, embed=method.embed, encode=method.encode)
    driver = Driver(Rollout(cartpole(), watch))
    for _ in range(5):
        driver.step()
    before = driver.rollout.seen
    rows = np.zeros(ROWS, dtype=bool)
    rows[0, 1] = True
    driver.reset(rows)
    after, kept = driver.rollout.seen, torch.from_numpy(~rows)
    assert torch.equal(after.encoding[kept], before.encoding[kept])
    assert torch.equal(after.inputs[kept], before.inputs[kept])
    assert not torch.equal(after.encoding[~kept], before.encoding[~kept])


def test_what_is_seen_is_encoded_once() -> None:
    """At every reset and at every step, and both a step and the next one hold what came of it."""
    saw: list[Seen] = []

    def encode(seen: Seen) -> Tensor:
        saw.append(seen)
        return torch.full((*ROWS, 1), float(len(saw)))

    driver = Driver(Rollout(cartpole(), Watch(encode=encode)))
    first, second = driver.step(), driver.step()
    assert [float(seen.encoding.max()) for seen in (first.seen, first.next_seen)] == [1.0, 2.0]
    check_leaves(second.seen, first.next_seen)
    assert len(saw) == 3
    assert all(seen.encoding is None for seen in saw)
    assert torch.equal(
        second.next_seen.inputs, torch.cat((second.next_seen.observation, encode(saw[0]) - 1), -1)
    )


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, entry in registry.METHODS.items()
        if "window" in entry.needs
        and not entry.joint
        and name != "stacked_cleared"  # which has nothing to embed
    ],
)
def test_embedded_windows_give_the_same_encoding(name: str) -> None:
    check_embedding(build(name))


def test_embedded_windows_give_the_same_encoding_for_a_joint_method_that_stands_still() -> None:
    check_embedding(build("jrpl").requires_grad_(False))


def check_embedding(method: Method) -> None:
    window = frozenset({"window"})
    watch = Watch(window, method.window, encode=method.encode)
    embedded = Driver(Rollout(cartpole(), watch._replace(embed=method.embed)))
    raw = Driver(Rollout(cartpole(), watch))
    for _ in range(60):
        torch.testing.assert_close(
            embedded.rollout.seen.inputs, raw.rollout.seen.inputs, rtol=1e-5, atol=1e-6
        )
        one, other = embedded.step(), raw.step()
        torch.testing.assert_close(one.next_seen.inputs, other.next_seen.inputs, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(embedded.end(one), raw.end(other))
    assert embedded.rollout.seen.window.embedded
    assert embedded.rollout.seen.encoding.abs().max() > 0


@pytest.mark.parametrize("name", registry.METHODS)
@pytest.mark.parametrize("embed", [False, True])
def test_what_a_method_did_not_declare_is_none(name: str, embed: bool) -> None:
    needs, method = registry.entry("method", name).needs, build(name)
    saw: list[Seen] = []

    def encode(seen: Seen) -> Tensor:
        saw.append(seen)
        return method.encode(seen).detach()

    watch = Watch(
        needs, method.window, None, method.embed if embed else None, encode, method.state, method.advance
    )
    driver = Driver(Rollout(cartpole(), watch))
    for _ in range(10):
        step = driver.step()
        saw += [step.seen, step.next_seen]
        driver.end(step)
    assert len(saw) > 30
    for seen in saw:
        assert (seen.context is not None) == bool({"context", "wrong_context"} & needs)
        assert seen.context is None or ((seen.context > 50) == ("wrong_context" in needs)).all()
        assert (seen.window is not None) == ("window" in needs)
        assert (seen.state is not None) == ("history" in needs)
        assert seen.past is None
    assert ("window" in needs) == bool(METHODS.get(name, {}).get("window", method.window))


def test_play_adds_up_each_rows_one_episode() -> None:
    """Rewards 1, 2, 3, ... in episodes of 1 to 5 steps; rows that ended earn no more."""
    lengths = np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 4.0]])
    rollout = Rollout(Lasting(ROWS), Watch(frozenset({"window"}), 2))
    zeros = torch.zeros(ROWS, dtype=torch.int64)

    def twice(seen: Seen) -> Tensor:
        return 2 * seen.observation

    start = np.zeros((*ROWS, 1))
    played = play(rollout, lambda seen: zeros, lengths[..., None], start, 0.5, encoding=twice)
    np.testing.assert_array_equal(played.episode_length, lengths)
    np.testing.assert_array_equal(played.episode_return, lengths * (lengths + 1) / 2)
    discounted = [[sum((k + 1) * 0.5**k for k in range(int(n))) for n in row] for row in lengths]
    np.testing.assert_allclose(played.discounted_return, discounted)
    assert not played.first.observation.any()
    assert not played.first.window.mask.any()
    np.testing.assert_array_equal(played.encoding[..., 0], 2 * lengths)


def test_play_starts_anew() -> None:
    class Twice(Probe):
        def outcome(self, sign: np.ndarray) -> Any:
            return self.cue, self.time == 1, False

    rollout = Rollout(Twice(ROWS))
    noise = np.array([[0.1, 0.9, 0.1], [0.9, 0.9, 0.1]])
    zeros = torch.zeros(ROWS, dtype=torch.int64)
    for drawn in (noise, 1 - noise):
        played = play(rollout, lambda seen: zeros, np.ones((*ROWS, 1)), drawn[..., None], 1.0)
        np.testing.assert_array_equal(played.episode_return, np.where(drawn < 0.5, -2.0, 2.0))
