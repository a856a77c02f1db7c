from pathlib import Path

import numpy as np
import pandas as pd
from block import BENCHMARK, collect_spec

from meta_rl.envs import cartpole, pendulum
from meta_rl.steps import collect_trajectories
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import trajectories as trajectories_table
from meta_rl.training.setup import Setup


def test_trajectories_are_whole_episodes_of_every_context(made: Path) -> None:
    frame = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    contexts = io.read(made / "block.parquet", contexts_table.TABLE)
    sizes = frame.groupby(["seed", "context_id"]).size()
    assert set(sizes.index) == set(contexts[["seed", "context_id"]].itertuples(index=False, name=None))
    assert (sizes == 60).all()
    assert frame.groupby(["seed", "context_id"])["episode"].max().max() >= 2
    for _, rows in frame.groupby(["seed", "context_id"]):
        ended = (rows["terminated"] | rows["truncated"]).to_numpy()
        assert rows["episode"].tolist() == np.concatenate([[0], ended[:-1].cumsum()]).tolist()
    for _, rows in frame.groupby(["seed", "context_id", "episode"]):
        assert rows["t"].tolist() == list(range(len(rows)))
        obs, following = np.stack(list(rows["obs"])), np.stack(list(rows["next_obs"]))
        assert np.abs(obs[0]).max() <= 0.05
        assert np.array_equal(obs[1:], following[:-1])
        action = np.stack(list(rows["action"]))
        assert set(map(tuple, action)) <= {(0.0, 1.0), (1.0, 0.0)}


def test_transitions_obey_the_dynamics_of_the_context_that_they_are_filed_under(made: Path) -> None:
    frame = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    contexts = io.read(made / "block.parquet", contexts_table.TABLE).set_index("context_id")["value"]
    obs, action, following = (np.stack(list(frame[name])) for name in ("obs", "action", "next_obs"))

    def error(gravity: np.ndarray) -> float:
        context = [gravity, *(feature.default for feature in cartpole.features[1:])]
        state, _, terminated = cartpole.step(obs.astype(np.float64).T, action.argmax(1), context)
        assert np.array_equal(terminated, frame["terminated"])
        return float(np.abs(np.stack(state, axis=1) - following).max())

    right = contexts[frame["context_id"]].to_numpy()
    assert error(right) < 1e-5
    assert error(right[::-1]) > 1e-3
    assert 0.4 < action[:, 1].mean() < 0.6


def test_a_runs_trajectories_do_not_depend_on_the_others(made: Path, tmp_path: Path) -> None:
    contexts = io.read(made / "block.parquet", contexts_table.TABLE)
    last = contexts["seed"].max()
    io.write(contexts[contexts["seed"] == last], contexts_table.TABLE, tmp_path / "one.parquet", {})
    collect_trajectories.main(
        tmp_path / "one.parquet", None, collect_spec(), tmp_path / "trajectories.parquet"
    )
    alone = io.read(tmp_path / "trajectories.parquet", trajectories_table.TABLE)
    together = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    own = together[together["seed"] == last].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own, check_exact=True)


def test_continuous_actions_are_kept_as_they_were_done(tmp_path: Path) -> None:
    described = collect_spec(20) | {"environment": "pendulum", "features": {"m": {"train": [0.5, 2]}}}
    drawn = Setup(described).task.contexts
    frame = context_frames.to_frame(drawn, BENCHMARK, "train", drawn.draw_train("run 0", 3), seed=0)
    io.write(frame, contexts_table.TABLE, tmp_path / "contexts.parquet", {})
    collect_trajectories.main(
        tmp_path / "contexts.parquet", None, described, tmp_path / "trajectories.parquet"
    )
    found = io.read(tmp_path / "trajectories.parquet", trajectories_table.TABLE)
    obs, action, following = (np.stack(list(found[name])) for name in ("obs", "action", "next_obs"))
    assert action.shape == (60, 1)
    assert (np.abs(action) <= pendulum.spaces.limit).all()
    assert len(np.unique(action)) == 60
    default = {feature.name: feature.default for feature in pendulum.features}
    mass = frame.set_index("context_id")["value"][found["context_id"]]
    for before, torque, after, m in zip(obs, action, following, mass, strict=True):
        plain = pendulum.plain(default | {"m": m}).unwrapped
        plain.state = np.array([np.arctan2(before[1], before[0]), before[2]])
        np.testing.assert_allclose(after, plain.step(torque)[0], atol=1e-4)
