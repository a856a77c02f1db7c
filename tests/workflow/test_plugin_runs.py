"""A method in a file beside the study: it runs as ours do, and what it imports reruns its jobs, and no others."""

import json

import plugged
from harness import Project
from test_rerun import DOWNSTREAM, runs


def test_an_edit_of_a_plugins_helper_reruns_its_jobs(project: Project) -> None:
    plugged.file(project.root / "config")
    project.edit("config/test.yaml", "methods: [none, ", "plugins: [my_method.py]\nmethods: [mine, none, ")
    own = runs("train", "mine") | runs("evaluate", "mine")
    assert project.planned() == DOWNSTREAM | own
    paths = [
        f"results/test/small_gravity/dqn/mine/{block}/evaluation.parquet"
        for block in ("seeds_0-1", "seeds_2-3")
    ]
    done = project.snakemake("--quiet", "all", "--", *paths)
    assert done.returncode == 0, done.stdout
    (told,) = (project.root / "results/test/jobs/train/small_gravity/dqn/mine").glob("seeds_0-1.json")
    assert json.loads(told.read_text())["spec"]["plugins"] == ["config/my_method.py"]
    assert project.planned() == DOWNSTREAM
    project.edit("config/my_helper.py", '"""A number."""', '"""A number, explained."""')
    assert project.planned() == DOWNSTREAM
    project.edit("config/my_helper.py", "SCALE = 2.0", "SCALE = 3.0")
    assert project.planned() == DOWNSTREAM | own
