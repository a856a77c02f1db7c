"""Trained runs in loops of our own: they do there what they do in a study."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import pytest
from small_study import BENCHMARK, COUNTS, METHODS

import meta_rl
import meta_rl.gym
from meta_rl.conformance.small import keys, spec
from meta_rl.errors import UserError
from meta_rl.outside.player import Player
from meta_rl.streams import Streams
from meta_rl.tables import io
from meta_rl.tables.evaluation import TABLE
from meta_rl.training import policy
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

ID = f"meta_rl/{BENCHMARK}-v0"
# Windows that are random subsets are drawn by other numbers here.
SAME = [name for name in METHODS if name != "jrpl"]


def rows_of(made: Path, method: str, run: int, split: str) -> pd.DataFrame:
    """The episodes that the last snapshot played."""
    frame = io.read(made / f"{method}_evaluation.parquet", TABLE)
    chosen = (frame["snapshot"] == 100) & (frame["seed"] == run) & (frame["split"] == split)
    return frame[chosen & (frame["information"] == "cold")]


@pytest.mark.parametrize("split", ["train", "extrapolation"])
@pytest.mark.parametrize("method", SAME)
def test_a_run_plays_the_episodes_of_its_study(made: Path, method: str, split: str) -> None:
    rows = rows_of(made, method, 4, split)
    player = meta_rl.load(made / f"{method}.pt").player(run=4)
    environment = gymnasium.make(ID, split=split, seed=4, n_contexts=COUNTS[split])
    for row in rows.iloc[:4].itertuples():
        observation, info = environment.reset(options={"context_id": row.context_id, "episode": row.episode})
        player.reset()
        reward, rewards, values, ended = None, [], [], False
        while not ended:
            action = player.act(observation, info, reward)
            values.append(player.value())
            observation, reward, *ends, info = environment.step(action)
            rewards.append(reward)
            ended = any(ends)
        assert (len(rewards), sum(rewards)) == (row.episode_length, row.episode_return)
        assert values[0] == pytest.approx(row.initial_value, rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_a_vector_do_what_each_would_alone(made: Path, method: str) -> None:
    loaded = meta_rl.load(made / f"{method}.pt")
    together, alone = loaded.player(run=3), [loaded.player(run=3) for _ in range(4)]
    environments = gymnasium.make_vec(ID, num_envs=4, split="extrapolation", n_contexts=4)
    observations, infos = environments.reset(seed=0)
    rewards, ended, begun = np.zeros(4), np.zeros(4, dtype=bool), 0
    for _ in range(60):
        actions = together.act(observations, infos, rewards)
        for row, one in enumerate(alone):
            info = {"context": {name: infos["context"][name][row] for name in ("gravity",)}}
            action = one.act(observations[row], info, rewards[row])
            if method != "jrpl":  # whose random windows belong to rows
                assert action == actions[row]
                assert one.value() == pytest.approx(together.value()[row], rel=1e-5)
        fresh = ended
        observations, rewards, terminated, truncated, infos = environments.step(actions)
        ended = terminated | truncated
        together.reset(fresh)
        for one, anew in zip(alone, fresh, strict=True):
            one.reset([anew])
        begun += int(fresh.sum())
    assert begun > 3


def test_what_unscored_steps_have_shown_stays_known(made: Path) -> None:
    """As in `probe10` of the study, to the last bit."""
    frame = io.read(made / "recurrent_evaluation.parquet", TABLE)
    rows = frame[(frame["information"] == "probe10") & (frame["snapshot"] == 100) & (frame["seed"] == 4)]
    player = meta_rl.load(made / "recurrent.pt").player(run=4)
    environment = gymnasium.make(ID, split="extrapolation", n_contexts=COUNTS["extrapolation"])
    told = 0
    for row in rows[rows["split"] == "extrapolation"].itertuples():
        options = {"context_id": row.context_id, "episode": row.episode}
        observation, info = environment.reset(options=options)
        player.reset()
        reward = None
        for _ in range(10):
            observation, reward, *ends, info = environment.step(player.act(observation, info, reward))
            if any(ends):
                break
        player.reset(after=(observation, reward))
        observation, info = environment.reset(options=options)
        reward, returned, ended = None, 0.0, False
        values = []
        while not ended:
            action = player.act(observation, info, reward)
            values.append(player.value())
            observation, reward, *ends, info = environment.step(action)
            returned, ended = returned + reward, any(ends)
        assert returned == row.episode_return
        assert values[0] == pytest.approx(row.initial_value, rel=1e-5)
        told += 1
    assert told == 8


def untrained(method: str, **settings: Any) -> Player:
    described = spec(method, "dqn")
    described |= {"method_settings": described["method_settings"] | settings}
    setup = Setup(described)
    return Player(Runs(setup, setup.agent(Streams(keys(0))).requires_grad_(False)))


@pytest.mark.parametrize("after_probe", ["continue", "reset"])
def test_a_probe_of_its_own_comes_first(after_probe: str) -> None:
    """Its actions are drawn and not the agent's, and what comes after it is no longer taken in."""
    player = untrained("epi", after_probe=after_probe)
    steps = player.probe_steps
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(steps + 4, 500, 4))
    agent_s = untrained("none")
    drawn = [player.act(one) for one in seen[:steps]]
    assert all(0 < np.mean(actions) < 1 for actions in drawn)
    assert not np.array_equal(drawn[0], agent_s.act(seen[0]))
    if after_probe == "reset":
        player.reset(after=(seen[steps], np.zeros(500)))
        player.act(seen[steps])
        with pytest.raises(UserError, match="begins all rows anew"):
            player.reset(np.ones(500, dtype=bool))
    known = []
    for one in seen[steps:]:
        player.act(one)
        known.append(player._rollout.seen.encoding.clone())  # type: ignore[union-attr]
    assert known[0].any()
    assert all(bool((one == known[0]).all()) for one in known)


