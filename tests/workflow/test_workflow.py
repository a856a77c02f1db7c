"""The workflow as a user meets it: its results, its logs, its refusals."""

import subprocess
import sys

import pytest
import yaml
from harness import ROOT, Project


def test_every_rule_has_a_step_of_its_name() -> None:
    command = [sys.executable, "-m", "snakemake", "--list-rules", "--configfile", "config/test.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    steps = {path.stem for path in (ROOT / "meta_rl/steps").glob("[a-z]*.py")}
    assert set(done.stdout.split()) - {"all", "figures", "tune"} == steps
    for rules in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in rules.read_text().split("\nrule ")[1:]:
            name = rule.partition(":")[0]
            assert f"python -m meta_rl.study.attempt {{log}} {name} --job {{input.job}}" in rule
            assert " | " not in rule, "the status of a job is its step's"
            assert f'job("{name}"' in "".join(rule.split()), "its own"
            assert f"/logs/{name}" in rule


def test_the_default_profile_does_not_say_where_jobs_run() -> None:
    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    forbidden = {"executor", "cores", "jobs", "resources", "default-resources", "set-resources", "retries"}
    assert not forbidden & set(profile)


def test_slurm_is_a_profile_and_nothing_else() -> None:
    profile = yaml.safe_load((ROOT / "slurm/config.yaml").read_text())
    assert profile["executor"] == "slurm"
    assert profile["slurm-status-command"] == "squeue"
    assert not {"slurm-array-jobs", "groups", "cores"} & set(profile)
    rules = [path.read_text() for path in (ROOT / "workflow").rglob("*") if path.suffix == ".smk"]
    assert not [
        text for text in [*rules, (ROOT / "workflow/Snakefile").read_text()] if "slurm" in text.lower()
    ]
    assert not [text for text in rules if "retries" in text]


def test_a_study_leaves_all_that_it_promises(finished: Project) -> None:
    results = finished.root / "results/test"
    for name in (
        "contexts",
        "references",
        "predictions",
        "learning",
        "runs",
        "evaluation",
        "encodings",
        "scores",
        "metrics",
    ):
        assert (results / f"tables/{name}.parquet").is_file()
    for figure in yaml.safe_load((ROOT / "config/test.yaml").read_text())["figures"]:
        assert (results / f"figures/{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/{figure}.png").read_bytes().startswith(b"\x89PNG")
    assert "complete: 24 of 24 runs" in (results / "check.txt").read_text()
    assert "report:   results/test/report.html" in (results / "check.txt").read_text()


def test_the_report_holds_every_figure_and_opens_offline(finished: Project) -> None:
    page = (finished.root / "results/test/report.html").read_text()
    figures = yaml.safe_load((ROOT / "config/test.yaml").read_text())["figures"]
    for figure in figures:
        assert f"figures/{figure}.png" in page
    assert "summary.html" in page
    assert page.count('"caption": "<p>') == len(figures) + 1
    assert '<script src="http' not in page
    assert '<link rel="stylesheet" href="http' not in page


def test_logs_end_with_what_was_done(finished: Project) -> None:
    log = finished.root / "results/test/logs/train/small_gravity/dqn/jrpl/seeds_0-1.log"
    assert log.read_text().splitlines()[-1].startswith("train: ")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("methods: [none", "methods: [nonne", "error: config/test.yaml: methods[0]: unknown method 'nonne'"),
        (
            "study: test",
            "study: test\nstudy: test",
            "error: config/test.yaml: line 4, column 1: the key 'study' is",
        ),
    ],
)
def test_a_wrong_study_is_refused_in_one_line(project: Project, old: str, new: str, says: str) -> None:
    project.edit("config/test.yaml", old, new)
    done = project.snakemake("--dry-run")
    assert done.returncode == 1
    assert says in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    "arguments", [("--config", "study=other"), ("--configfile", "config/test.yaml", "config/quick.yaml")]
)
def test_a_study_is_one_file(finished: Project, arguments: tuple[str, ...]) -> None:
    done = finished.snakemake("--dry-run", *arguments)
    assert done.returncode == 1
    assert "error: a study is one file" in done.stdout


def test_without_a_file_the_study_is_config_yaml(finished: Project) -> None:
    target = "results/cartpole/tables/metrics.parquet"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", target]
    subprocess.run(command, cwd=finished.root, capture_output=True, check=True)


def test_a_failing_step_fails_its_job_and_says_why(project: Project) -> None:
    results = "results/test/small_gravity"
    (project.root / results / "dqn/none/seeds_0-1/evaluation.parquet").write_text("no table")
    done = project.snakemake(f"{results}/scores.parquet")
    assert done.returncode == 1
    assert "evaluation.parquet: is not a whole Parquet file" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (project.root / results / "scores.parquet").exists()
