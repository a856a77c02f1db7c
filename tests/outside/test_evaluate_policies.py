"""`meta_rl.evaluate`: every kind of policy plays the episodes of a study."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from small_study import BENCHMARK, COUNTS, METHODS, spec

import meta_rl
from meta_rl.contexts import ContextSpace
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.evaluation import TABLE
from meta_rl.training.episodes import cases
from meta_rl.training.setup import Setup

FEW = {"train": 2, "interpolation": 3, "extrapolation": 2}


def lean(observation: np.ndarray) -> np.ndarray:
    """Pushes to where the pole falls: a fine policy of CartPole."""
    return (observation[..., 2] + 0.5 * observation[..., 3] > 0).astype(np.int64)


def evaluate(policy: Any, benchmark: str = BENCHMARK, **given: Any) -> Any:
    return meta_rl.evaluate(policy, benchmark, **{"contexts": FEW, "episodes": 2, **given})


@pytest.mark.parametrize("method", METHODS)
def test_a_policy_file_of_ours_leaves_the_bytes_of_its_study(made: Path, method: str, tmp_path: Path) -> None:
    found = meta_rl.evaluate(made / f"{method}.pt", BENCHMARK, contexts=COUNTS, episodes=4)
    theirs = made / f"{method}_evaluation.parquet"
    io.write(found.evaluation, TABLE, tmp_path / "evaluation.parquet", io.record(theirs))
    assert (tmp_path / "evaluation.parquet").read_bytes() == theirs.read_bytes()


def stepped(split: str, ids: np.ndarray, values: np.ndarray) -> list[tuple[float, int]]:
    """Return and length of two episodes of `lean` in each context [C, F], by an environment of one row."""
    played = cases(BENCHMARK, split, ids[None], values[None], np.arange(2), cartpole.noise)
    found = []
    for number in range(2 * len(ids)):
        row = slice(number, number + 1)
        environment = cartpole.build(("gravity",), (1, 1))
        environment.reset(np.ones((1, 1), dtype=bool), played.contexts[:, row], played.noise[:, row])
        rewards, ended = [], False
        while not ended:
            step = environment.step(lean(environment.observation))
            rewards.append(step.reward[0, 0])
            ended = step.terminated[0, 0] or step.truncated[0, 0]
        found.append((sum(rewards), len(rewards)))
    return found


def test_a_function_plays_the_contexts_and_starts_of_a_study() -> None:
    found = evaluate(lean, seeds=[3, 4]).evaluation
    space: ContextSpace = Setup(spec("solve_references")).task.contexts
    cold = found[found["information"] == "cold"]
    for seed in (3, 4):
        for split, count in FEW.items():
            values = (
                space.draw_train(f"{BENCHMARK} run {seed}", count)
                if split == "train"
                else space.draw_held_out(split, count)
            )
            ids = np.arange(count) + (seed * count if split == "train" else 0)
            rows = cold[(cold["seed"] == seed) & (cold["split"] == split)]
            assert rows["context_id"].tolist() == np.repeat(ids, 2).tolist()
            pairs = list(zip(rows["episode_return"], rows["episode_length"], strict=True))
            assert pairs == stepped(split, ids, values)
    assert (found["status"] == "ok").all()
    pd.testing.assert_frame_equal(
        cold.reset_index(drop=True),
        found[found["information"] == "probe10"].assign(information="cold").reset_index(drop=True),
    )


def test_its_rows_are_a_valid_table(tmp_path: Path) -> None:
    record = provenance.record("evaluate", spec("evaluate"))
    io.write(evaluate(lean).evaluation, TABLE, tmp_path / "evaluation.parquet", record)


class Counting:
    """Acts like `lean`, by a state of its own or one that is handed to it."""

    def __init__(self, batched: bool) -> None:
        self.begun: list[Any] = []
        self._batched = batched

    def reset(self, rows: int) -> None:
        self.begun.append(rows)

    def __call__(self, observation: np.ndarray) -> Any:
        assert (observation.ndim == 2) == self._batched
        return lean(observation)


def with_state(observation: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    assert state is None or (state >= 1).all()
    return lean(observation), np.ones(observation.shape[:-1]) + (0 if state is None else state)


class Linear(torch.nn.Module):
    """The values of both actions, of which `lean`'s is the greater."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([0.0, 0.0, 1.0, 0.5]))
        self.dropout = torch.nn.Dropout(0.9)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        value = self.dropout(observation) @ self.weight
        return torch.stack([torch.zeros_like(value), value], -1)


