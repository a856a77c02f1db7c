"""The same case in Stable-Baselines3, or in its JAX port SBX, which has the same interface."""

import importlib
import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.peers.case import Case
from benchmarks.peers.shaped_mountaincar import Wrapper

LIBRARIES = {"Stable-Baselines3": "stable_baselines3", "SBX": "sbx"}
UNSEEN = {"render_mode": None}  # what can be drawn is slower: LunarLander's particles take most of its time


def model(library: str, case: Case, seed: int) -> Any:
    """A model that is ready to `learn`. Raises ValueError for settings that the library does not have."""
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.noise import NormalActionNoise

    members, ours = importlib.import_module(LIBRARIES[library]), case.config
    first = ours["n_envs"] * seed  # each environment takes the next one: no two runs share a start
    common: dict[str, Any] = {
        "policy": "MlpPolicy",
        "env": make_vec_env(
            case.gymnasium,
            n_envs=ours["n_envs"],
            seed=first,
            wrapper_class=Wrapper if case.shaped else None,
            env_kwargs=UNSEEN,
        ),
        "seed": seed,
        "gamma": ours["gamma"],
        "policy_kwargs": {"net_arch": list(ours["hidden"])},
    } | ({"device": "cpu"} if library == "Stable-Baselines3" else {})
    if case.agent == "ppo":
        if (ours["observations"], ours["rewards"]) != ("raw", "raw"):
            raise ValueError("its PPO normalises in a wrapper: compare raw observations and rewards")
        return members.PPO(
            learning_rate=ours["learning_rate"], n_steps=ours["n_steps"], batch_size=ours["minibatch"],
            n_epochs=ours["epochs"], max_grad_norm=ours["max_gradient_norm"],
            gae_lambda=ours["gae_lambda"], clip_range=ours["clip"], vf_coef=ours["value_weight"],
            ent_coef=ours["entropy_weight"], **common,
        )  # fmt: skip
    if ours["train_every"] % ours["n_envs"]:
        raise ValueError("it updates between steps of all environments: n_envs must divide train_every")
    common |= {
        "buffer_size": ours["replay"],
        "batch_size": ours["batch"],
        "learning_starts": ours["learning_starts"],
        "train_freq": ours["train_every"] // ours["n_envs"],
        "gradient_steps": ours["gradient_steps"],
    }
    if case.agent == "ddpg":
        if ours["critic_learning_rate"] != ours["actor_learning_rate"]:
            raise ValueError("its DDPG has one step size: set critic_learning_rate to actor_learning_rate")
        noise = NormalActionNoise(np.zeros(1), ours["noise"] * np.ones(1))
        return members.DDPG(
            learning_rate=ours["actor_learning_rate"], tau=ours["tau"], action_noise=noise, **common
        )
    if case.agent == "sac":
        return members.SAC(learning_rate=ours["learning_rate"], tau=ours["tau"], **common)
    if library == "Stable-Baselines3":  # SBX does not clip
        norm = ours["max_gradient_norm"]
        common["max_grad_norm"] = math.inf if norm is None else norm
        if ours["loss"] == "squared":
            _use_squared_loss()
    learner = members.DQN(
        learning_rate=ours["learning_rate"], target_update_interval=ours["target_every"],
        exploration_fraction=ours["epsilon_fraction"], exploration_initial_eps=ours["epsilon_start"],
        exploration_final_eps=ours["epsilon_end"], **common,
    )  # fmt: skip
    if case.agent == "ddqn":
        _make_double(learner)
    return learner


def _make_double(learner: Any) -> None:
    """Stable-Baselines3 has no double DQN: let its target network offer the online network's choice alone."""
    import torch

    target = learner.q_net_target.forward

    def chosen(observation: Any) -> Any:
        values = target(observation)
        best = learner.q_net(observation).argmax(1, keepdim=True)
        return torch.full_like(values, -math.inf).scatter(1, best, values.gather(1, best))

    learner.q_net_target.forward = chosen


def _use_squared_loss() -> None:
    """Stable-Baselines3's DQN always takes the Huber loss: let it find another function under that name."""
    from stable_baselines3.dqn import dqn
    from torch.nn.functional import mse_loss

    vars(dqn)["F"] = SimpleNamespace(smooth_l1_loss=mse_loss)
