"""Where the context acts on the reward, transitions carry it: in windows, and in what methods learn from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from meta_rl import registry
from meta_rl.agents.protocols import Task
from meta_rl.conformance.probes import DISCRETE, Lasting, task
from meta_rl.conformance.small import METHODS, keys
from meta_rl.methods import trajectory_frames
from meta_rl.methods.base import Method, Source, Trajectories, masked_mean
from meta_rl.spaces import Environments, Spaces
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Window, pack
from meta_rl.streams import Streams

ROWS = (2, 3)
SIZE = 4
INFERRING = [name for name, entry in registry.METHODS.items() if "window" in entry.needs]
INFERRING.remove("stacked_cleared")  # sees nothing of its window
REWARDED = DISCRETE._replace(rewarded=True)
# Of four observations and two dimensions of actions, which the reward weighs.
CONTINUOUS = Spaces(observation=4, action=2, discrete=False, rewarded=True)


def counted() -> Lasting:
    """The reward of a step is its number, from 1."""
    return Lasting(ROWS, REWARDED)


def build(name: str, spaces: Spaces, **changed: Any) -> Method:
    module = registry.load("method", name)
    settings = {key: tuple(v) if isinstance(v, list) else v for key, v in METHODS[name].items()}
    config = module.Config(**settings | changed)
    return module.build(config, Task(spaces, task().contexts), Streams(keys(0, 1)))


def steps(rollout: Rollout, count: int) -> Iterator[Window]:
    """The windows at a start and after each of `count` steps, in episodes of 1 to 5 steps."""
    rng = np.random.default_rng(0)
    lengths = np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 4.0]])[..., None]
    rollout.reset(np.ones(ROWS, dtype=bool), lengths, np.zeros((*ROWS, 1)))
    for _ in range(count + 1):
        assert rollout.seen.window is not None
        yield rollout.seen.window
        step = rollout.step(torch.from_numpy(rng.integers(2, size=ROWS)))
        ended = (step.terminated | step.truncated).numpy()
        if ended.any():
            rollout.reset(ended, lengths, np.zeros((*ROWS, 1)))


def test_a_transition_is_a_packed_step_with_or_without_its_reward() -> None:
    rng = np.random.default_rng(0)
    for spaces in (CONTINUOUS, CONTINUOUS._replace(rewarded=False)):
        fields = [torch.from_numpy(rng.random((*ROWS, width))) for width in (4, 2, 4)]
        reward = torch.from_numpy(rng.random(ROWS))
        packed = pack(*fields, reward, spaces)
        assert packed.shape == (*ROWS, 2 * 4 + 2 + 1)
        assert torch.equal(packed, torch.cat((*fields, reward.unsqueeze(-1)), -1))
        assert spaces.transition == 10 + spaces.rewarded


def test_windows_carry_the_reward_as_the_last_column() -> None:
    rollout = Rollout(counted(), Watch(frozenset({"window"}), SIZE))
    most = 0
    for window in steps(rollout, 20):
        assert window.transitions.shape == (*ROWS, SIZE, REWARDED.transition)
        count = window.mask.sum(-1).int()
        age = rollout.seen.observation[..., 0]  # what is seen is the number of steps so far
        for row in np.ndindex(ROWS):
            known = int(count[row])
            rewards = window.transitions[row][SIZE - known :, -1]
            assert rewards.tolist() == [age[row] - known + number + 1 for number in range(known)]
            assert not window.transitions[row][: SIZE - known].any()
        most = max(most, int(count.max()))
    assert most == SIZE


@pytest.mark.parametrize("name", INFERRING)
@pytest.mark.parametrize("embedded", [False, True])
def test_encodings_see_the_reward(name: str, embedded: bool) -> None:
    method = build(name, REWARDED).requires_grad_(False)
    embed = method.embed if embedded else None
    watch = Watch(frozenset({"window"}), method.window, embed=embed, encode=method.encode)
    rollout = Rollout(counted(), watch)
    for _ in steps(rollout, 6):
        assert rollout.seen.inputs.shape == (*ROWS, 1 + method.size)
    transitions = torch.zeros(2, 1, method.window, REWARDED.transition)
    mask = torch.ones(2, 1, method.window)
    paid = transitions.clone()
    paid[..., -1] = 3.0
    unpaid, other = (encode(method, one, mask) for one in (transitions, paid))
    assert (unpaid != other).any(-1).all()


def encode(method: Method, transitions: Tensor, mask: Tensor) -> Tensor:
    return method.encode(Seen(torch.zeros(*mask.shape[:2], 1), None, Window(transitions, mask)))


def no_environments(rows: tuple[int, int]) -> Environments:
    raise AssertionError("not needed")


def trajectories(spaces: Spaces, contexts: int = 6, count: int = 64) -> Trajectories:
    """What changes is noise; the reward is the first action times a factor that is the context's."""
    rng = np.random.default_rng(0)
    shape = (2, contexts, count)
    before, change, action = (rng.normal(size=(*shape, width)) for width in (4, 4, 2))
    reward = 5 + action[..., :1] * np.linspace(-2, 2, contexts)[:, None, None]
    fields = before, action, before + 0.1 * change, reward[..., : int(spaces.rewarded)]
    return Trajectories(*(torch.from_numpy(field).float() for field in fields))