@pytest.mark.parametrize(
    ("method", "calls", "message"),
    [
        ("none", [([0.0] * 3,)], r"observation is of shape \(3,\), but must be \(4,\), or \(N, 4\)"),
        ("none", [([[0.0] * 4] * 3,), ([[0.0] * 4] * 2,)], "acted in 3 rows, and is now given 2; reset it"),
        ("explicit", [([0.0] * 4,)], r"is told gravity; .* info\['context'\]"),
        ("shuffled", [([0.0] * 4, {"context": {"gravity": 9.0}})], r"info\['wrong_context'\]"),
        ("recurrent", [([0.0] * 4,), ([0.0] * 4,)], r"depends on rewards; act\(observation, info, reward\)"),
    ],
)
def test_what_cannot_be_acted_on_is_refused(method: str, calls: list[Any], message: str) -> None:
    player = untrained(method)
    for call in calls[:-1]:
        player.act(*call)
    with pytest.raises(UserError, match=message):
        player.act(*calls[-1])


def test_infos_of_stable_baselines3_are_lists(made: Path) -> None:
    player = meta_rl.load(made / "explicit.pt").player(run=3)
    values = np.array([5.0, 20.0])
    player.act(np.zeros((2, 4)), [{"context": {"gravity": value, "length": 1.0}} for value in values])
    by_list = player.value()
    player.reset()
    player.act(np.zeros((2, 4)), {"context": {"gravity": values}})
    assert by_list.tolist() == player.value().tolist()
    assert by_list[0] != by_list[1]


def test_a_run_is_named_by_its_seed(made: Path) -> None:
    loaded = meta_rl.load(made / "none.pt")
    assert (loaded.benchmark, loaded.agent, loaded.method, loaded.seeds) == (BENCHMARK, "dqn", "none", (3, 4))
    with pytest.raises(UserError, match=r"none.pt: there is no run 0; it holds those of the seeds 3, 4"):
        loaded.player(run=0)
    with pytest.raises(UserError, match=r"none.pt: say which run"):
        loaded.player()


def test_what_is_no_policy_of_runs_is_refused(made: Path, tmp_path: Path) -> None:
    weights = policy.load(made / "none.pt")
    policy.save(tmp_path / "other.pt", replace(weights, keys=("a specialist", "another")))
    with pytest.raises(UserError, match=r"other.pt: holds no runs of an agent"):
        meta_rl.load(tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no policy")
    with pytest.raises(UserError, match=r"text.pt: not a whole policy"):
        meta_rl.load(tmp_path / "text.pt")


def test_the_package_and_its_ids_are_imported_without_pytorch() -> None:
    code = "import meta_rl, meta_rl.gym, sys; assert not {'torch', 'pandas'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
