"""What only memory solves: a cue that is asked for three steps after it was seen."""

from typing import Any

import numpy as np
import pytest

from meta_rl import registry
from meta_rl.conformance.learners import SPACES, build, start
from meta_rl.conformance.probes import Remember

LEARNERS = [("dqn", "discrete"), ("sac", "continuous"), ("ppo", "discrete")]
STEPS = 4000  # env_steps: 800 episodes
# A reward for the answer alone is too rare for the few steps and the large step size of the other probes.
PATIENT = {"ppo": {"n_steps": 32, "learning_rate": 0.01, "entropy_weight": 0.05}}


def answers(name: str, kind: str, method: str) -> np.ndarray:
    """What greedy agents earn for their answers to cues of -1 and 1, [S, 2], after a short training."""
    agent = build(name, kind, method, steps=STEPS, **PATIENT.get(name, {}))
    start(agent, Remember, kind, method).run(STEPS)
    probe: Any = Remember((2, 2), SPACES[kind])
    rollout = agent.rollout(probe, registry.entry("method", method).needs)
    ones = np.ones((2, 2, 1))
    rollout.reset(ones[..., 0] > 0, ones, ones * [[0.2], [0.8]])
    for _ in range(5):
        step = rollout.step(agent.act(rollout.seen, explore=False))
    assert step.terminated.all()
    return step.reward.numpy()


@pytest.mark.parametrize(("name", "kind"), LEARNERS)
def test_a_recurrent_method_remembers(name: str, kind: str) -> None:
    assert (answers(name, kind, "recurrent") > 0.8).all()


@pytest.mark.parametrize(("name", "kind"), [LEARNERS[0], LEARNERS[-1]])
@pytest.mark.parametrize("method", ["none", "recurrent_cleared"])
def test_nobody_else_does(name: str, kind: str, method: str) -> None:
    """They give the same answer to both cues, right once."""
    np.testing.assert_allclose(answers(name, kind, method).sum(1), 0.0, atol=0.2)
