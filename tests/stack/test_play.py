"""Playing stops at each row's end, sums its rewards, and tells what the policy saw."""

from typing import Any

import numpy as np
import torch

from meta_rl.spaces import Spaces, Step
from meta_rl.stack.play import play
from meta_rl.stack.rollout import Rollout


class Script:
    """Row n ends after its context's steps; step t of an episode gives the reward 10 ** t, later ones a trap."""

    spaces = Spaces(observation=2, action=2, discrete=True)
    noise = 1

    def __init__(self, rows: tuple[int, int]) -> None:
        self.rows = rows
        self.length = np.zeros(rows)
        self.time = np.zeros(rows, dtype=np.int64)
        self.observation = np.zeros((*rows, 2), dtype=np.float32)

    def reset(self, rows: np.ndarray, contexts: np.ndarray, noise: np.ndarray) -> None:
        self.length = np.where(rows, contexts[..., 0], self.length)
        self.time = np.where(rows, 0, self.time)
        self.observation = self._seen()

    def step(self, action: np.ndarray) -> Step:
        reward = np.where(self.time < self.length, 10.0**self.time, np.nan)
        self.time = self.time + 1
        self.observation = self._seen()
        ended = self.time == self.length
        second = np.arange(self.rows[1]) % 2 == 1
        return Step(self.observation, reward, ended & ~second, ended & second)

    def _seen(self) -> np.ndarray:
        return np.stack([self.time, self.length], axis=-1).astype(np.float32)


def play_script(lengths: list[list[int]], gamma: float) -> tuple[Any, int]:
    """The episodes and the number of steps that it took to play them."""
    environments: Any = Script(np.shape(lengths))
    contexts = np.array(lengths, dtype=np.float64)[..., None]
    played = play(
        Rollout(environments),
        lambda seen: torch.zeros(seen.observation.shape[:2], dtype=torch.int64),
        contexts,
        np.zeros_like(contexts),
        gamma,
        encoding=lambda seen: seen.observation + 0.5,
    )
    return played, int(environments.time.max())


def test_play_stops_at_each_rows_end_and_sums_its_rewards() -> None:
    played, steps = play_script([[1, 3], [4, 2]], gamma=0.5)
    assert steps == 4
    assert played.episode_length.tolist() == [[1, 3], [4, 2]]
    assert played.episode_return.tolist() == [[1, 111], [1111, 11]]
    assert played.discounted_return.tolist() == [[1, 1 + 5 + 25], [1 + 5 + 25 + 125, 1 + 5]]


def test_play_tells_what_the_policy_saw_at_the_start_and_the_end() -> None:
    played, _ = play_script([[1, 3], [4, 2]], gamma=0.5)
    assert played.first.observation.tolist() == [[[0, 1], [0, 3]], [[0, 4], [0, 2]]]
    assert played.encoding.tolist() == [[[1.5, 1.5], [3.5, 3.5]], [[4.5, 4.5], [2.5, 2.5]]]


def test_there_is_no_encoding_where_none_is_asked_for() -> None:
    lengths = np.array([[1.0, 3.0]])[..., None]
    environments: Any = Script((1, 2))
    zeros = torch.zeros(1, 2, dtype=torch.int64)
    played = play(Rollout(environments), lambda seen: zeros, lengths, np.zeros_like(lengths), 1.0)
    assert played.encoding.shape == (1, 2, 0)
