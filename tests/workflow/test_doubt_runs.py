"""Estimators of doubt go through the whole workflow, and a new one runs its own jobs only."""

import subprocess
import sys

import pandas as pd
from harness import Project
from test_rerun import DOWNSTREAM, METHODS, runs

STUDY = "config/test.yaml"


def estimates(rule: str, *estimators: str) -> set[str]:
    return {f"{job} {name}" for job in runs(rule, *METHODS) for name in estimators}


def test_a_policy_of_elsewhere_is_refused(project: Project) -> None:
    project.edit(STUDY, "\nfigures:", "\nuncertainty: {estimators: [random], budgets: [0]}\nfigures:")
    run = "results/test/small_gravity/dqn/none/seeds_0-1"
    assert project.snakemake(f"{run}/deployment.parquet").returncode == 0
    contexts = "results/test/small_gravity/contexts"
    told = {
        "--job": "results/test/jobs/deploy/small_gravity/dqn/none/seeds_0-1.json",
        "--policy": f"{run.replace('none', 'explicit')}/policy.pt",
        "--held-out": f"{contexts}/held_out.parquet",
        "--train-contexts": f"{contexts}/seeds_0-1.parquet",
        "--deployment": "other.parquet",
        "--watched": "other.pt",
    }
    command = [
        sys.executable,
        "-m",
        "meta_rl.steps.deploy",
        *(word for pair in told.items() for word in pair),
    ]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: {told['--policy']}: says that 'train small_gravity dqn explicit seeds_0-1' made it, but must be what "
        "'train small_gravity dqn none seeds_0-1' makes in this study; delete it and run the workflow again"
    ]
    assert not list(project.root.glob("other.*"))


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
