"""A method's own probe: drawn actions, episodes that go on from it, and the one regime that each variant is for."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from gravity_cases import gravity_cases
from threads import threads

from meta_rl import registry
from meta_rl.conformance import learners, small
from meta_rl.conformance.compare import check_leaves
from meta_rl.conformance.probes import Constant
from meta_rl.stack.rollout import Rollout
from meta_rl.streams import Streams
from meta_rl.tables.columns import COLD, PROBED
from meta_rl.training import episodes
from meta_rl.training.information import regimes_of
from meta_rl.training.loop import Training
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

STEPS = 3  # of a probe in the small study


@pytest.fixture
def continued(monkeypatch: pytest.MonkeyPatch) -> None:
    """EPI's variant without a reset."""
    for settings in (small.METHODS, learners.METHODS):
        monkeypatch.setitem(settings, "epi", settings["epi"] | {"after_probe": "continue"})


def runs(*seeds: int) -> Runs:
    setup = Setup(small.spec("epi"))
    return Runs(setup, setup.agent(Streams(small.keys(*seeds))).requires_grad_(False))


def test_each_variant_has_the_regime_that_it_was_trained_for(continued: None) -> None:
    entry = registry.METHODS["epi"]
    assert regimes_of(entry, runs(0).agent.method, [0, 5]) == [COLD]
    for name, others in (("jrpl", [COLD, PROBED]), ("epi_random_probes", [PROBED])):
        described = Setup(small.spec(name)).method(Streams(small.keys(0)))
        assert regimes_of(registry.METHODS[name], described, [0]) == [*others, "observed_0"]


def test_an_episode_goes_on_from_its_probe(continued: None) -> None:
    """Its first observation is the probe's last, its time runs on, and what the probe has earned counts."""
    stack = small.training("epi", [0, 1])
    prober: Any = stack._prober
    assert not stack._over.any()
    seen = stack.rollout.seen
    np.testing.assert_array_equal(seen.observation.numpy(), prober.environments.observation)
    assert (stack.environments.state_dict()["age"] == STEPS).all()
    assert (stack._returns == STEPS).all()  # CartPole pays 1 a step
    assert seen.window is not None
    assert (seen.window.mask.sum(-1) == STEPS).all()
    own, other = stack.environments.state_dict(), prober.environments.state_dict()
    np.testing.assert_array_equal(own["context"], other["context"])
    points = stack.run(1500)
    returns = [point["figures"]["episode_return"] for point in points if "episode_return" in point["figures"]]
    assert returns


def test_with_a_reset_an_episode_starts_anew() -> None:
    stack = small.training("epi", [0, 1])
    assert (stack.environments.state_dict()["age"] == 0).all()
    assert not stack._returns.any()
    assert np.abs(stack.rollout.seen.observation.numpy()).max() <= 0.05


def left(stack: Training) -> dict[str, torch.Tensor]:
    stack.run(500)
    return stack.weights({}, {}).tensors


@pytest.mark.parametrize(("agent", "count"), [("dqn", 1), ("ppo", 2)])
def test_a_run_that_goes_on_from_probes_is_the_same_alone_and_in_a_stack(
    continued: None, agent: str, count: int
) -> None:
    with threads(count):
        stack = left(small.training("epi", [0, 1, 2], agent))
    with threads(1):
        alone = left(small.training("epi", [1], agent))
    for name, value in alone.items():
        assert torch.equal(stack[name][1], value[0]), name


def test_a_resumed_run_that_goes_on_from_probes_is_the_uninterrupted_one(continued: None) -> None:
    whole, file = small.training("epi", [0, 1]), io.BytesIO()
    whole.run(600)
    torch.save(whole.state_dict(), file)
    whole.run(1000)
    file.seek(0)
    resumed = small.training("epi", [0, 1])
    resumed.load_state_dict(torch.load(file, weights_only=True))
    resumed.run(1000)
    check_leaves(resumed.rollout.seen, whole.rollout.seen)
    for one, other in zip(resumed.agent.parameters(), whole.agent.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_episode_that_its_probe_ends_leaves_one_step_without_reward(continued: None) -> None:
    """Where all end at their first step, all values are 0, and the probe's rewards are all that is earned."""
    agent = learners.build("dqn", method="epi")
    stack = learners.start(agent, Constant, method="epi")
    assert stack._over.all()
    points = stack.run(learners.STEPS)
    learners.close(agent.value(stack.rollout.seen)[:, :1], 0.0)
    for point in points:
        mean, count = point["figures"]["episode_return"]
        np.testing.assert_array_equal(mean[count > 0], 1.0)


@pytest.mark.parametrize("information", [COLD, PROBED])
def test_probes_of_evaluations_are_drawn_by_common_random_numbers(information: str) -> None:
    """The same alone and in company, in another order and beside other episodes, and not all alike."""
    both, chosen = runs(0, 1), gravity_cases(4, 3)
    told = episodes.play_agent(both, chosen, information).encoding
    assert len(torch.unique(told[0], dim=0)) == told.shape[1]
    alone = episodes.play_agent(runs(1), chosen.select([1]), information).encoding
    assert torch.equal(alone[0], told[1])
    order = [7, 2, 11]
    part = episodes.Cases(chosen.split, *(array[:, order] for array in chosen[1:]))
    torch.testing.assert_close(episodes.play_agent(both, part, information).encoding, told[:, order])


def test_the_frozen_probe_acts_as_often_as_its_policy_says() -> None:
    """By the uniform numbers that it is given, also where actions are continuous."""
    chance = np.linspace(0, 1, 2000, endpoint=False)[None, :, None] + 1 / 4000
    for kind, agent in (("cartpole", "dqn"), ("pendulum", "ddpg")):
        setup = Setup(small.spec("epi", agent))
        assert setup.spec["environment"] == kind
        method: Any = setup.method(Streams(small.keys(0)))
        rollout = Rollout(setup.environments((1, 1)))
        shown = rollout.seen.observation.expand(1, 2000, -1)
        acted = method.probe(shown, chance)
        assert torch.equal(acted, method.probe(shown, chance))
        outputs = method.prober.policy(method.prober.normalised(rollout.seen).observation)[0, 0]
        if setup.environment.spaces.discrete:
            assert acted.float().mean().item() == pytest.approx(outputs.softmax(-1)[1].item(), abs=1e-3)
        else:
            inside = (acted.abs() < setup.environment.spaces.limit).float().mean().item()
            assert acted.median().item() == pytest.approx(outputs[0].item(), abs=1e-2)
            assert inside == pytest.approx(0.9545, abs=0.01)  # 2 standard deviations of 1
