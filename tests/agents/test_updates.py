"""Updates of ours and of Stable-Baselines3's, from the same weights, data and noise: the same weights after."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common import logger
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.dqn import dqn
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers import baselines
from benchmarks.peers.case import Case, training
from meta_rl.agents.on_policy import Samples, advantages
from meta_rl.stack.networks import MLP
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen

ROWS = 32
UPDATES = 3  # the first step of Adam is as long whatever the gradient's: only later ones show its scale
# Sizes that turn layers and pad them; step sizes that move weights by far more than rounding does.
_OFF_POLICY = {"n_envs": 1, "hidden": [24, 10], "batch": ROWS, "replay": 1000, "learning_starts": 20}
_PPO = {
    "n_envs": 2, "n_steps": 16, "minibatch": ROWS, "epochs": UPDATES, "hidden": [24, 10], "observations": "raw",
    "learning_rate": 1e-2,
}  # fmt: skip


def _cartpole(agent: str, **settings: Any) -> Case:
    return Case(agent, "cartpole", "CartPole-v1", 1000, settings)


def _pendulum(agent: str, **settings: Any) -> Case:
    return Case(agent, "pendulum", "Pendulum-v1", 1000, settings)


@pytest.fixture(autouse=True)
def _their_own_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a case with another one put in its place does not last."""
    monkeypatch.setitem(vars(dqn), "F", torch.nn.functional)


CASES = {
    "dqn": _cartpole("dqn", **_OFF_POLICY, learning_rate=1e-2),
    "dqn, huber, clipped": _cartpole(
        "dqn", **_OFF_POLICY, learning_rate=1e-2, loss="huber", max_gradient_norm=0.01
    ),
    "ddqn": _cartpole("ddqn", **_OFF_POLICY, learning_rate=1e-2),
    "ddpg": _pendulum("ddpg", **_OFF_POLICY, actor_learning_rate=1e-2, critic_learning_rate=1e-2, tau=0.1),
    "sac": _pendulum("sac", **_OFF_POLICY, learning_rate=1e-2, tau=0.1),
    "ppo": _cartpole("ppo", **_PPO, entropy_weight=0.1, max_gradient_norm=0.1),
    "ppo, continuous": _pendulum("ppo", **_PPO, entropy_weight=0.1, max_gradient_norm=None),
}
# What they call the layers of each network of ours.
NETWORKS: dict[str, dict[str, Callable[[Any], list[nn.Module]]]] = {
    "dqn": {
        "q": lambda theirs: [theirs.q_net],
        "target_q": lambda theirs: [theirs.q_net_target],
    },
    "ddpg": {
        "actor": lambda theirs: [theirs.actor.mu],
        "target_actor": lambda theirs: [theirs.actor_target.mu],
        "critics.0": lambda theirs: [theirs.critic.qf0],
        "target_critics.0": lambda theirs: [theirs.critic_target.qf0],
    },
    "sac": {
        "critics.0": lambda theirs: [theirs.critic.qf0],
        "critics.1": lambda theirs: [theirs.critic.qf1],
        "target_critics.0": lambda theirs: [theirs.critic_target.qf0],
        "target_critics.1": lambda theirs: [theirs.critic_target.qf1],
        "actor": lambda theirs: [theirs.actor.latent_pi, theirs.actor.mu, theirs.actor.log_std],
    },
    "ppo": {
        "policy": lambda theirs: [theirs.policy.mlp_extractor.policy_net, theirs.policy.action_net],
        "critic": lambda theirs: [theirs.policy.mlp_extractor.value_net, theirs.policy.value_net],
    },
}
NETWORKS["ddqn"] = NETWORKS["dqn"]


def _layers(modules: list[nn.Module]) -> list[tuple[Tensor, Tensor]]:
    """Weights [inputs, outputs] and biases; SAC's two last layers, mean and log_std, are one of ours."""
    found = [
        (part.weight.T, part.bias)
        for module in modules
        for part in module.modules()
        if isinstance(part, nn.Linear)
    ]
    if len(modules) == 3:
        (weight, bias), (more, shift) = found[-2:]
        found[-2:] = [(torch.cat((weight, more), 1), torch.cat((bias, shift)))]
    return found


def _views(network: MLP) -> list[tuple[Tensor, Tensor]]:
    """The same of the only seed of ours."""
    return [(weight[0].detach(), bias[0, 0].detach()) for weight, bias in network.layers()]


def _differences(agent: Any, theirs: Any, name: str) -> dict[str, float]:
    """The largest one of each network's weights."""
    found = {}
    for ours, get in NETWORKS[name].items():
        pairs = zip(_views(agent.get_submodule(ours)), _layers(get(theirs)), strict=True)
        found[ours] = max(
            float((mine - other.detach()).abs().max())
            for layer in pairs
            for mine, other in zip(*layer, strict=True)
        )
    return found


def _same_start(case: Case) -> tuple[Any, Any]:
    """Ours and theirs, with their weights."""
    theirs = baselines.model("Stable-Baselines3", case, 0)
    theirs.set_logger(logger.configure(None, []))
    agent: Any = training(case, [0]).agent
    for ours, get in NETWORKS[case.agent].items():
        pairs = zip(_views(agent.get_submodule(ours)), _layers(get(theirs)), strict=True)
        for layer in pairs:
            for mine, other in zip(*layer, strict=True):
                mine.copy_(other.detach())
    assert set(_differences(agent, theirs, case.agent).values()) == {0.0}
    return agent, theirs


