"""An agent over a critic that says how uncertain it is, from its training to the doubts of its estimators."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from block import BLOCK
from raw_study import RAW, SMALL

from meta_rl.errors import UserError
from meta_rl.stack.seen import Seen
from meta_rl.steps import deploy, sample_contexts, score_uncertainty, train
from meta_rl.study import config
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.tables.uncertainty import TABLE
from meta_rl.training import policy, watched_files

SIGNALS = {"critic_disagreement": "epistemic", "critic_noise": "aleatoric"}
SETTINGS = RAW["agents"]["dqn"] | {"heads": 3, "quantiles": 4}


def checked(*agents: str) -> Study:
    raw = RAW | {
        "benchmarks": {"small_gravity": SMALL | {"agents": list(agents)}},
        "agents": {"dqn_quantile": SETTINGS} if "dqn_quantile" in agents else {},
        "uncertainty": {"estimators": [*SIGNALS], "budgets": [0, "episode"]},
    }
    return Study(config.check(raw, "my.yaml"))


def test_what_estimators_of_critics_say_is_what_the_agent_says_in_its_states(tmp_path: Path) -> None:
    study = checked("dqn_quantile")

    def spec(rule: str, **more: str) -> dict[str, Any]:
        job = {"study": "test", "benchmark": "small_gravity", "agent": "dqn_quantile", "block": BLOCK}
        return study.spec(rule, **job, method="explicit", **more)

    held_out, block, weights = (
        tmp_path / name for name in ("held_out.parquet", "block.parquet", "weights.pt")
    )
    sample_contexts.main(spec("sample_contexts", part="held_out"), held_out)
    sample_contexts.main(spec("sample_contexts", part=BLOCK), block)
    train.main(block, None, spec("train"), tmp_path / "checkpoint.pt", weights, tmp_path / "learning.parquet")
    watched = tmp_path / "watched.pt"
    deploy.main(weights, held_out, block, spec("deploy"), tmp_path / "deployment.parquet", watched)

    agent = policy.load(weights).runs().agent
    sets = watched_files.load_episodes(watched).sets
    for estimator, signal in SIGNALS.items():
        out = tmp_path / f"{estimator}.parquet"
        score_uncertainty.main(watched, None, [], spec("score_uncertainty", estimator=estimator), out)
        frame = io.read(out, TABLE)
        assert {"interpolation", "extrapolation"} <= set(frame["split"])
        for split, rows in frame.groupby("split"):
            doubt = rows.set_index(["budget", "seed", "context_id"])["doubt"].sort_index()
            states = sets[str(split)].watched
            first = Seen(states.observation[:, :, 0], sets[str(split)].contexts.float())
            said = agent.doubt(first._replace(encoding=agent.encode(first)))[signal]
            np.testing.assert_allclose(doubt["0"], said.numpy().ravel(), rtol=1e-5)
            every = states.signals[signal].double().numpy()[..., 0]
            counts = np.arange(every.shape[2]) < states.states.numpy()[..., None]
            means = np.where(counts, every, 0).sum(-1) / counts.sum(-1)
            np.testing.assert_allclose(doubt["episode"], means.ravel(), rtol=1e-12)


def test_a_study_without_such_an_agent_is_told_which_there_are() -> None:
    with pytest.raises(
        UserError, match=r"critic_disagreement reads epistemic, which no agent .* use .*dqn_ensemble"
    ):
        checked("dqn")
