"""What a change reruns: just what it touches."""

import json
import os
import re
import shutil
from typing import Any

import yaml
from harness import Project

DOWNSTREAM = {
    "score small_gravity",
    "aggregate",
    "plot return_vs_context",
    "plot context_map",
    "plot iqm",
    "plot performance_profile",
    "plot learning_curves",
    "plot generalisation_gap",
    "plot observed",
    "plot encoding",
    "summarise",
    "report",
    "check_results",
}


def runs(rule: str, *methods: str, blocks: tuple[str, ...] = ("seeds_0-1", "seeds_2-3")) -> set[str]:
    return {f"{rule} small_gravity dqn {method} {block}" for method in methods for block in blocks}


METHODS = ("none", "explicit", "iida", "epi", "jrpl", "shuffled")


def collected(method: str, block: str, *parts: str) -> set[str]:
    return {f"collect_trajectories small_gravity dqn {method} {block} {part}" for part in parts}


def test_a_finished_study_has_nothing_to_do(project: Project) -> None:
    assert project.planned() == set()


def test_more_seeds_run_their_block_only(project: Project) -> None:
    project.edit("config/test.yaml", "{first: 0, count: 4}", "{first: 0, count: 6}")
    new = ("seeds_4-5",)
    assert project.planned() == DOWNSTREAM | {
        "sample_contexts small_gravity seeds_4-5",
        "evaluate_references small_gravity seeds_4-5",
        *runs("train_generator", "iida", blocks=new),
        *collected("iida", "seeds_4-5", "seeds_4-5", "held_out"),
        *collected("epi", "seeds_4-5", "seeds_4-5"),
        *runs("pretrain_encoder", "iida", "epi", blocks=new),
        *runs("compare_predictors", "iida", blocks=new),
        *runs("train", *METHODS, blocks=new),
        *runs("evaluate", *METHODS, blocks=new),
    }


def test_a_new_method_runs_itself_only(project: Project) -> None:
    methods = project.root / "meta_rl/methods"
    (methods / "plain.py").write_text((methods / "none.py").read_text())
    project.edit(
        "meta_rl/registry.py", "METHODS = {\n", 'METHODS = {\n    "plain": Entry("meta_rl.methods.plain"),\n'
    )
    assert project.planned() == set(), "a new line in the registry reruns nothing"
    project.edit("config/test.yaml", "methods: [none, ", "methods: [plain, none, ")
    assert project.planned() == DOWNSTREAM | runs("train", "plain") | runs("evaluate", "plain")


def test_a_variant_runs_itself_only(project: Project) -> None:
    project.edit(
        "config/test.yaml", "methods: [none, ", "methods: [{short: {method: jrpl, window: 2}}, none, "
    )
    assert project.planned() == DOWNSTREAM | runs("train", "short") | runs("evaluate", "short")


def test_a_new_figure_trains_nothing(project: Project) -> None:
    figures = project.root / "meta_rl/figures"
    (figures / "another.py").write_text((figures / "iqm.py").read_text())
    entry = 'Entry("meta_rl.figures.another", needs=frozenset({"metrics"}))'
    project.edit("meta_rl/registry.py", "FIGURES = {\n", f'FIGURES = {{\n    "another": {entry},\n')
    project.edit("config/test.yaml", "figures: [", "figures: [another, ")
    assert project.planned() == {"plot another", "report", "check_results"}


def test_an_edit_of_a_method_reruns_its_jobs(project: Project) -> None:
    with (project.root / "meta_rl/methods/jrpl.py").open("a") as file:
        file.write("\nNEW = 1\n")
    assert project.planned() == DOWNSTREAM | runs("train", "jrpl") | runs("evaluate", "jrpl")


def test_an_edit_of_a_figure_redraws_it(project: Project) -> None:
    with (project.root / "meta_rl/figures/encoding.py").open("a") as file:
        file.write("\nNEW = 1\n")
    assert project.planned() == {"plot encoding", "report", "check_results"}


def test_comments_rerun_nothing(project: Project) -> None:
    for path in (project.root / "meta_rl").rglob("*.py"):
        path.write_text("# A comment.\n" + path.read_text() + "\n# Another one.\n")
    assert project.planned() == set()


def test_touched_results_rerun_nothing(project: Project) -> None:
    for path in (project.root / "results/test/small_gravity/contexts").iterdir():
        os.utime(path)
    assert project.planned() == set()


