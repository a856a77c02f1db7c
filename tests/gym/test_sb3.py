"""Stable-Baselines3 checks our ids and meets every context in its evaluations."""

import warnings
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import IDS, SLOW, make

from meta_rl.benchmarks.published import BENCHMARKS

pytest.importorskip("stable_baselines3")

from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import EvalCallback, StopTrainingOnRewardThreshold
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv

ID = "meta_rl/cartpole_length-v0"


class Still:
    """A policy that always takes the first action."""

    def predict(self, observation: np.ndarray, state: Any = None, **_: Any) -> tuple[np.ndarray, None]:
        return np.zeros(len(observation), dtype=np.int64), None


def played(environment: Any, episodes: int) -> list[int]:
    """The contexts of the episodes that an evaluation counts."""
    met: list[int] = []

    def note(local: dict[str, Any], _: Any) -> None:
        if local["done"]:
            met.append(local["info"]["context_id"])

    evaluate_policy(Still(), environment, n_eval_episodes=episodes, callback=note, warn=False)  # type: ignore[arg-type]
    return met


@pytest.mark.parametrize("limit", [None, 20, 4])
def test_every_evaluation_over_ten_contexts_plays_all_ten(limit: int | None) -> None:
    """Also where some or all episodes end at another limit than the id's."""
    environment = make("cartpole_length", n_contexts=10, max_episode_steps=limit)
    for _ in range(6):
        assert sorted(played(environment, 10)) == list(range(10))
    met = [*played(environment, 5), *played(environment, 5)]
    assert sorted(met) == list(range(10))


@pytest.mark.parametrize("number", [1, 2, 4, 8])
def test_environments_of_make_vec_env_play_all_contexts_once_they_are_seeded(number: int) -> None:
    settings = {"split": "extrapolation", "n_contexts": 8, "render_mode": None}
    vector = make_vec_env(ID, n_envs=number, seed=0, env_kwargs=settings)
    for seed in range(3):
        assert sorted(played(vector, 8)) == list(range(8))
        vector.seed(seed)
    vector.close()


@pytest.mark.parametrize("number", [1, 3, 4, 8])
def test_parts_play_all_contexts_in_every_evaluation(number: int) -> None:
    settings = {"split": "extrapolation", "n_contexts": 8}
    vector = DummyVecEnv(
        [partial(gymnasium.make, ID, part=(row, number), **settings) for row in range(number)]
    )
    for _ in range(4):
        assert sorted(played(vector, 8)) == list(range(8))


def test_training_can_stop_where_the_id_says_it_is_solved() -> None:
    environment = make("pendulum")  # whose threshold is below what a pendulum without control loses at once
    stop = StopTrainingOnRewardThreshold(environment.spec.reward_threshold - 5000)
    evaluation = EvalCallback(
        environment, callback_on_new_best=stop, eval_freq=32, n_eval_episodes=1, warn=False
    )
    model = PPO("MlpPolicy", make("pendulum"), n_steps=64, batch_size=64, n_epochs=1, device="cpu").learn(
        640, evaluation
    )
    assert model.num_timesteps < 640


@pytest.mark.parametrize(
    ("name", "observe"),
    [(name, observe) for name in (*IDS, *SLOW) for observe in ("plain", *["flat"] * (name in BENCHMARKS))],
)
def test_its_checker_finds_nothing(name: str, observe: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # Torques are in their unit; RescaleAction scales them.
        warnings.filterwarnings("ignore", message=".*symmetric and normalized")
        check_env(make(name, observe=observe).unwrapped)
