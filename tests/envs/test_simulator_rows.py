"""Rows over a worker that counts its steps: when they stand still, what they keep apart, and which is drawn."""

from typing import Any

import numpy as np

from meta_rl.contexts import Feature
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Spaces


class Counter:
    """A simulator whose worker counts its steps and ends at the tenth; its feature is the reward."""

    carl = None
    spaces = Spaces(observation=1, action=2, discrete=False)
    features = (Feature("pay", 1.0, 0.0, 9.0, "1"),)
    horizon = 12

    class Worker:
        steps, pay, last, render_mode = 0, 0.0, 10, None

        def reset(self, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
            self.steps, self.last = 0, 99 if seed == 0 else 10
            return np.zeros(1, dtype=np.float32), {}

        def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
            self.steps += 1
            self.action = action
            return np.full(1, self.steps), self.pay, self.steps == self.last, False, {}

    def make(self, render_mode: str | None) -> Worker:
        worker = self.Worker()
        worker.render_mode = render_mode
        return worker

    def apply(self, worker: Worker, context: dict[str, float]) -> None:
        worker.pay = context["pay"]


def counting(rows: tuple[int, int] = (2, 2), render: bool = False) -> SimulatorRows:
    """Row (0, 1) never terminates, so that it is truncated; the others terminate at their tenth step."""
    environments = SimulatorRows(Counter(), ("pay",), rows, render)
    noise = np.full((*rows, 1), 0.5)
    noise[0, 1] = 0.0
    pay = np.arange(1.0, 1 + rows[0] * rows[1]).reshape(*rows, 1)
    environments.reset(np.ones(rows, dtype=bool), pay, noise)
    return environments


def test_rows_that_have_ended_stand_still() -> None:
    environments = counting()
    action = np.zeros((2, 2, 2), dtype=np.float32)
    steps = [environments.step(action) for _ in range(15)]
    assert [worker.steps for worker in environments.workers] == [10, 12, 10, 10]
    assert steps[-1].next_observation[..., 0].tolist() == [[10, 12], [10, 10]]
    assert steps[9].reward.tolist() == [[1, 2], [3, 4]]
    assert steps[10].reward.tolist() == [[0, 2], [0, 0]]
    assert steps[12].reward.tolist() == [[0, 0], [0, 0]]
    assert [step.terminated.tolist() for step in steps[8:10]] == [
        [[False] * 2] * 2,
        [[True, False], [True, True]],
    ]
    assert not any(step.truncated.any() for step in steps[:11])
    for step in steps[11:]:
        assert step.truncated.tolist() == [[False, True], [False, False]]
        assert step.terminated.tolist() == [[True, False], [True, True]]


def test_rows_stand_still_until_their_first_reset() -> None:
    environments = SimulatorRows(Counter(), ("pay",), (1, 2))
    environments.reset(np.array([[False, True]]), np.full((1, 2, 1), 3.0), np.full((1, 2, 1), 0.5))
    step = environments.step(np.zeros((1, 2, 2), dtype=np.float32))
    assert step.reward.tolist() == [[0, 3]]
    assert step.next_observation[..., 0].tolist() == [[0, 1]]
    assert environments.context["pay"].tolist() == [[1.0, 3.0]]


def test_what_was_returned_does_not_change_later() -> None:
    environments, action = counting(), np.zeros((2, 2, 2), dtype=np.float32)
    first = environments.step(action)
    environments.step(action)
    last = environments.step(action)
    environments.reset(np.ones((2, 2), dtype=bool), np.ones((2, 2, 1)), np.full((2, 2, 1), 0.5))
    after_reset = environments.observation
    environments.step(action)
    for age, observation in ((1, first[0]), (3, last[0]), (0, after_reset)):
        assert observation[..., 0].tolist() == [[age] * 2] * 2


def test_what_was_done_does_not_change_with_the_array_that_said_it() -> None:
    environments = counting()
    action = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    environments.step(action)
    assert [worker.action.tolist() for worker in environments.workers] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    action[:] = 9
    assert environments.state_dict()["actions"].ravel().tolist() == list(range(8))


def test_rows_can_be_drawn_only_where_that_was_asked_for() -> None:
    assert {worker.render_mode for worker in counting(render=True).workers} == {"rgb_array"}
    assert {worker.render_mode for worker in counting().workers} == {None}