def test_a_changed_setting_reruns_its_method(project: Project) -> None:
    project.edit("config/test.yaml", "jrpl: {window: 4}", "jrpl: {window: 5}")
    assert project.planned() == DOWNSTREAM | runs("train", "jrpl") | runs("evaluate", "jrpl")


def test_a_changed_evaluation_trains_nothing(project: Project) -> None:
    project.edit("config/test.yaml", "evaluate: {episodes: 2", "evaluate: {episodes: 4")
    references = {
        f"evaluate_references small_gravity {part}" for part in ("held_out", "seeds_0-1", "seeds_2-3")
    }
    assert project.planned() == DOWNSTREAM | references | runs("evaluate", *METHODS)


def test_held_out_contexts_change_without_training(project: Project) -> None:
    project.edit("config/test.yaml", "interpolation: 2", "interpolation: 3")
    assert project.planned() == DOWNSTREAM | runs("evaluate", *METHODS) | {
        "sample_contexts small_gravity held_out",
        "evaluate_references small_gravity held_out",
        *collected("iida", "seeds_0-1", "held_out"),
        *collected("iida", "seeds_2-3", "held_out"),
        *runs("compare_predictors", "iida"),
    }


def test_a_spelled_out_default_reruns_nothing(project: Project) -> None:
    project.edit(
        "config/test.yaml",
        "[0.2, 2.2]",
        "[0.2, 2.2], extrapolation: [[0.1, 0.2], [2.2, 4.4]]",
    )
    assert project.planned() == set()


def test_another_order_and_notation_rerun_nothing(project: Project) -> None:
    path = project.root / "config/test.yaml"
    study = turned(yaml.safe_load(path.read_text()))
    study["train"] = {"pretraining": "included"} | study["train"]
    study["agents"]["dqn"] |= {"epsilon_start": 1, "learning_rate": 2.5e-4}
    path.write_text(json.dumps(study).replace("[0.2, 2.2]", "[2.0e-1, 2.20]"))
    assert project.planned() == set()


def turned(value: Any, key: str = "") -> Any:
    """The same study, all keys and the lists whose order says nothing backwards."""
    if isinstance(value, dict):
        return {name: turned(value[name], name) for name in reversed(value)}
    if isinstance(value, list) and key in ("agents", "methods", "figures", "observed"):
        return value[::-1]
    return value


def test_job_files_that_are_deleted_or_damaged_come_back(project: Project) -> None:
    told = sorted((project.root / "results/test/jobs").rglob("*.json"))
    assert len(told) == 58
    before = [path.read_text() for path in told]
    assert all(re.fullmatch(r"[0-9a-f]{16}", json.loads(text)["code"]) for text in before)
    for path in told:
        path.unlink()
    told[0].write_text(before[0][:20])
    assert project.planned() == set()
    assert [path.read_text() for path in told] == before
    times = [path.stat().st_mtime_ns for path in told]
    assert project.planned() == set()
    assert [path.stat().st_mtime_ns for path in told] == times, "what is right is not written again"


def test_figures_are_drawn_from_tables_alone(project: Project) -> None:
    results = project.root / "results/test"
    for folder in ("small_gravity", "figures"):
        shutil.rmtree(results / folder)
    drawing = ("figures", "--allowed-rules", "figures", "plot")
    assert project.planned(*drawing) == {job for job in DOWNSTREAM if job.startswith("plot")}
    (results / "tables/learning.parquet").unlink()
    done = project.snakemake("--dry-run", *drawing)
    assert done.returncode != 0
    assert "results/test/tables/learning.parquet" in done.stdout


def test_what_is_deleted_comes_back(project: Project) -> None:
    results = project.root / "results/test"
    made_by = {
        "tables/metrics.parquet": "aggregate",
        "manifest.json": "aggregate",
        "figures/iqm.png": "plot iqm",
        "summary.html": "summarise",
        "small_gravity/scores.parquet": "score small_gravity",
        "small_gravity/references/held_out.parquet": "evaluate_references small_gravity held_out",
        "small_gravity/dqn/none/seeds_0-1/evaluation.parquet": "evaluate small_gravity dqn none seeds_0-1",
        "small_gravity/dqn/jrpl/seeds_2-3/policy.pt": "train small_gravity dqn jrpl seeds_2-3",
    }
    for path in made_by:
        (results / path).unlink()
    planned = project.planned()
    assert set(made_by.values()) <= planned
    assert not {job for job in planned if job.startswith("train")} - set(made_by.values())
