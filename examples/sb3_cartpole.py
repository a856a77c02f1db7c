"""Stable-Baselines3's PPO on CartPole with poles of many lengths: how well does it play lengths it never saw?

    python examples/sb3_cartpole.py [--steps 80000] [--seed 0] [--observe flat] [--save model.zip]

Trains on the 100 train contexts of `cartpole_length`, then plays and scores the model as a study would. Needs `pip
install stable-baselines3`; takes about a minute on one core. Settings after RL Baselines3 Zoo's for CartPole.
"""

import argparse

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import meta_rl

BENCHMARK = "cartpole_length"


def train(steps: int, seed: int, observe: str) -> PPO:
    """`seed` chooses the run's train contexts as well as everything random in training."""
    settings = {"split": "train", "seed": seed, "observe": observe}
    environments = make_vec_env(
        f"meta_rl.gym:meta_rl/{BENCHMARK}-v0", n_envs=8, seed=seed, env_kwargs=settings
    )
    model = PPO(
        "MlpPolicy", environments, n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20,
        learning_rate=lambda left: 0.001 * left, seed=seed, device="cpu",
    )  # fmt: skip
    return model.learn(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=f"PPO on the benchmark {BENCHMARK}.")
    parser.add_argument("--steps", type=int, default=80_000, help="environment steps of training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--observe", choices=("plain", "flat"), default="plain", help="flat: the context too")
    parser.add_argument("--episodes", type=int, default=4, help="greedy episodes per context")
    parser.add_argument("--save", metavar="ZIP", help="where to keep the model")
    given = parser.parse_args()
    model = train(given.steps, given.seed, given.observe)
    if given.save:
        model.save(given.save)
    print(
        meta_rl.evaluate(
            {given.seed: model}, BENCHMARK, observe=given.observe, episodes=given.episodes, agent="ppo"
        )
    )


if __name__ == "__main__":
    main()
