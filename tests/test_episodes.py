"""Which episodes are played, and that playing them sums, stops and remembers as it should."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import small
import torch
from torch import Tensor

from meta_rl import episodes, policy, registry
from meta_rl.agents.base import Agent
from meta_rl.envs import cartpole
from meta_rl.envs.base import Spaces, Step
from meta_rl.rollout import Rollout, Seen, Window, pack, play
from meta_rl.streams import Streams

Cases = episodes.Cases


def cases(
    ids: list[list[int]],
    played: list[int],
    benchmark: str = "cartpole_gravity",
    split: str = "interpolation",
) -> Cases:
    """Of contexts whose only value is ten times their id."""
    numbers = np.array(ids)
    return episodes.cases(benchmark, split, numbers, 10.0 * numbers[..., None], np.array(played), 4)


def noise_of(chosen: Cases) -> dict[tuple[int, int, int], tuple[float, ...]]:
    """{(policy, context, episode): noise}"""
    return {
        (row, int(context), int(episode)): tuple(noise)
        for row in range(len(chosen.noise))
        for context, episode, noise in zip(
            chosen.context_id[row], chosen.episode[row], chosen.noise[row], strict=True
        )
    }


def test_cases_are_every_episode_in_every_context() -> None:
    chosen = cases([[3, 5], [8, 9]], [0, 1, 2])
    assert chosen.context_id.tolist() == [[3, 3, 3, 5, 5, 5], [8, 8, 8, 9, 9, 9]]
    assert chosen.episode.tolist() == [[0, 1, 2] * 2] * 2
    assert np.array_equal(chosen.contexts[..., 0], 10.0 * chosen.context_id)
    assert chosen.noise.shape == (2, 6, 4)
    assert ((chosen.noise >= 0) & (chosen.noise < 1)).all()
    assert len(set(noise_of(chosen).values())) == 12


def test_starts_depend_on_context_and_episode_alone() -> None:
    """Not on the company, on the order or number of episodes, or on who plays."""
    expected = noise_of(cases([[3, 5, 8]], [0, 1, 2, 3]))
    for chosen in (
        cases([[5]], [0]),
        cases([[8, 3]], [2]),
        cases([[8, 5, 3]], [2, 3, 0, 1]),
        cases([[5, 3], [3, 5]], [1, 0]),
    ):
        for (_, context, episode), noise in noise_of(chosen).items():
            assert noise == expected[0, context, episode]


def test_starts_differ_between_benchmarks_and_splits() -> None:
    chosen = [
        cases([[3]], [0]),
        cases([[3]], [0], split="extrapolation"),
        cases([[3]], [0], benchmark="cartpole_tau"),
    ]
    assert len({tuple(one.noise.ravel()) for one in chosen}) == 3


def test_repeated_cases_are_the_same_for_every_policy() -> None:
    one = cases([[3, 5]], [0, 1])
    three = one.repeat(3)
    assert three.split == one.split
    for array, repeated in zip(one[1:], three[1:], strict=True):
        assert np.array_equal(repeated, np.concatenate([array] * 3))


def test_chunks_are_the_cases_in_order() -> None:
    chosen = cases([[3, 5], [8, 9]], [0, 1, 2, 3])
    chunks = list(chosen.chunks(3))
    assert [chunk.context_id.shape for chunk in chunks] == [(2, 3), (2, 3), (2, 2)]
    for number, array in enumerate(chosen[1:], start=1):
        assert np.array_equal(np.concatenate([chunk[number] for chunk in chunks], axis=1), array)


# play()


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
        lambda inputs: torch.zeros(inputs.shape[:2], dtype=torch.int64),
        contexts,
        np.zeros_like(contexts),
        gamma,
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
    assert played.first_inputs.tolist() == [[[0, 1], [0, 3]], [[0, 4], [0, 2]]]
    assert played.last_inputs.tolist() == [[[1, 1], [3, 3]], [[4, 4], [2, 2]]]


def small_agent(method: str, seeds: tuple[int, ...] = (0, 1)) -> Agent:
    return policy.build_agent(small.spec(method), Streams(small.keys(*seeds))).requires_grad_(False)


def build(rows: tuple[int, int]) -> Any:
    return cartpole.build(("gravity",), rows)


def gravity_cases(count: int, played: int) -> Cases:
    values = np.tile(np.geomspace(0.98, 43, count)[:, None], (2, 1, 1))
    ids = np.tile(np.arange(count), (2, 1))
    return episodes.cases("small", "interpolation", ids, values, np.arange(played), 4)


@pytest.mark.parametrize("method", registry.METHODS)
@pytest.mark.parametrize("again", [False, True])
def test_playing_in_chunks_changes_nothing(method: str, again: bool) -> None:
    """Whether or not chunks of one size are played in the same environments, one after the other."""
    agent, entry = small_agent(method), registry.entry("method", method)
    chosen = gravity_cases(5, 2)
    whole = episodes.play_agent(agent, entry, build, chosen)
    make = cache(build) if again else build
    parts = [episodes.play_agent(agent, entry, make, chunk) for chunk in chosen.chunks(3)]
    assert len(parts) == 4
    for number, array in enumerate(whole):
        joined = np.concatenate([np.asarray(part[number]) for part in parts], axis=1)
        np.testing.assert_allclose(joined, np.asarray(array), rtol=1e-5, atol=1e-6)
    assert len(np.unique(whole.episode_length)) > 2


# windows

K = 4


class Diary:
    """Writes down what a policy sees, and each row's episode as it should be remembered."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def encode(self, seen: Seen) -> Tensor:
        self.seen.append(seen)
        return seen.observation