@pytest.mark.parametrize("rewarded", [True, False])
def test_iida_predicts_the_standardised_change_and_the_reward_where_it_counts(rewarded: bool) -> None:
    spaces = CONTINUOUS._replace(rewarded=rewarded)
    method: Any = build("iida", spaces)
    told = trajectories(spaces)
    method.pretrain(Source(told, np.empty(0), no_environments), Streams(keys(0, 1)))
    packed = torch.cat(tuple(told), -1).flatten(1, 2)
    target = torch.cat((told.next_observation - told.observation, told.reward), -1).flatten(1, 2)
    target = (target - target.mean(1, keepdim=True)) / target.std(1, keepdim=True)
    chosen = packed[:, :8]
    window = Window(packed[:, :40].view(2, 8, 5, -1), torch.ones(2, 8, 5))
    z = masked_mean(method.embed(window.transitions), window.mask)
    predicted = method.predict(chosen, z, method.predictor)
    assert predicted.shape == (2, 8, 4 + rewarded)
    expected = (predicted - target[:, :8]).square().mean((1, 2))
    torch.testing.assert_close(method.loss(window, chosen), expected)


def reward_error(method: Any, told: Trajectories) -> Tensor:
    """Mean squared error of the predicted reward, standardised, from windows of the same context, [S]."""
    packed = torch.cat(tuple(told), -1)
    seeds, contexts, count, width = packed.shape
    half = count // 2
    window = packed[:, :, :half].repeat_interleave(half, 1).view(seeds, contexts * half, half, width)
    mask = torch.ones(window.shape[:3])
    z = masked_mean(method.embed(window), mask)
    reward = told.reward.flatten(1, 2)
    reward = (told.reward - reward.mean(1)[:, None, None]) / reward.std(1)[:, None, None]
    predicted = method.predict(packed[:, :, half:].flatten(1, 2), z, method.predictor)[..., -1]
    return (predicted - reward[:, :, half:, 0].flatten(1, 2)).square().mean(1)


def test_iida_learns_a_reward_that_only_the_context_tells() -> None:
    told = trajectories(CONTINUOUS)
    settings = {"window": 16, "encoder": (32,), "predictor": (32,), "batch": 32, "learning_rate": 0.01}
    method = build("iida", CONTINUOUS, updates=300, **settings)
    method.pretrain(Source(told, np.empty(0), no_environments), Streams(keys(0, 1)))
    assert (reward_error(method, told) < 0.2).all()  # without the context, 1 is the least


@pytest.mark.parametrize("rewarded", [True, False])
def test_the_table_of_trajectories_gives_the_reward_where_it_counts(rewarded: bool) -> None:
    rows = [(seed, context, episode) for seed in (3, 4) for context in (7, 9) for episode in (0, 1)]
    frame = pd.DataFrame(rows, columns=["seed", "context_id", "episode"]).assign(t=0)
    frame["reward"] = np.arange(8) / 3
    for name, width in (("obs", 2), ("action", 1), ("next_obs", 2)):
        frame[name] = list(np.random.default_rng(0).random((8, width), dtype=np.float32))
    told = trajectory_frames.tensors(frame, Path("trajectories.parquet"), rewarded)
    assert told.observation.shape == (2, 2, 2, 2)
    assert told.reward.shape == (2, 2, 2, int(rewarded))
    if rewarded:
        assert told.reward.flatten().tolist() == pytest.approx((np.arange(8) / 3).tolist())
