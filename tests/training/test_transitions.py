"""Which transitions `jrpl` and its untrained control learn from, and that runs do not depend on their stack for it."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.agents.protocols import CRITIC
from meta_rl.conformance import learners, small
from meta_rl.conformance.compare import check_weights
from meta_rl.conformance.probes import Adapt, Probe
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams
from meta_rl.training import episodes, policy
from meta_rl.training.loop import Training
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

EVERY = ["context", "episode", "recent"]
AGENTS = ["dqn", "ppo"]


class Told(Probe):
    """Observations are the context; episodes of three steps."""

    def see(self) -> Any:
        return self.context

    def outcome(self, sign: np.ndarray) -> Any:
        return 0.0, self.time == 2, False


def settings(monkeypatch: pytest.MonkeyPatch, transitions: str) -> None:
    for place in (small.METHODS, learners.METHODS):
        for name in ("jrpl", "random_encoder"):
            monkeypatch.setitem(place, name, place[name] | {"transitions": transitions})


def weights(one: Training, seed: int) -> dict[str, Tensor]:
    return {name: value[seed].clone() for name, value in policy.tensors(one.agent).items()}


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("transitions", ["episode", "recent"])
def test_a_run_is_the_same_alone_in_a_stack_and_after_a_stop(
    monkeypatch: pytest.MonkeyPatch, transitions: str, agent: str
) -> None:
    """The default is among the conformance tests."""
    settings(monkeypatch, transitions)
    alone, stack, other = (small.training("jrpl", seeds, agent) for seeds in ([1], [2, 1], [2, 1]))
    alone.run(600), stack.run(600)
    check_weights(weights(stack, 1), weights(alone, 0))
    stopped = small.training("jrpl", [2, 1], agent)
    stopped.run(300)
    file = io.BytesIO()
    torch.save(stopped.state_dict(), file)
    file.seek(0)
    other.run(100)
    other.load_state_dict(torch.load(file, weights_only=True))
    other.run(600)
    check_weights(weights(other, 1), weights(alone, 0))


@pytest.mark.parametrize("method", ["jrpl", "random_encoder"])
@pytest.mark.parametrize("agent", ["dqn", "ppo"])
def test_what_is_learnt_from_shows_the_row_its_own_context(agent: str, method: str) -> None:
    """Over a ring that was overwritten and over many rollouts; other episodes of the context are among it."""
    one = learners.build(agent, method=method, **{"replay": 60} if agent == "dqn" else {})
    read: list[tuple[Tensor, Window]] = []
    inner = one.method.inputs

    def inputs(seen: Seen) -> Tensor:
        assert seen.window is not None
        transitions, mask, *_ = seen.window  # copied, because PPO's memory is overwritten
        read.append((seen.observation.clone(), Window(transitions.clone(), mask.clone())))
        return inner(seen)

    one.method.inputs = inputs
    learners.start(one, Told, method=method).run(800)
    learnt = [pair for pair in read if pair[0].shape[1] != one.n_envs]
    assert len(learnt) > 20
    drawn = 0
    for observation, window in learnt:
        held = window.mask > 0
        assert (window.transitions[..., 0] == observation)[held].all()
        drawn += int(held.all())
    assert drawn > len(learnt) / 3


class Blindfold(Told):
    """Told, but for the reward, which the context tells."""

    def outcome(self, sign: np.ndarray) -> Any:
        return self.context * sign, self.time == 2, False


@pytest.mark.parametrize("transitions", EVERY)
def test_the_control_sees_what_the_method_sees(monkeypatch: pytest.MonkeyPatch, transitions: str) -> None:
    """Before anything is learnt the two are one, to the last bit: in what they do, remember and read."""
    settings(monkeypatch, transitions)
    found = []
    for name in ("jrpl", "random_encoder"):
        agent = learners.build("dqn", method=name, learning_starts=10**6, steps=300)
        learners.start(agent, Blindfold, method=name).run(300)
        batch = learners.remembered(agent, torch.arange(300).repeat(2, 1))
        found.append((batch.action, *(agent.read(seen, CRITIC) for seen in (batch.seen, batch.next_seen))))
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)


def test_ppos_policy_learns_by_what_it_acted_by_and_its_critic_by_the_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = learners.build("ppo", method="jrpl", epochs=1, n_steps=16, minibatch=64)
    ratios: list[Tensor] = []
    windows: list[Window] = []
    inner = agent.loss

    def look(samples: Any) -> Any:
        outputs = agent.policy(agent.read(samples.seen, "policy"))
        ratios.append(agent.distribution.log_density(outputs, samples.raw) - samples.log_density)
        windows.append(samples.window)
        return inner(samples)

    monkeypatch.setattr(agent, "loss", look)
    learners.start(agent, Told, method="jrpl").run(64)
    torch.testing.assert_close(ratios[0], torch.zeros(2, 64), rtol=0, atol=1e-5)
    assert windows[0].mask.all()


@pytest.mark.parametrize("observations", ["raw", "normalised"])
def test_ppos_targets_read_by_windows_of_the_context_alone(
    monkeypatch: pytest.MonkeyPatch, observations: str
) -> None:
    """Values of the next states, also where an episode is cut or a rollout ends: no empty window is among them."""
    agent = learners.build("ppo", method="jrpl", observations=observations)
    valued: list[Seen] = []
    inner = agent._critic_value
    monkeypatch.setattr(agent, "_critic_value", lambda seen: valued.append(seen) or inner(seen))
    learners.start(agent, Adapt, method="jrpl").run(200)
    assert len(valued) == 3
    for seen in valued:
        assert seen.observation.shape[1] == 64
        assert seen.window is not None
        assert seen.window.mask.all()


def test_episodes_are_played_the_same_in_any_stack_and_twice() -> None:
    """Subsets are drawn by run, context and episode."""
    played = []
    for seeds in ((0, 1), (1,), (1,)):
        setup = Setup(small.spec("jrpl"))
        agent = setup.agent(Streams(small.keys(*seeds))).requires_grad_(False)
        ids = np.tile(np.arange(4), (len(seeds), 1))
        values = np.tile(np.geomspace(2, 30, 4)[:, None], (len(seeds), 1, 1))
        chosen = episodes.cases("small", "interpolation", ids, values, np.arange(2), 4)
        found = episodes.play_agent(Runs(setup, agent), chosen)
        played.append((found.episode_return[-1], found.encoding[-1].numpy()))
    for ours in played[1:]:
        for one, other in zip(ours, played[0], strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(np.unique(played[0][1], axis=0)) == 8
