"""A study on the cluster is the study on a laptop: the same DAG, the same paths, the same bytes."""

import re
import shutil
from pathlib import Path

import pytest
from cluster import SLURM, Main, OnCluster, new_project

from meta_rl.study.paths import TABLES

METHODS = "none, iida, jrpl"  # one that is pretrained


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> OnCluster:
    """The study, run to its end on the cluster. Not to be changed."""
    project = new_project(tmp_path_factory.mktemp("cluster") / "project")
    project.methods(METHODS)
    project.run("all")
    return project


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, finished: OnCluster) -> OnCluster:
    """The same without a cluster."""
    project = new_project(tmp_path_factory.mktemp("local") / "project")
    project.methods(METHODS)
    main = project.local("all")
    assert main.wait() == 0, main.output()
    return project


@pytest.fixture
def project(finished: OnCluster, tmp_path: Path) -> OnCluster:
    """The finished study, for one test to change."""
    return OnCluster(shutil.copytree(finished.root, tmp_path / "project"))


def test_tables_are_those_of_a_local_run(finished: OnCluster, local: OnCluster) -> None:
    tables = sorted((local.root / "results/test/tables").iterdir())
    assert {path.stem for path in tables} == set(TABLES)
    for table in tables:
        assert (finished.root / "results/test/tables" / table.name).read_bytes() == table.read_bytes(), (
            table.name
        )
    assert paths(finished) == paths(local)


def paths(project: OnCluster) -> set[str]:
    return {
        str(path.relative_to(project.root))
        for path in (project.root / "results").rglob("*")
        if path.is_file()
    }


def test_it_can_be_started_there_and_finished_here(finished: OnCluster, local: OnCluster) -> None:
    for project in (finished, local):
        for arguments in ((), SLURM):
            assert project.planned(*arguments) == set()


def test_an_edit_of_a_module_reruns_its_stages(project: OnCluster) -> None:
    with (project.root / "meta_rl/methods/jrpl.py").open("a") as file:
        file.write("\nNEW = 1\n")
    output = project.run("results/test/small_gravity/scores.parquet")
    ran = re.findall(r"^(?:local)?rule (\w+):", output, flags=re.MULTILINE)
    assert sorted(ran) == ["evaluate"] * 2 + ["score"] + ["train"] * 2
    assert set(re.findall(r"method=(\w+)", output)) == {"jrpl"}


def test_a_gpu_that_the_profile_asks_for_is_given_to_the_job(project: OnCluster) -> None:
    policy = project.results("none", "policy.pt", "seeds_0-1")
    policy.unlink()
    gpu = ("--set-resources", "train:gpu=1")
    main: Main = project.start(project.target("none", "policy.pt", "seeds_0-1"), *gpu)
    process = main.until(lambda: project.step("train"))
    assert b"CUDA_VISIBLE_DEVICES=0\0" in Path(f"/proc/{process}/environ").read_bytes()
    assert main.wait() == 0, main.output()


def test_code_that_is_edited_during_a_run_is_refused(project: OnCluster) -> None:
    project.methods("none")
    project.edit("config/test.yaml", "{first: 0, count: 4}", "{first: 0, count: 6}")
    main: Main = project.start("results/test/manifest.json", "--retries", "0")
    main.until(lambda: project.training("seeds_4-5"))
    with (project.root / "meta_rl/agents/dqn.py").open("a") as file:
        file.write("\nNEW = 1\n")
    assert main.wait() != 0
    assert re.search(
        r"step '\w+' made it from code [0-9a-f]{16}, but .* from code [0-9a-f]{16}", main.output()
    )
    again = project.planned()
    assert {f"evaluate small_gravity dqn none {block}" for block in ("seeds_0-1", "seeds_2-3")} <= again
