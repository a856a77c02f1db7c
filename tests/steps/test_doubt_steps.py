"""From trained policies to doubts: what is played, watched, fitted and asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from block import BENCHMARK, BLOCK, DRAWN, SEEDS
from raw_study import RAW, SMALL

from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.steps import deploy, fit_monitor, score_uncertainty
from meta_rl.study import config
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.tables.deployment import TABLE as DEPLOYMENT
from meta_rl.tables.uncertainty import TABLE as UNCERTAINTY
from meta_rl.training import episodes, policy, watched_files
from meta_rl.uncertainty import policy_confidence, random

ESTIMATORS = ["policy_confidence", "probe_return", "random", "range_distance"]
STUDY = Study(
    config.check(
        RAW
        | {
            "benchmarks": {BENCHMARK: SMALL | {"contexts": DRAWN}},
            "uncertainty": {"estimators": ESTIMATORS, "budgets": [0, 5, "episode"]},
        },
        "my.yaml",
    )
)
JOB = {"study": "test", "benchmark": BENCHMARK, "agent": "dqn", "block": BLOCK}


def spec(rule: str, method: str, **wildcards: str) -> dict[str, Any]:
    return STUDY.spec(rule, **JOB, method=method, **wildcards)


@pytest.fixture(scope="module", params=["explicit", "jrpl"])
def deployed(request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    deploy.main(
        made / f"{request.param}.pt", made / "held_out.parquet", made / "block.parquet",
        spec("deploy", request.param), folder / "deployment.parquet", folder / "watched.pt",
    )  # fmt: skip
    return folder


def doubt(folder: Path, estimator: str, method: str = "jrpl", name: str = "doubt") -> pd.DataFrame:
    told = spec("score_uncertainty", method, estimator=estimator)
    monitor = None
    if estimator == "policy_confidence":
        monitor = folder / "monitor.pt"
        fit_monitor.main(
            folder / "watched.pt", folder / "deployment.parquet", None, None, [],
            spec("fit_monitor", method, estimator=estimator), monitor,
        )  # fmt: skip
    score_uncertainty.main(folder / "watched.pt", monitor, [], told, folder / f"{name}.parquet")
    return io.read(folder / f"{name}.parquet", UNCERTAINTY)


def test_scored_episodes_are_the_last_policys_and_the_watched_one_is_another(
    deployed: Path, made: Path
) -> None:
    kept = watched_files.load_episodes(deployed / "watched.pt")
    weights = policy.load(made / f"{kept.spec['variant']}.pt")
    frame = io.read(deployed / "deployment.parquet", DEPLOYMENT)
    assert set(frame["split"]) == {"train", *DRAWN}
    assert sorted(frame["episode"].unique()) == list(range(10))
    for split, one in kept.sets.items():
        ids, contexts = one.ids.numpy(), one.contexts.numpy()
        everyone = episodes.cases(BENCHMARK, split, ids, contexts, np.arange(11), cartpole.noise)
        played = episodes.play_agent(weights.runs(), everyone)
        returned = played.episode_return.reshape(*ids.shape, 11)
        scored = frame[frame["split"] == split].sort_values(["seed", "context_id", "episode"])
        np.testing.assert_array_equal(scored["episode_return"], returned[:, :, :10].ravel())
        np.testing.assert_array_equal(one.watched.reward.sum(-1), returned[:, :, 10])
        np.testing.assert_array_equal(
            one.watched.steps, played.episode_length.reshape(returned.shape)[:, :, 10]
        )


def test_what_is_watched_follows_from_what_was_done(deployed: Path) -> None:
    """Each next observation is what the environment makes of observation and action."""
    kept = watched_files.load_episodes(deployed / "watched.pt")
    one = kept.sets["extrapolation"]
    rows = cartpole.build(("gravity",), one.ids.shape)
    noise = episodes.cases(
        BENCHMARK, "extrapolation", one.ids.numpy(), one.contexts.numpy(), np.array([10]), cartpole.noise
    ).noise
    rows.reset(np.ones(rows.rows, dtype=bool), one.contexts.numpy(), noise)
    running = np.ones(rows.rows, dtype=bool)
    for time in range(int(one.watched.steps.max())):
        seen = one.watched.observation[:, :, time].numpy()
        np.testing.assert_array_equal(seen[running], rows.observation[running])
        step = rows.step(one.watched.action[:, :, time].argmax(-1).numpy())
        following = one.watched.observation[:, :, time + 1].numpy()
        np.testing.assert_array_equal(following[running], step.next_observation[running])
        running &= ~(step.terminated | step.truncated)


def test_a_budget_shows_a_beginning_of_the_episode(deployed: Path) -> None:
    whole = watched_files.load_episodes(deployed / "watched.pt").sets["interpolation"].watched
    short = whole.first(5)
    assert short.action.shape[2] == 5
    assert int(short.steps.max()) <= 5
    np.testing.assert_array_equal(short.reward, whole.reward[:, :, :5])
    nothing = whole.first(0)
    assert int(nothing.states.min()) == int(nothing.states.max()) == 1
    assert nothing.reward.shape[2] == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_run_is_doubted_in_every_context_at_every_budget(deployed: Path, estimator: str) -> None:
    frame = doubt(deployed, estimator)
    contexts = sum(count for count in DRAWN.values())
    assert len(frame) == len(SEEDS) * contexts * 3
    silent = frame["doubt"].isna()
    if estimator == "probe_return":
        assert (frame.loc[silent, "budget"] == "0").all()
        assert silent.sum() == len(frame) / 3
        assert frame.loc[silent, "reason"].str.contains("transitions").all()
    else:
        assert not silent.any()
    assert frame["reason"].isna().equals(~silent)


def test_probe_return_is_minus_the_return_of_the_watched_episode(deployed: Path) -> None:
    frame = doubt(deployed, "probe_return")
    whole = frame[(frame["budget"] == "episode") & (frame["split"] == "interpolation")]
    one = watched_files.load_episodes(deployed / "watched.pt").sets["interpolation"]
    np.testing.assert_array_equal(whole["doubt"], -one.watched.reward.double().sum(-1).ravel())


def test_an_estimator_that_fails_for_a_run_leaves_the_reason(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = random.Random.__call__

    def fails(self: random.Random, *shown: Any) -> Any:
        if any(key.startswith(f"{BENCHMARK} run {SEEDS[1]}/") for key in self.streams.keys):
            raise ValueError("no luck")
        return call(self, *shown)

    before = doubt(deployed, "random", name="whole")
    monkeypatch.setattr(random.Random, "__call__", fails)
    frame = doubt(deployed, "random", name="lame")
    lost = frame["seed"] == SEEDS[1]
    assert frame.loc[lost, "doubt"].isna().all()
    assert (frame.loc[lost, "reason"] == "ValueError: no luck").all()
    pd.testing.assert_frame_equal(frame[~lost], before[~lost], check_dtype=False)


def test_a_monitor_that_cannot_be_fitted_for_a_run_leaves_the_reason(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = policy_confidence.PolicyConfidence.fit

    def fails(self: policy_confidence.PolicyConfidence, *shown: Any) -> Any:
        if any(key.startswith(f"{BENCHMARK} run {SEEDS[0]}/") for key in self.streams.keys):
            raise ValueError("no fit")
        return fit(self, *shown)

    monkeypatch.setattr(policy_confidence.PolicyConfidence, "fit", fails)
    frame = doubt(deployed, "policy_confidence", name="unfitted")
    lost = frame["seed"] == SEEDS[0]
    assert (frame.loc[lost, "reason"] == "ValueError: no fit").all()
    assert frame.loc[~lost, "doubt"].notna().all()


def test_equal_jobs_leave_equal_bytes(deployed: Path) -> None:
    doubt(deployed, "policy_confidence", name="once")
    doubt(deployed, "policy_confidence", name="twice")
    assert (deployed / "once.parquet").read_bytes() == (deployed / "twice.parquet").read_bytes()


def test_a_damaged_file_is_refused_by_its_name(deployed: Path, tmp_path: Path) -> None:
    content = bytearray((deployed / "watched.pt").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "watched.pt").write_bytes(content)
    told = spec("score_uncertainty", "jrpl", estimator="random")
    with pytest.raises(UserError, match=r"watched\.pt: not a whole file of watched episodes"):
        score_uncertainty.main(tmp_path / "watched.pt", None, [], told, tmp_path / "doubt.parquet")