KINDS: dict[str, tuple[Callable[[], Any], str]] = {
    "with reset": (lambda: Counting(True), "in `cold` alone"),
    "one at a time": (lambda: lambda seen: int(lean(seen)), "one observation at a time"),
    "one at a time, with reset": (lambda: Counting(False), "one observation at a time"),
    "with state": (lambda: with_state, "in `cold` alone"),
    "one at a time, with state": (
        lambda: lambda seen, state: (int(lean(seen)), with_state(seen, state)[1]),
        "one observation at a time",
    ),
    "tensors": (lambda: lambda seen: torch.from_numpy(lean(seen)), "references"),
    "booleans": (lambda: lambda seen: lean(seen).astype(bool), "references"),
    "module": (Linear, "references"),
    "module in evaluation mode": (lambda: Linear().eval(), "references"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_policy_plays_the_same_episodes(kind: str) -> None:
    build, said = KINDS[kind]
    found, expected = evaluate(build()), evaluate(lean)
    rows = expected.evaluation[expected.evaluation["information"].isin(found.evaluation["information"])]
    pd.testing.assert_frame_equal(found.evaluation, rows, check_exact=True)
    assert any(said in note for note in found.notes)


def test_a_module_keeps_its_mode() -> None:
    module = Linear()
    evaluate(module)
    assert module.training


def test_a_reset_is_told_of_every_beginning() -> None:
    together, alone = Counting(True), Counting(False)
    evaluate(together)
    assert together.begun[-3:] == [2 * FEW[split] for split in ("train", "extrapolation", "interpolation")]
    evaluate(alone)
    assert alone.begun[-14:] == [1] * 14  # episodes, one after the other


def test_continuous_actions_and_those_that_are_no_numbers() -> None:
    def swing(observation: np.ndarray) -> np.ndarray:
        return np.where(observation[:, 2:] > 0, np.nan, 3.0)

    found = evaluate(swing, "pendulum_length").evaluation
    assert (found["status"] == "diverged").all()
    assert np.isfinite(found["episode_return"]).all()
    still = evaluate(lambda seen: np.zeros(len(seen)), "pendulum_length").evaluation
    assert (still["status"] == "ok").all()


def test_one_policy_per_run_or_one_for_all() -> None:
    def left(observation: np.ndarray) -> np.ndarray:
        return np.zeros(len(observation), dtype=int)

    both = evaluate([lean, left]).evaluation
    for seed, policy in ((0, lean), (1, left)):
        alone = evaluate({seed: policy}).evaluation
        rows = both[both["seed"] == seed].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, alone, check_exact=True)
    assert evaluate(lean, seeds=range(2)).evaluation["seed"].unique().tolist() == [0, 1]


@pytest.mark.parametrize("observe", ["flat", "dict"])
def test_a_policy_may_see_the_context(observe: str) -> None:
    gravities: set[float] = set()

    def look(observation: Any) -> np.ndarray:
        if observe == "dict":
            gravities.update(observation["context"]["gravity"][:, 0].tolist())
            return lean(observation["obs"])
        low, high = 0.2 * 9.8, 2.2 * 9.8
        gravities.update((observation[:, 4] * (high - low) / 2 + (high + low) / 2).tolist())
        return lean(observation)

    frame = evaluate(look, observe=observe).contexts
    expected = {*frame["value"], 9.8}  # that of the trial
    assert len(gravities) == len(expected)
    assert np.allclose(sorted(gravities), sorted(expected), rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"policy": lambda seen: np.full(len(seen), 2)}, "must return 1 whole numbers from 0 to 1"),
        ({"policy": lambda seen: seen @ np.ones((4, 2))}, "gives no actions, neither for a batch nor"),
        ({"policy": lambda seen, state: lean(seen)}, "must return two: actions and the next state"),
        ({"policy": torch.nn.Linear(4, 3)}, r"float32 of the shape \(\d+, 3\), but must return \d+ whole"),
        ({"policy": torch.nn.LSTM(4, 2)}, "the module returns tuple"),
        ({"policy": 3}, "policy: is int, but must be a function"),
        ({"policy": []}, "there is no policy"),
        ({"policy": [lean, lean], "seeds": [1]}, "2 policies for 1 seeds; give one each"),
        ({"benchmark": "cartpole_gravit"}, "unknown benchmark 'cartpole_gravit'; did you mean"),
        ({"observe": "flatt"}, "unknown observe 'flatt'; did you mean 'flat'"),
        ({"episodes": 0}, "episodes is 0, but must be a whole number of at least 1"),
        ({"seeds": [-1]}, "a seed is -1, but must be"),
        ({"contexts": {"train": 2, "single_extrapolation": 2}}, "unknown split 'single_extrapolation'"),
        ({"contexts": {"interpolation": 2}}, "must name 'train' and a held-out split"),
        ({"vec_normalize": object()}, "vec_normalize goes with a model of Stable-Baselines3"),
        ({"policy": "missing.zip"}, "missing.zip: there is no such file"),
        ({"policy": "missing.pt"}, "missing.pt: there is no such file"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(**{"policy": lean, **given})


def test_a_file_of_ours_keeps_its_benchmark_and_its_share_of_episodes(made: Path) -> None:
    with pytest.raises(UserError, match="was trained on 'cartpole_gravity'; evaluate it there"):
        evaluate(made / "none.pt", "cartpole_tau")
    with pytest.raises(UserError, match="holds 2 snapshots of each run"):
        evaluate(made / "none.pt", episodes=3)
