"""States of methods with a history: they begin with zeros at a reset, and take in every step of their row."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from leaky import KEPT, NEEDS, leaky_sum
from torch import Tensor

from meta_rl.conformance.compare import check_leaves, leaves
from meta_rl.envs import cartpole, pendulum
from meta_rl.envs.base import Environment
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Transition, pack

ROWS = (2, 3)
ALL = np.ones(ROWS, dtype=bool)
every_kind = pytest.mark.parametrize("module", [cartpole, pendulum])


def width(module: Environment) -> int:
    return 2 * module.spaces.observation + module.spaces.action + 1


def watched(module: Environment, needs: frozenset[str] = NEEDS) -> Rollout:
    """States are leaky sums of the steps; z is twice the state."""

    def advance(state: Tensor, step: Tensor) -> Tensor:
        return KEPT * state + step

    def encode(seen: Seen) -> Tensor:
        assert seen.state is not None
        return 2 * seen.state

    watch = Watch(needs, 3, encode=encode, state=width(module), advance=advance)
    return Rollout(module.build(("gravity",), ROWS), watch)


class Driver:
    """Random actions, random resets, and each row's steps since its last reset."""

    def __init__(self, module: Environment, rollout: Rollout) -> None:
        self.rollout, self.random, self.spaces = rollout, np.random.default_rng(0), module.spaces
        self.noise = module.noise
        self.steps: dict[tuple[int, ...], list[Tensor]] = {row: [] for row in np.ndindex(ROWS)}
        self.reset(ALL)

    def reset(self, rows: np.ndarray, known: Seen | None = None) -> None:
        contexts, noise = self.random.uniform(2, 20, (*ROWS, 1)), self.random.random((*ROWS, self.noise))
        for row in zip(*np.nonzero(rows), strict=True):
            self.steps[row] = []
        self.rollout.reset(rows, contexts, noise, known=known)

    def step(self) -> Transition:
        done: Any = self.random.integers(2, size=ROWS)
        if not self.spaces.discrete:
            done = self.random.uniform(-1, 1, (*ROWS, 1)).astype(np.float32)
        step = self.rollout.step(torch.from_numpy(done))
        packed = pack(
            step.seen.observation, step.action, step.next_seen.observation, step.reward, self.spaces
        )
        for row, steps in self.steps.items():
            steps.append(packed[row])
        return step

    def end(self) -> np.ndarray:
        rows = self.random.random(ROWS) < 0.1
        if rows.any():
            self.reset(rows)
        return rows

    def check(self, seen: Seen) -> None:
        assert seen.state is not None
        for row, steps in self.steps.items():
            assert torch.equal(seen.state[row], leaky_sum(steps, seen.state.shape[-1]))
        assert seen.encoding is not None
        assert torch.equal(seen.encoding, 2 * seen.state)


@every_kind
def test_a_state_takes_in_every_step_of_its_row_since_its_reset(module: Environment) -> None:
    driver = Driver(module, watched(module))
    assert driver.rollout.seen.state is not None
    assert not driver.rollout.seen.state.any()
    resets = 0
    for _ in range(60):
        before = driver.rollout.seen
        driver.check(before)
        step = driver.step()
        assert step.seen is before
        driver.check(step.next_seen)  # of an episode that ends here, too
        resets += driver.end().sum()
    assert resets > 20


def test_a_reset_touches_the_states_of_its_rows_alone() -> None:
    driver = Driver(cartpole, watched(cartpole))
    for _ in range(4):
        driver.step()
    before = driver.rollout.seen
    rows = np.array([[False, True, False], [False, False, True]])
    driver.reset(rows)
    after, kept = driver.rollout.seen, torch.from_numpy(~rows)
    assert before.state is not None
    assert after.state is not None
    assert before.state.any(-1).all()
    assert torch.equal(after.state[kept], before.state[kept])
    assert not after.state[~kept].any()


@pytest.mark.parametrize("needs", [NEEDS, NEEDS | {"window"}])
def test_an_episode_begins_with_a_state_that_is_known(needs: frozenset[str]) -> None:
    driver, other = (Driver(cartpole, watched(cartpole, needs)) for _ in range(2))
    for _ in range(5):
        driver.step()
    for _ in range(7):
        other.step()
    before, known = driver.rollout.seen, other.rollout.seen
    rows = np.array([[False, True, False], [False, False, True]])
    driver.reset(rows, known)
    chosen = torch.from_numpy(rows)
    after = driver.rollout.seen
    for ours, mine, theirs in zip(leaves(after[2:]), leaves(before[2:]), leaves(known[2:]), strict=True):
        assert torch.equal(ours[chosen], theirs[chosen])
        assert torch.equal(ours[~chosen], mine[~chosen])
    step = driver.step()
    packed = pack(
        step.seen.observation, step.action, step.next_seen.observation, step.reward, cartpole.spaces
    )
    assert after.state is not None
    assert step.next_seen.state is not None
    assert torch.equal(step.next_seen.state, KEPT * after.state + packed)


def test_a_state_is_kept_and_goes_on() -> None:
    """After a way through a file, and whatever the other rollout did before."""

    def on(driver: Driver) -> list[Tensor]:
        driver.random = np.random.default_rng(5)
        found = []
        for _ in range(30):
            found += leaves(driver.step())
            driver.end()
        return found

    driver = Driver(cartpole, watched(cartpole))
    on(driver)
    for _ in range(3):
        driver.step()
    file = io.BytesIO()
    torch.save(driver.rollout.state_dict(), file)
    stopped = driver.rollout.seen
    expected = on(driver)
    other = Driver(cartpole, watched(cartpole))
    on(other)
    file.seek(0)
    other.rollout.load_state_dict(torch.load(file, weights_only=True))
    check_leaves(other.rollout.seen, stopped)
    for ours, theirs in zip(on(other), expected, strict=True):
        assert torch.equal(ours, theirs)


def test_there_is_no_state_where_none_is_declared() -> None:
    watch = Watch(frozenset({"window"}), 3, state=5, advance=lambda state, step: state)
    driver = Driver(cartpole, Rollout(cartpole.build(("gravity",), ROWS), watch))
    for _ in range(3):
        step = driver.step()
        driver.end()
        assert step.seen.state is None
        assert step.next_seen.state is None
        assert driver.rollout.seen.state is None
