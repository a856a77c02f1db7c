"""The policies that a run leaves: when they are taken, and that no neighbour has a say in it."""

import io
import math

import pytest
import torch

from meta_rl.conformance.small import training
from meta_rl.training import policy
from meta_rl.training.policy import Weights, snapshot_parts

STEPS = 600


def left(method: str, seeds: list[int], steps: int = STEPS, count: int = 5, **settings: int) -> Weights:
    one = training(method, seeds, **settings)
    one.run(steps, snapshots=count)
    return one.weights({}, {})


def test_they_lie_two_per_cent_apart_and_end_with_the_run() -> None:
    assert snapshot_parts(5) == [92, 94, 96, 98, 100]
    assert snapshot_parts(1) == [100]


@pytest.mark.parametrize("agent", ["dqn", "ppo"])
def test_each_is_the_policy_of_a_training_that_stops_there(agent: str) -> None:
    weights = left("none", [0, 1], agent=agent)
    assert weights.snapshots == 5
    for number, part in enumerate(snapshot_parts(5)):
        stopped = training("none", [0, 1], agent=agent)
        stopped.run(math.ceil(STEPS * part / 100))
        for name, value in policy.tensors(stopped.agent).items():
            assert torch.equal(weights.tensors[name][:, number], value), (part, name)


@pytest.mark.parametrize("steps", [STEPS, 40])
def test_runs_that_probe_leave_the_same_alone_and_in_a_stack(steps: int) -> None:
    """They take their steps at different times; in 40 steps the probes of the first reset are a good part."""
    stack, alone = left("epi", [0, 1, 2], steps), left("epi", [1], steps)
    assert stack.env_steps[1] == alone.env_steps[0] >= steps
    for name, value in alone.tensors.items():
        assert torch.equal(stack.tensors[name][1], value[0]), name


def test_a_training_that_is_cut_between_two_leaves_the_same() -> None:
    whole, again, file = left("jrpl", [0, 1]), training("jrpl", [0, 1]), io.BytesIO()
    first = training("jrpl", [0, 1])

    class Kept:
        """Stands for the checkpoint: it keeps the state of a moment between two snapshots."""

        def resume(self) -> None:
            return None

        def offer(self, content: object, reached: int) -> None:
            if reached >= 0.95 * STEPS and not file.tell():
                torch.save(first.state_dict(), file)

    first.run(STEPS, checkpoint=Kept(), snapshots=5)  # type: ignore[arg-type]
    file.seek(0)
    again.load_state_dict(torch.load(file, weights_only=True))
    again.run(STEPS, snapshots=5)
    for name, value in again.weights({}, {}).tensors.items():
        assert torch.equal(value, whole.tensors[name]), name
