"""Estimators of doubt go through the whole workflow, and a new one runs its own jobs only."""

import pandas as pd
from harness import Project
from test_rerun import DOWNSTREAM, METHODS, runs

STUDY = "config/test.yaml"


def estimates(rule: str, *estimators: str) -> set[str]:
    return {f"{job} {name}" for job in runs(rule, *METHODS) for name in estimators}


def test_a_new_estimator_runs_its_own_jobs_only(project: Project) -> None:
    project.edit(
        STUDY, "\nfigures:", "\nuncertainty: {estimators: [probe_return], budgets: [0, 5, episode]}\nfigures:"
    )
    doubt = runs("deploy", *METHODS) | estimates("score_uncertainty", "probe_return")
    assert project.planned() - DOWNSTREAM == doubt, "what is trained and played stays as it is"
    done = project.snakemake("all")
    assert done.returncode == 0, done.stdout
    assert project.planned() == set()

    tables = project.root / "results/test/tables"
    frame = pd.read_parquet(tables / "uncertainty.parquet")
    assert set(frame["method"]) == set(METHODS)
    assert set(frame["budget"]) == {"0", "5", "episode"}
    assert set(frame.loc[frame["doubt"].isna(), "budget"]) == {"0"}
    measured = pd.read_parquet(tables / "doubt_metrics.parquet")
    assert "probe_return" in set(measured["estimator"])
    played = pd.read_parquet(tables / "deployment.parquet")
    assert (played.groupby(["method", "seed", "split", "context_id"]).size() == 10).all()

    project.edit(STUDY, "[probe_return]", "[probe_return, policy_confidence]")
    own = estimates("fit_monitor", "policy_confidence") | estimates("score_uncertainty", "policy_confidence")
    assert project.planned() - DOWNSTREAM == own
