"""Stable-Baselines3's PPO on CartPole with poles of many lengths: how well does it play lengths it never saw?

    python examples/sb3_cartpole.py [--steps 80000] [--seed 0] [--observe flat]

Trains on the 100 train contexts of `cartpole_length`, then plays one greedy episode in each of 100 contexts per
split. Needs `pip install stable-baselines3`; takes less than a minute on one core. Settings after RL
Baselines3 Zoo's for CartPole.
"""

import argparse

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

ENVIRONMENT = "meta_rl.gym:meta_rl/cartpole_length-v0"


def train(steps: int, seed: int, observe: str) -> PPO:
    """`seed` chooses the run's train contexts as well as everything random in training."""
    settings = {"split": "train", "seed": seed, "observe": observe}
    environments = make_vec_env(ENVIRONMENT, n_envs=8, seed=seed, env_kwargs=settings)
    model = PPO(
        "MlpPolicy", environments, n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20,
        learning_rate=lambda left: 0.001 * left, seed=seed, device="cpu",
    )  # fmt: skip
    return model.learn(steps)


def evaluate(model: PPO, split: str, seed: int, observe: str) -> np.ndarray:
    """The return [100] of one episode per context: as many environments as contexts, each in another one."""
    environments = gymnasium.make_vec(
        ENVIRONMENT, num_envs=100, split=split, seed=seed, n_contexts=100, observe=observe
    )
    observation, _ = environments.reset(seed=seed)
    returns, running = np.zeros(100), np.ones(100, dtype=bool)
    while running.any():
        action, _ = model.predict(observation, deterministic=True)
        observation, reward, terminated, truncated, _ = environments.step(action)
        returns += reward * running
        running &= ~(terminated | truncated)
    return returns


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO on the benchmark cartpole_length.")
    parser.add_argument("--steps", type=int, default=80_000, help="environment steps of training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--observe", choices=("plain", "flat"), default="plain", help="flat: the context too")
    given = parser.parse_args()
    model = train(given.steps, given.seed, given.observe)
    for split in ("train", "interpolation", "extrapolation"):
        returns = evaluate(model, split, given.seed, given.observe)
        print(f"{split:>13}: mean return {returns.mean():5.1f}, lowest {returns.min():5.1f} (of 500)")


if __name__ == "__main__":
    main()