def expected_window(
    episode: list[Tensor], width: int, embed: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """The last K transitions, oldest first, at the end of the window; zeros where there are none."""
    recent = episode[-K:]
    missing = K - len(recent)
    rows = [torch.zeros(width)] * missing + [embed(transition) for transition in recent]
    return torch.stack(rows), torch.tensor([0.0] * missing + [1.0] * len(recent))


def assert_remembers(window: Window | None, episode: list[Tensor], row: tuple[int, int]) -> None:
    assert window is not None
    transitions, mask = expected_window(episode, 10, lambda transition: transition)
    assert torch.equal(window.mask[row], mask)
    assert torch.equal(window.transitions[row], transitions)


def test_the_window_in_play_is_the_last_transitions_of_the_episode() -> None:
    diary, rng = Diary(), np.random.default_rng(0)
    actions: list[Tensor] = []

    def act(inputs: Tensor) -> Tensor:
        actions.append(torch.from_numpy(rng.integers(2, size=inputs.shape[:2])))
        return actions[-1]

    chosen = gravity_cases(3, 1)
    rollout = Rollout(build((2, 3)), frozenset({"window"}), K, diary.encode)
    for _ in range(2):  # the second time the windows are full of the first
        diary.seen, actions = [], []
        played = play(rollout, act, chosen.contexts, chosen.noise, 0.99)
        assert len(diary.seen) == played.episode_length.max() + 1
        for row in np.ndindex(2, 3):
            episode: list[Tensor] = []
            assert_remembers(diary.seen[0].window, [], row)
            for t in range(played.episode_length[row]):
                before, after = diary.seen[t], diary.seen[t + 1]
                new = (before.observation[row], actions[t][row], after.observation[row], torch.tensor(1.0))
                episode.append(pack(*new, cartpole.spaces))
                assert_remembers(after.window, episode, row)


@pytest.mark.parametrize("embedded", [False, True])
def test_windows_are_emptied_where_episodes_end_and_nowhere_else(embedded: bool) -> None:
    """Episodes of different lengths side by side, as in training; embedded or not."""

    def embed(transitions: Tensor) -> Tensor:
        return torch.stack((transitions.sum(-1) + 7, transitions[..., 4]), -1)

    rows = (2, 3)
    rng = np.random.default_rng(0)
    rollout = Rollout(build(rows), frozenset({"window"}), K, embed=embed if embedded else None)
    contexts = np.geomspace(0.98, 43, 6).reshape(2, 3, 1)
    rollout.reset(np.ones(rows, dtype=bool), contexts, rng.random((2, 3, 4)))
    own: dict[tuple[int, ...], list[Tensor]] = {row: [] for row in np.ndindex(rows)}
    ends = 0
    for _ in range(60):
        step = rollout.step(torch.from_numpy(rng.integers(2, size=rows)))
        ended = (step.terminated | step.truncated).numpy()
        for row, episode in own.items():
            assert step.age[row] == len(episode)
            new = (step.seen.observation[row], step.action[row], step.next_seen.observation[row])
            episode.append(pack(*new, step.reward[row], cartpole.spaces))
        rollout.reset(ended, contexts, rng.random((2, 3, 4)))
        for row, episode in own.items():
            if ended[row]:
                episode.clear()
                ends += 1
            window = rollout.seen.window
            assert window is not None
            assert window.embedded == embedded
            transitions, mask = expected_window(
                episode, 2 if embedded else 10, embed if embedded else lambda transition: transition
            )
            assert torch.equal(window.mask[row], mask)
            held = window.transitions[row] * mask[:, None]  # what is masked is nobody's business
            assert torch.allclose(held, transitions, rtol=1e-6)
    assert ends > 6


@pytest.mark.parametrize("needs", [(), ("context",), ("window",)])
def test_a_policy_sees_what_its_method_declared_and_no_more(needs: tuple[str, ...]) -> None:
    diary, chosen = Diary(), gravity_cases(3, 1)
    rollout = Rollout(build((2, 3)), frozenset(needs), K, diary.encode)
    play(rollout, lambda inputs: torch.zeros(2, 3, dtype=torch.int64), chosen.contexts, chosen.noise, 0.99)
    for seen in diary.seen:
        assert (seen.window is not None) == ("window" in needs)
        if "context" in needs:
            assert seen.context is not None
            assert torch.equal(seen.context, torch.from_numpy(chosen.contexts).float())
        else:
            assert seen.context is None


def test_a_new_episode_shows_its_new_context_in_its_own_row_only() -> None:
    rollout = Rollout(build((2, 3)), frozenset({"context"}))
    first, second = np.arange(1.0, 7).reshape(2, 3, 1), np.arange(11.0, 17).reshape(2, 3, 1)
    rollout.reset(np.ones((2, 3), dtype=bool), first, np.full((2, 3, 4), 0.5))
    rollout.step(torch.zeros(2, 3, dtype=torch.int64))
    chosen = np.array([[False, True, False], [False, False, True]])
    rollout.reset(chosen, second, np.full((2, 3, 4), 0.5))
    assert rollout.seen.context is not None
    assert rollout.seen.context[..., 0].tolist() == [[1, 12, 3], [4, 5, 16]]


def test_a_rollout_goes_on_from_its_state_as_if_it_had_never_stopped() -> None:
    def on(rollout: Rollout) -> list[Tensor]:
        rng = np.random.default_rng(1)
        found = []
        for _ in range(30):
            step = rollout.step(torch.from_numpy(rng.integers(2, size=(2, 3))))
            ended = (step.terminated | step.truncated).numpy()
            rollout.reset(ended, rng.uniform(1, 40, (2, 3, 1)), rng.random((2, 3, 4)))
            assert rollout.seen.window is not None
            assert rollout.seen.context is not None
            found += [step.age, step.reward, rollout.inputs, *rollout.seen.window[:2], rollout.seen.context]
        return found

    def fresh() -> Rollout:
        return Rollout(build((2, 3)), frozenset({"window", "context"}), K)

    original = fresh()
    original.reset(np.ones((2, 3), dtype=bool), np.full((2, 3, 1), 9.8), np.full((2, 3, 4), 0.3))
    on(original)
    state = original.state_dict()
    expected = on(original)
    loaded = fresh()
    loaded.load_state_dict(state)
    for ours, theirs in zip(on(loaded), expected, strict=True):
        assert torch.equal(ours, theirs)