def _batches(
    agent: Any, theirs: Any, random: torch.Generator, scale: float
) -> tuple[Batch, ReplayBufferSamples]:
    """The same transitions as each side remembers them: theirs has actions in [-1, 1]."""
    observation, following = torch.randn(2, ROWS, theirs.observation_space.shape[0], generator=random)
    reward = scale * torch.randn(ROWS, generator=random)
    terminated = torch.rand(ROWS, generator=random) < 0.3
    action = torch.rand(ROWS, 1, generator=random) * 2 - 1
    if agent.spaces.discrete:
        action = (action > 0).long()
    given = ReplayBufferSamples(
        observation, action, following, terminated.float().unsqueeze(1), reward.unsqueeze(1)
    )
    done = action.squeeze(1) if agent.spaces.discrete else action * agent.spaces.limit
    fields = [one.unsqueeze(0) for one in (observation, done, reward, following, terminated)]
    return Batch(Seen(fields[0]), fields[1], fields[2], Seen(fields[3]), fields[4]), given


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.agent != "ppo"])
def test_an_off_policy_update_equals_theirs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    agent, theirs = _same_start(case)
    random = torch.Generator().manual_seed(1)
    for update in range(UPDATES):
        ours, given = _batches(agent, theirs, random, scale=3.0**update)
        monkeypatch.setattr(theirs.replay_buffer, "sample", lambda *_, given=given, **__: given)
        noise = torch.randn(2, ROWS, 1, generator=random)
        if case.agent == "sac":
            drawn = iter(noise)  # theirs draws for the actor first
            monkeypatch.setattr(
                torch.distributions.normal, "_standard_normal", lambda *_, drawn=drawn, **__: next(drawn)
            )
            named = {"sac/actor": noise[:1], "sac/next": noise[1:]}
            monkeypatch.setattr(agent, "normal", lambda purpose, _, named=named: named[purpose])
        theirs.train(gradient_steps=1, batch_size=ROWS)
        agent.update(ours)
    _moved_alike(agent, theirs, case)
    if case.agent == "sac":
        assert float(agent.log_temperature) == pytest.approx(float(theirs.log_ent_coef), abs=1e-5)
        assert float(agent.log_temperature) != 0


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.agent == "ppo"])
def test_an_update_of_ppo_equals_theirs(name: str) -> None:
    case = CASES[name]
    agent, theirs = _same_start(case)
    _, callback = theirs._setup_learn(ROWS)
    theirs.set_logger(logger.configure(None, []))
    theirs.collect_rollouts(theirs.env, callback, theirs.rollout_buffer, theirs.n_steps)
    buffer = theirs.rollout_buffer
    # They go from [T, N] to [N T]; the order within the only minibatch does not matter.
    fields = [
        torch.from_numpy(np.array(field)).float().flatten(0, 1).unsqueeze(0)
        for field in (
            buffer.observations,
            buffer.actions,
            buffer.log_probs,
            buffer.advantages,
            buffer.returns,
        )
    ]
    samples = Samples(Seen(fields[0]), *fields[1:])
    for _ in range(UPDATES):
        agent.optimiser.minimise(agent.loss(samples), case.config["max_gradient_norm"])
    if case.config["max_gradient_norm"] is None:
        theirs.max_grad_norm = np.inf
    theirs.train()
    _moved_alike(agent, theirs, case)
    if case.environment == "pendulum":
        torch.testing.assert_close(agent.distribution.log_std[0, 0], theirs.policy.log_std, atol=1e-6, rtol=0)
        assert float(agent.distribution.log_std.abs().max()) > 1e-3


def _moved_alike(agent: Any, theirs: Any, case: Case) -> None:
    fresh = _same_start(case)[1]
    for network, difference in _differences(agent, theirs, case.agent).items():
        # Theirs adds 1e-6 inside SAC's logarithm of 1 - tanh(u)^2.
        assert difference < (2e-5 if case.agent == "sac" else 1e-6), network
        moved = _differences(agent, fresh, case.agent)[network]
        assert moved > 1e-3 or network == "target_q", network  # that one waits for its copy


def test_advantages_equal_theirs_where_episodes_end_and_are_cut() -> None:
    """They add the value of what would have come after a cut to its reward."""
    theirs = baselines.model("Stable-Baselines3", CASES["ppo"], 0)
    random = torch.Generator().manual_seed(2)
    steps, rows, gamma, decay = 16, 2, 0.99, 0.95
    reward, value = torch.randn(2, steps, rows, generator=random)
    after = torch.randn(steps, rows, generator=random)  # values of the states before resets
    terminated, truncated = torch.rand(2, steps, rows, generator=random) < 0.2
    ended = terminated | truncated
    last = torch.randn(rows, generator=random)
    following = torch.where(ended, after, torch.cat((value[1:], last.unsqueeze(0))))
    buffer = theirs.rollout_buffer
    buffer.gamma, buffer.gae_lambda = gamma, decay
    cut = (truncated & ~terminated).float()
    buffer.rewards[:] = (reward + gamma * cut * after).numpy()
    buffer.values[:] = value.numpy()
    buffer.episode_starts[1:] = ended[:-1].numpy()
    buffer.compute_returns_and_advantage(last, ended[-1].numpy())
    ours = advantages(
        *(field.unsqueeze(0) for field in (reward, value, following, terminated, truncated)), gamma, decay
    )
    np.testing.assert_allclose(ours[0], buffer.advantages, atol=1e-5)
