from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.conformance.probes import Lasting, Probe
from meta_rl.conformance.small import METHODS, keys, spec
from meta_rl.methods.base import Method
from meta_rl.stack.rollout import Rollout, Seen, Window, play
from meta_rl.streams import Streams
from meta_rl.training.setup import Setup

ROWS = (2, 3)
BOTH = frozenset({"context", "window"})


def cartpole() -> Any:
    return Setup(spec("none")).environments(ROWS)


def build(method: str) -> Method:
    return Setup(spec(method)).method(Streams(keys(0, 1)))


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
    driver = Driver(Rollout(cartpole(), BOTH, size), forced=0.03)
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
    driver = Driver(Rollout(cartpole(), BOTH, 4))
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


def test_a_neighbours_reset_does_not_renew_a_rows_inputs() -> None:
    """A joint method learns between steps; when its rows see that must not depend on the rest of the stack."""
    version = [0.0]

    def encode(seen: Seen) -> Tensor:
        return torch.full((*ROWS, 1), version[0])

    rollout = Rollout(cartpole(), encode=encode)
    driver = Driver(rollout)
    driver.step()
    version[0] = 1.0
    rows = np.zeros(ROWS, dtype=bool)
    rows[0, 1] = True
    driver.reset(rows)
    np.testing.assert_array_equal(rollout.inputs[..., 0], rows)
    driver.step()
    assert (rollout.inputs == 1.0).all()


@pytest.mark.parametrize(
    "name", [name for name, entry in registry.METHODS.items() if "window" in entry.needs and not entry.joint]
)
def test_embedded_windows_give_the_same_encoding(name: str) -> None:
    check_embedding(build(name))


def test_embedded_windows_give_the_same_encoding_for_a_joint_method_that_stands_still() -> None:
    check_embedding(build("jrpl").requires_grad_(False))


def check_embedding(method: Method) -> None:
    window = frozenset({"window"})
    embedded = Driver(Rollout(cartpole(), window, method.window, method.inputs, method.embed))
    raw = Driver(Rollout(cartpole(), window, method.window, method.inputs))
    for _ in range(60):
        torch.testing.assert_close(embedded.rollout.inputs, raw.rollout.inputs, rtol=1e-5, atol=1e-6)
        one, other = embedded.step(), raw.step()
        torch.testing.assert_close(one.next_inputs, other.next_inputs, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(embedded.end(one), raw.end(other))
    assert embedded.rollout.seen.window.embedded
    assert embedded.rollout.inputs[..., 4:].abs().max() > 0


@pytest.mark.parametrize("name", registry.METHODS)
@pytest.mark.parametrize("embed", [False, True])
def test_what_a_method_did_not_declare_is_none(name: str, embed: bool) -> None:
    needs, method = registry.entry("method", name).needs, build(name)
    saw: list[Seen] = []

    def encode(seen: Seen) -> Tensor:
        saw.append(seen)
        return method.inputs(seen).detach()

    rollout = Rollout(cartpole(), needs, method.window, encode, method.embed if embed else None)
    driver = Driver(rollout)
    for _ in range(10):
        step = driver.step()
        saw += [step.seen, step.next_seen]
        driver.end(step)
    assert len(saw) > 30
    for seen in saw:
        assert (seen.context is not None) == bool({"context", "wrong_context"} & needs)
        assert seen.context is None or ((seen.context > 50) == ("wrong_context" in needs)).all()
        assert (seen.window is not None) == ("window" in needs)
    assert ("window" in needs) == bool(METHODS.get(name, {}).get("window", method.window))


def test_play_adds_up_each_rows_one_episode() -> None:
    """Rewards 1, 2, 3, ... in episodes of 1 to 5 steps; rows that ended earn no more."""
    lengths = np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 4.0]])
    rollout = Rollout(Lasting(ROWS), frozenset({"window"}), 2, lambda seen: seen.observation)
    zeros = torch.zeros(ROWS, dtype=torch.int64)
    played = play(rollout, lambda inputs: zeros, lengths[..., None], np.zeros((*ROWS, 1)), 0.5)
    np.testing.assert_array_equal(played.episode_length, lengths)
    np.testing.assert_array_equal(played.episode_return, lengths * (lengths + 1) / 2)
    discounted = [[sum((k + 1) * 0.5**k for k in range(int(n))) for n in row] for row in lengths]
    np.testing.assert_allclose(played.discounted_return, discounted)
    np.testing.assert_array_equal(played.first_inputs[..., 0], np.zeros(ROWS))
    np.testing.assert_array_equal(played.last_inputs[..., 0], lengths)


def test_play_starts_anew() -> None:
    class Twice(Probe):
        def outcome(self, sign: np.ndarray) -> Any:
            return self.cue, self.time == 1, False

    rollout = Rollout(Twice(ROWS))
    noise = np.array([[0.1, 0.9, 0.1], [0.9, 0.9, 0.1]])
    zeros = torch.zeros(ROWS, dtype=torch.int64)
    for drawn in (noise, 1 - noise):
        played = play(rollout, lambda inputs: zeros, np.ones((*ROWS, 1)), drawn[..., None], 1.0)
        np.testing.assert_array_equal(played.episode_return, np.where(drawn < 0.5, -2.0, 2.0))
