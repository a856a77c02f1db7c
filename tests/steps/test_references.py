from pathlib import Path
from typing import Any

import numpy as np
import pytest
from block import BENCHMARK, COUNTS, EPISODES, NAMES, expected, space, spec

from meta_rl.envs import cartpole
from meta_rl.steps import solve_references
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import references as references_table
from meta_rl.training import policy


def test_specialists_stand_on_the_grid_each_with_its_seeds(made: Path) -> None:
    weights = policy.load(made / "specialists.pt")
    grid, steps = weights.spec["grid"], weights.spec["env_steps"]
    assert weights.keys == tuple(
        f"{BENCHMARK} specialist {point} run {seed}" for point in range(grid) for seed in range(2)
    )
    assert weights.env_steps == (steps,) * len(weights.keys)
    assert policy.finite(weights).all()
    drawn = next(iter(weights.tensors.values()))
    assert len({tensor.numpy().tobytes() for tensor in drawn}) == len(weights.keys)


def test_specialists_meet_their_own_context_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[np.ndarray] = []
    build = cartpole.build

    def watched(varied: tuple[str, ...], rows: tuple[int, int]) -> Any:
        environments = build(varied, rows)
        step = environments.step

        def noted(action: np.ndarray) -> Any:
            met.append(environments.context[0].copy())
            return step(action)

        monkeypatch.setattr(environments, "step", noted)
        return environments

    monkeypatch.setattr(cartpole, "build", watched)
    described = spec("solve_references", seeds=2, grid=3, env_steps=200)
    solve_references.main(described, tmp_path / "checkpoint.pt", tmp_path / "specialists.pt")
    points = np.repeat(space().grid(3)[:, 0], 2)
    assert len(met) == 200 / met[0].shape[1]
    for gravity in met:
        assert np.array_equal(gravity, np.repeat(points[:, None], gravity.shape[1], axis=1))


def test_every_member_plays_every_context_twice_as_often_as_a_policy(made: Path) -> None:
    frame = io.read(made / "references.parquet", references_table.TABLE)
    grid = spec("solve_references")["grid"]
    members = {("random", 0), ("lqr_lookahead", 0)}
    members |= {(f"specialist_dqn_{point}", seed) for point in range(grid) for seed in range(2)}
    assert set(frame[["member", "seed"]].itertuples(index=False, name=None)) == members
    contexts = COUNTS["interpolation"] + COUNTS["extrapolation"]
    for _, rows in frame.groupby(["member", "seed"]):
        assert len(rows) == contexts * 2 * EPISODES
        assert sorted(rows["episode"].unique()) == list(range(2 * EPISODES))
    learned = frame["member"].str.startswith("specialist")
    assert (frame.loc[learned, "env_steps"] == spec("solve_references")["env_steps"]).all()
    assert (frame.loc[~learned, "env_steps"] == 0).all()
    assert (frame.loc[frame["member"] == "lqr_lookahead", "episode_return"] == 500).all()
    chance = frame[frame["member"] == "random"]
    assert chance.groupby("context_id")["episode_return"].nunique().max() > 1


def test_the_second_half_of_the_references_starts_where_policies_start(made: Path) -> None:
    """The first half, which chooses the best member, starts elsewhere."""
    frame = io.read(made / "references.parquet", references_table.TABLE)
    held_out = io.read(made / "held_out.parquet", contexts_table.TABLE)
    weights = policy.load(made / "specialists.pt")
    differ = False
    for index in range(len(weights.keys)):
        point, seed = divmod(index, 2)
        own = frame[(frame["member"] == f"specialist_dqn_{point}") & (frame["seed"] == seed)]
        for split, (ids, values) in context_frames.of_splits(held_out, NAMES).items():
            rows = own[own["split"] == split].sort_values(["context_id", "episode"])
            measured, chose = (rows[rows["episode"] >= EPISODES], rows[rows["episode"] < EPISODES])
            starts = np.arange(EPISODES)
            same, elsewhere = (
                expected(weights.select(index), split, ids, values, played).episode_return.tolist()
                for played in (starts, starts + EPISODES)
            )
            assert measured["episode_return"].tolist() == same
            assert chose["episode_return"].tolist() == elsewhere
            differ |= same != elsewhere
    assert differ
