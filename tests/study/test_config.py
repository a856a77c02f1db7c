"""The studies and the written schema are valid, and what a study leaves out is filled in."""

import copy
import functools
import json
import operator
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from changed_study import changed, complaint
from raw_study import ONE, RAW, ROOT, SMALL, TWO

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.study import config
from meta_rl.study.schema import OVERRIDES, schema

STUDIES = sorted((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_are_valid(path: Path) -> None:
    config.load(path)
    jsonschema.validate(
        yaml.safe_load(path.read_text()), json.loads((ROOT / "config/schema.json").read_text())
    )


def test_the_written_schema_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "meta_rl.study.config"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / "config/schema.json").read_text(), (
        "run: python -m meta_rl.study.config > config/schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(schema())


def test_needs_no_torch() -> None:
    code = (
        "import sys; from meta_rl.study import config; config.load('config/quick.yaml'); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "scipy"} & set(done.stdout.split())


def test_defaults_are_filled_in() -> None:
    study = config.check(RAW, "my.yaml")
    feature = study["benchmarks"]["small_gravity"]["features"]["gravity"]
    assert feature == {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}
    assert study["agents"]["dqn"]["hidden"] == [16]
    assert study["agents"]["dqn"]["gamma"] == 0.99
    assert set(study["method_settings"]) == set(RAW["methods"])


@pytest.mark.parametrize(("count", "size"), [(4, 4), (5, 5), (10, 5)])
def test_jobs_have_a_default_size(count: int, size: int) -> None:
    study = changed("seeds.per_job", ...)
    study["seeds"]["test"]["count"] = count
    assert config.check(study, "my.yaml")["seeds"]["per_job"] == size


def test_a_default_size_that_does_not_divide_is_refused() -> None:
    study = changed("seeds.per_job", ...)
    study["seeds"]["test"]["count"] = 7
    assert "seeds.test.count: is 7, which does not divide into jobs of 5" in complaint(study)


def test_the_smallest_study_of_the_readme_is_valid() -> None:
    text = (ROOT / "config/README.md").read_text()
    (smallest,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "study:" in block]
    raw = yaml.safe_load(smallest)
    study = config.check(raw, "my.yaml")
    assert study["seeds"]["tuning"] == {"first": 100_000, "count": 5}
    assert study["seeds"]["per_job"] == 5
    assert study["evaluate"] == {"episodes": 20, "observed": []}
    assert study["references"] == {"points": 5, "seeds": 1, "env_steps": raw["train"]["env_steps"]}
    assert set(study["figures"]) == set(registry.figures(doubts=False))
    doubting = config.check(raw | {"uncertainty": {"estimators": ["random"]}}, "my.yaml")
    assert set(doubting["figures"]) == set(registry.FIGURES)
    for *parents, key in (
        ("benchmarks", "cartpole_tau", "agents"),
        ("methods",),
        ("seeds", "test"),
        ("train",),
    ):
        without = copy.deepcopy(raw)
        holder = functools.reduce(operator.getitem, parents, without)
        del holder[key]
        assert f"lacks '{key}'; add it" in complaint(without)


def test_what_is_said_of_an_evaluation_or_of_references_leaves_the_other_defaults() -> None:
    said = {
        "train": {"env_steps": 600, "snapshots": 3},
        "evaluate": {"observed": [5]},
        "references": {"grid": 2},
    }
    study = config.check(RAW | said, "my.yaml")
    assert study["evaluate"] == {"episodes": 12, "observed": [5]}
    assert study["references"] == {"grid": 2, "seeds": 1, "env_steps": 600}


def test_a_published_name_stands_for_what_was_published() -> None:
    study = config.check(changed("benchmarks", {"cartpole_gravity_length_b": TWO}), "my.yaml")
    published = BENCHMARKS["cartpole_gravity_length_b"]
    benchmark = study["benchmarks"]["cartpole_gravity_length_b"]
    assert benchmark["environment"] == "cartpole"
    assert benchmark["features"] == published.ranges
    assert benchmark["train_set"] == "B"
    assert benchmark["contexts"] == TWO["contexts"]


def test_a_list_of_train_contexts_makes_a_benchmark_of_each() -> None:
    listed = ONE | {"contexts": SMALL["contexts"] | {"train": [5, 2]}}
    both = {"cartpole_tau": listed, "own": SMALL | {"contexts": listed["contexts"]}, "small_gravity": SMALL}
    benchmarks = config.check(changed("benchmarks", both), "my.yaml")["benchmarks"]
    expanded = [f"{name}_n{count}" for name in ("cartpole_tau", "own") for count in (5, 2)]
    assert benchmarks.keys() == {*expanded, "small_gravity"}
    for name in expanded:
        alike = benchmarks[f"{name.partition('_n')[0]}_n5"]
        counts = {"train": int(name.partition("_n")[2]), "interpolation": 2, "extrapolation": 4}
        assert benchmarks[name] == alike | {"contexts": counts}


OVERRIDE = {
    "train": {"env_steps": 800},
    "references": {"seeds": 2},
    "agents": {"dqn": {"gamma": 0.9, "hidden": [8]}, "sac": {"gamma": 0.5}},
    "method_settings": {"jrpl": {"window": 3}},
}


def test_an_override_replaces_single_keys_of_its_benchmark_only() -> None:
    given = {"small_gravity": SMALL, "other": SMALL | {"override": OVERRIDE}}
    study = config.check(changed("benchmarks", given), "my.yaml")
    usual, own = (study["benchmarks"][name]["settings"] for name in given)
    assert usual == {key: study[key] for key in OVERRIDES} | {"tuned": {}}
    expected = copy.deepcopy(usual)
    expected["train"]["env_steps"] = 800
    expected["references"]["seeds"] = 2
    expected["agents"]["dqn"] |= {"gamma": 0.9, "hidden": [8]}
    expected["method_settings"]["jrpl"]["window"] = 3
    assert own == expected
    assert "override" not in study["benchmarks"]["other"]


def test_additional_pretraining_takes_nothing_from_the_agents() -> None:
    study = changed("method_settings.iida.transitions", 10_000)
    study["train"] = study["train"] | {"pretraining": "additional"}
    config.check(study, "my.yaml")


def test_a_benchmark_has_settings_of_its_own_agents_only() -> None:
    study = changed("agents.ddqn", RAW["agents"]["dqn"])
    study["benchmarks"]["other"] = SMALL | {"agents": ["ddqn"]}
    benchmarks = config.check(study, "my.yaml")["benchmarks"]
    assert {name: list(one["settings"]["agents"]) for name, one in benchmarks.items()} == {
        "small_gravity": ["dqn"],
        "other": ["ddqn"],
    }


def test_settings_of_what_is_not_used_are_left_out() -> None:
    study = config.check(changed("methods", ["none"]), "my.yaml")
    assert study["method_settings"] == {"none": {}}


def test_the_raw_study_stays_as_it_is() -> None:
    before = copy.deepcopy(RAW)
    config.check(RAW, "my.yaml")
    assert before == RAW
