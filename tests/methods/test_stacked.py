"""The stack is the last steps as they were, oldest first, in the units in which the agent sees its own observation."""

from typing import Any

import pytest
import torch

from meta_rl.conformance.learners import build, start
from meta_rl.conformance.methods import build as build_method
from meta_rl.conformance.probes import Remember
from meta_rl.stack.seen import Seen, Window


@pytest.mark.parametrize("name", ["stacked", "stacked_cleared"])
def test_z_is_the_steps_before_or_nothing(name: str) -> None:
    method = build_method(name, window=3)
    transitions = torch.arange(1.0, 13.0).view(1, 1, 3, 4)  # (s, one of two actions, s')
    seen = Seen(torch.zeros(1, 1, 1), None, Window(transitions, torch.tensor([[[0.0, 1.0, 1.0]]])))
    expected = [0, 0, 0, 5, 6, 7, 9, 10, 11] if name == "stacked" else [0] * 9
    assert method.encode(seen).flatten().tolist() == expected
    assert method.size == 9


@pytest.mark.parametrize("observations", ["raw", "normalised"])
def test_ppo_normalises_the_stack_like_the_observation(observations: str) -> None:
    """A step's observation in the stack is what the policy read as it took the step."""
    agent: Any = build("ppo", "discrete", "stacked", observations=observations, n_steps=10**3, minibatch=1000)
    training = start(agent, Remember, "discrete", "stacked")
    read: list[torch.Tensor] = []
    compared = 0
    for _ in range(40):
        training.run(int(training.env_steps[0]) + 4)
        read.append(agent.memory.field("observation")[:, agent.memory.size - 1])
        z = read[-1][..., 1:].unflatten(-1, (3, 3))
        age = len(read) % 5 - 1 if len(read) % 5 else 4
        for back in range(1, min(3, age) + 1):
            torch.testing.assert_close(z[:, :, -back, 0], read[-1 - back][..., 0])
            compared += 1
        assert not z[:, :, : 3 - min(3, age)].any()
    assert compared > 50
