"""The step that plays runs from outside: its rows are those of `meta_rl.evaluate`, and stand beside our methods'."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_study import BENCHMARK, COUNTS, STUDY, spec

import meta_rl
from meta_rl.errors import UserError
from meta_rl.metrics import summary
from meta_rl.outside import publish
from meta_rl.steps import evaluate_external, score
from meta_rl.study import config, external
from meta_rl.study.study import Study
from meta_rl.tables import io
from meta_rl.tables.contexts import TABLE as CONTEXTS
from meta_rl.tables.encodings import TABLE as ENCODINGS
from meta_rl.tables.evaluation import TABLE
from meta_rl.tables.references import TABLE as REFERENCES
from meta_rl.tables.scores import TABLE as SCORES

LEAN = """
import numpy as np

def build(seed):
    def lean(observation):
        return (observation[:, 2] + (0.5 + seed) * observation[:, 3] > 0).astype(np.int64)
    return lean
"""


def lean(seed: int) -> Any:
    return lambda observation: (observation[:, 2] + (0.5 + seed) * observation[:, 3] > 0).astype(np.int64)


def play(made: Path, path: Path, **changed: Any) -> Path:
    """The evaluation of the runs 3 and 4 by the policy of a file."""
    one = {"policy": str(path), "loader": "python", "files": [], "trusted": True}
    told = spec("solve_references") | {
        "variant": "mine", "loader": "python", "trusted": True, "observe": "plain", "env_steps": None,
        "episodes": 4, "runs": external.runs(one, BENCHMARK, range(3, 5)),
    } | changed  # fmt: skip
    written = path.with_name("evaluation.parquet")
    evaluate_external.main([path], made / "held_out.parquet", made / "block.parquet", told, written)
    return written


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.py"
    path.write_text(LEAN)
    return path


def test_its_rows_are_those_of_the_function(made: Path, policy: Path) -> None:
    found = io.read(play(made, policy), TABLE)
    given = {"contexts": COUNTS, "episodes": 4, "agent": "dqn", "name": "mine"}
    expected = meta_rl.evaluate({seed: lean(seed) for seed in (3, 4)}, BENCHMARK, **given).evaluation
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def test_equal_jobs_leave_equal_bytes_and_say_what_runs_spent(made: Path, policy: Path) -> None:
    one = play(made, policy, env_steps=500).read_bytes()
    assert play(made, policy, env_steps=500).read_bytes() == one
    record = io.record(policy.with_name("evaluation.parquet"))
    assert record["env_steps"] == {"3": 500, "4": 500}
    assert list(record["spec"]["runs"]["3"]["files"]) == [str(policy)]


def test_it_is_scored_and_compared_as_a_method(made: Path, policy: Path) -> None:
    """With the references that the package would publish of these contexts."""
    everything = pd.concat([io.read(made / f"{name}.parquet", CONTEXTS) for name in ("held_out", "block")])
    environment = publish.registry.load("environment", "cartpole")
    played = [made / "none_evaluation.parquet", play(made, policy)]
    members = [
        everything.drop_duplicates(["split", "context_id"])[["benchmark", "split", "context_id"]].assign(
            member=member, seed=0, episode=episode, snapshot=100, episode_return=value, env_steps=0
        )
        for member, value in (("random", 20.0), ("lqr_lookahead", 500.0), ("specialist_dqn_0", 400.0))
        for episode in (0, 1)
    ]
    references = pd.concat(members, ignore_index=True)
    written = policy.with_name("references.parquet")
    io.write(references, REFERENCES, written, io.record(made / "block.parquet"))
    contexts = [made / "held_out.parquet", made / "block.parquet"]
    scores = policy.with_name("scores.parquet")
    score.main(played, [written], contexts, {"benchmark": BENCHMARK, "environment": "cartpole"}, scores)
    frame = io.read(scores, SCORES)
    assert set(frame["method"]) == {"none", "mine"}
    assert environment.success == frame["success"].iloc[0]
    none = pd.DataFrame(columns=[column.name for column in ENCODINGS.columns])
    metrics = summary.metrics(frame, references, none, everything)
    compared = metrics[(metrics["method"] == "mine") & (metrics["compared_with"] == "none")]
    assert set(compared["information"]) == {"cold", "probe10"}
    assert {"return_difference", "p_holm", "probability_of_improvement"} <= set(compared["metric"])


def test_what_changed_since_it_was_planned_is_refused(made: Path, policy: Path) -> None:
    one = {"policy": str(policy), "loader": "python", "files": []}
    planned = external.runs(one, BENCHMARK, range(3, 5))
    policy.write_text(LEAN + "\n# changed\n")
    with pytest.raises(UserError, match=r"policy.py: was changed while the workflow ran"):
        play(made, policy, runs=planned)


@pytest.mark.parametrize(
    ("text", "changed", "message"),
    [
        ("x = 1", {}, r"policy.py: has no function `build`; define build\(seed\)"),
        (LEAN, {"trusted": False}, r"policy.py: is Python that is run; add `trusted: true`"),
    ],
)
def test_what_cannot_be_played_is_refused(
    made: Path, policy: Path, text: str, changed: dict[str, Any], message: str
) -> None:
    policy.write_text(text)
    with pytest.raises(UserError, match=message):
        play(made, policy, **changed)
    assert not policy.with_name("evaluation.parquet").exists()


def test_the_spec_of_a_study_is_what_the_step_takes(
    made: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(policy.parent)
    raw = {
        "study": "outside",
        "benchmarks": {BENCHMARK: {"contexts": COUNTS, "agents": ["dqn"]}},
        "methods": ["none"],
        "seeds": {"test": STUDY.config["seeds"]["test"]},
        "train": {"env_steps": 20000, "snapshots": 2},
        "evaluate": {"episodes": 4},
        "external": {"mine": {"policy": "policy.py", "loader": "python", "trusted": True}},
    }
    told = Study(config.check(raw, "a test")).spec(
        "evaluate_external", benchmark=BENCHMARK, agent="dqn", external="mine", block="seeds_3-4"
    )
    written = policy.with_name("evaluation.parquet")
    evaluate_external.main(
        [Path("policy.py")], made / "held_out.parquet", made / "block.parquet", told, written
    )
    assert set(io.read(written, TABLE)["method"]) == {"mine"}
