import copy
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from raw_study import ONE, RAW, ROOT, SMALL, TWO

from meta_rl import config, registry
from meta_rl.benchmarks import BENCHMARKS
from meta_rl.config_schema import OVERRIDES, schema
from meta_rl.contexts import Feature
from meta_rl.errors import UserError

STUDIES = sorted((ROOT / "config").glob("*.yaml"))
REFUSED = {"initial_state_lower": {"train": [0.5, 2]}}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The test study with one value replaced, added, or (with `...`) removed."""
    study = copy.deepcopy(RAW)
    *parents, last = path.split(".")
    node = study
    for key in parents:
        node = node.setdefault(key, {})
    node[last] = value
    if value is ...:
        del node[last]
    return study


def complaint(study: Any) -> str:
    with pytest.raises(UserError) as caught:
        config.check(study, "my.yaml")
    return str(caught.value)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_are_valid(path: Path) -> None:
    config.load(path)
    jsonschema.validate(
        yaml.safe_load(path.read_text()), json.loads((ROOT / "config/schema.json").read_text())
    )


def test_the_written_schema_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "meta_rl.config"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / "config/schema.json").read_text(), (
        "run: python -m meta_rl.config > config/schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(schema())


def test_needs_no_torch() -> None:
    code = "import sys; from meta_rl import config; config.load('config/quick.yaml'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "scipy"} & set(done.stdout.split())


def test_defaults_are_filled_in() -> None:
    study = config.check(RAW, "my.yaml")
    feature = study["benchmarks"]["small_gravity"]["features"]["gravity"]
    assert feature == {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}
    assert study["agents"]["dqn"]["hidden"] == [16]
    assert study["agents"]["dqn"]["gamma"] == 0.99
    assert set(study["method_settings"]) == set(RAW["methods"])


def test_jobs_have_a_default_size() -> None:
    study = changed("seeds.per_job", ...)
    assert "seeds.test.count: is 4, which does not divide into jobs of 5" in complaint(study)
    study["seeds"]["test"]["count"] = 10
    assert config.check(study, "my.yaml")["seeds"]["per_job"] == 5


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
    assert list(benchmarks) == [*expanded, "small_gravity"]
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


BENCHMARK = "benchmarks.small_gravity"
FEATURE = f"{BENCHMARK}.features.gravity"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("study", "../x", "study: '../x' names a folder; use letters"),
        ("study", ..., "lacks 'study'; add it"),
        ("stduy", "x", "unknown key 'stduy'; did you mean 'study'?"),
        ("benchmarks", {}, "benchmarks: has 0 entries; must have at least 1"),
        ("benchmarks.a/b", SMALL, "benchmarks: 'a/b' names a folder"),
        ("benchmarks.tables", SMALL, "benchmarks.tables: is the name of"),
        (f"{BENCHMARK}.environment", "cartpol", "unknown environment 'cartpol'; did you mean"),
        (f"{BENCHMARK}.features", {"gravty": {"train": [0.2, 2]}}, "did you mean 'gravity'?"),
        (f"{FEATURE}.trian", [1, 2], f"{FEATURE}: unknown key 'trian'; did you mean 'train'?"),
        (f"{FEATURE}.train", [0, 2], f"{FEATURE}.train[0]: is 0; must be more than 0"),
        (f"{FEATURE}.train", [2.2, 0.2], "runs from 2.2 to 0.2; give the lower multiplier first"),
        (f"{FEATURE}.train", [0.2, math.inf], "train[1]: is Infinity; must be a finite number"),
        (f"{FEATURE}.train", [0.2, math.nan], "train[1]: is NaN; must be a finite number"),
        (f"{FEATURE}.train", [0.2], "train: has 1 entries; must have at least 2"),
        (f"{FEATURE}.extrapolation", [[2.0, 3.0]], "[2, 3] overlaps with train; keep out of [0.2, 2.2]"),
        (f"{FEATURE}.extrapolation", [[0.001, 0.2]], "0.001 times the default is 0.0098 m/s^2, outside ["),
        (f"{BENCHMARK}.contexts.train", 0, "contexts.train: is 0; must be at least 1"),
        (f"{BENCHMARK}.agents", ["dqm"], "agents[0]: unknown agent 'dqm'; did you mean"),
        ("methods", ["none", "jprl"], "methods[1]: unknown method 'jprl'; did you mean 'jrpl'?"),
        ("methods", ["none", "none"], "methods: names something twice; name each once"),
        ("methods", [], "methods: has 0 entries"),
        ("methods", "none", 'methods: is "none"; must be a list'),
        ("figures", ["iqn"], "figures[0]: unknown figure 'iqn'; did you mean 'iqm'?"),
        ("seeds.per_job", 3, "seeds.test.count: is 4, which does not divide into jobs of 3 seeds"),
        ("seeds.tuning.first", 3, "seeds.tuning: has seeds in common with seeds.test (0 to 3)"),
        ("seeds.test.first", -1, "seeds.test.first: is -1; must be at least 0"),
        ("train.env_steps", "many", 'train.env_steps: is "many"; must be a whole number'),
        ("train.env_steps", 600.0, "train.env_steps: is 600.0; must be a whole number"),
        ("evaluate.episodes", True, "evaluate.episodes: is true; must be a whole number"),
        ("references", None, "references: is null; must be a mapping of keys to values"),
        ("agents.dqn.gama", 0.9, "agents.dqn: unknown key 'gama'; did you mean 'gamma'?"),
        ("agents.dqn.gamma", 1.5, "agents.dqn.gamma: is 1.5; must be at most 1"),
        ("agents.dqn.loss", "hubert", "agents.dqn.loss: unknown choice 'hubert'; did you mean 'huber'?"),
        ("agents.dqn.hidden", [16, 0], "agents.dqn.hidden[1]: is 0; must be at least 1"),
        ("agents.dqn.max_gradient_norm", "no", "must be a finite number or null"),
        ("agents.sacc", {}, "agents: unknown key 'sacc'; did you mean 'sac'?"),
        ("method_settings.iida.window", 0, "method_settings.iida.window: is 0; must be at least 1"),
        ("method_settings.iida.transitions", 132, "leaves dqn 4 env_steps; must be more than 100"),
        ("method_settings.iida.transitions", 131, "train.env_steps - 593 for pretraining iida in small_gravity"),
        ("method_settings.epi.probes", 18, "train.env_steps - 600 for pretraining epi in small_gravity"),
        ("method_settings.iida.generator_steps", 100, "method_settings.iida.generator_steps: leaves dqn 100 env_steps"),
        ("benchmarks.small_gravity.contexts.train", 1, "train: is 1, but shuffled is told another one; use 2 or more"),
        ("evaluate.observed", [3], "evaluate.observed[0]: unknown budget"),
        ("agents.dqn.learning_starts", 10_000, "references.env_steps: leaves dqn 300 env_steps; must be more than"),
        ("agents.dqn.replay", 1001, "agents.dqn.replay: is 1001, which does not hold whole steps of 4"),
        ("agents.dqn.n_envs", 7, "train.env_steps: is 600, which is not whole steps of 7 environments"),
        (f"{FEATURE}.train", [0.2, 1e300], "train[1]: is 1e+300; must be at most 1000000.0"),
        (f"{FEATURE}.train", [0.2, 10**400], "must be at most 1000000.0"),
        (f"{FEATURE}.extrapolation", [[2.2, 3], [2.5, 4]], "intervals overlap between 2.5 and 3"),
        (f"{BENCHMARK}.contexts.extrapolation", 3, "is 3, which does not divide over the 2 parts of the region"),
        (f"{BENCHMARK}.contexts.extrapolation", ..., "contexts: lacks 'extrapolation'; add it"),
        (f"{BENCHMARK}.contexts.combinatorial", 2, "contexts.combinatorial: does not exist for 1 feature(s) and"),
        (f"{BENCHMARK}.contexts.combinatorial", 2, "train set A; its regions are interpolation, extrapolation"),
        (f"{BENCHMARK}.features.tau", {"train": [1, 2]}, "contexts.extrapolation: does not exist for 2 feature(s)"),
        (f"{BENCHMARK}.features.tau", {"train": [1, 2]}, "contexts: lacks 'single_extrapolation'; add it"),
        (f"{BENCHMARK}.contexts.trian", 2, "contexts: unknown key 'trian'; did you mean 'train'?"),
        (f"{BENCHMARK}.contexts.train", "all", 'contexts.train: is "all"; must be a whole number or a list'),
        (f"{BENCHMARK}.contexts.train", [], "contexts.train: has 0 entries; must have at least 1"),
        (f"{BENCHMARK}.contexts.train", [5, 5], "contexts.train: names something twice"),
        (f"{BENCHMARK}.contexts.train", [5, 0], "contexts.train[1]: is 0; must be at least 1"),
        (f"{BENCHMARK}.train_set", "D", "train_set: unknown train set 'D'. Known: A, B, C"),
        (f"{BENCHMARK}.smoke", "yes", 'smoke: is "yes"; must be true or false'),
        (f"{BENCHMARK}.environment", ..., "small_gravity: unknown published benchmark 'small_gravity'"),
        (f"{BENCHMARK}.features", ..., "name one, or give environment and features"),
        ("benchmarks.cartpole_tua", ONE, "unknown published benchmark 'cartpole_tua'; did you mean 'cartpole_tau'?"),
        ("benchmarks.cartpole_tau", SMALL, "cartpole_tau: is a published benchmark, which fixes environment, features"),
        ("benchmarks.cartpole_tau", ONE | {"train_set": "B"}, "which fixes train_set; leave them out, or choose"),
        (f"{BENCHMARK}.features", REFUSED, "initial_state_lower: cannot vary in cartpole: episodes start as"),
        (f"{BENCHMARK}.agents", ["dqn", "sac"], "agents: sac cannot take the discrete actions of cartpole; choose"),
        (f"{BENCHMARK}.override.methods", [], "override: unknown key 'methods'"),
        (f"{BENCHMARK}.override.train", {"steps": 1}, "override.train: unknown key 'steps'"),
        (f"{BENCHMARK}.override.references", {"grid": 0}, "override.references.grid: is 0; must be at least 1"),
        (f"{BENCHMARK}.override.agents", {"dqn": {"gama": 0}}, "agents.dqn: unknown key 'gama'; did you mean 'gamma'?"),
        (f"{BENCHMARK}.override.train", {"env_steps": 100}, "train.env_steps: leaves dqn 100 env_steps; must be more"),
        ("seeds.test.first", 2**62, "seeds.test.first: is 4611686018427387904; must be at most 1000000000"),
        ("study", "new\nline", "names a folder"),
        ("study", "line\n", "names a folder"),
        ("study", "x" * 101, "at most 100 in all"),
        ("benchmarks.Tables", SMALL, "benchmarks.Tables: is the name of"),
        ("method_settings.none.window", 3, "method_settings.none: unknown key 'window'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_key(path: str, value: Any, says: str) -> None:
    message = complaint(changed(path, value))
    assert message.startswith("my.yaml: ")
    assert says in message


def test_agents_are_named_that_can_take_continuous_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = registry.load("environment", "cartpole")
    monkeypatch.setattr(environment, "spaces", environment.spaces._replace(discrete=False))
    message = complaint(RAW)
    assert "dqn cannot take the continuous actions of cartpole; choose from " in message
    able = message.partition("choose from ")[2].split(", ")
    assert "dqn" not in able
    assert {"sac", "ppo"} <= set(able)


def test_all_that_is_wrong_is_said_at_once() -> None:
    study = changed("evaluate.episodes", 0)
    study["methods"] = ["jprl"]
    assert len(complaint(study).splitlines()) == 2


def test_bounds_of_a_feature_with_a_negative_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """-22 is the far end of a gravity of -10, not the near one."""
    environment = registry.load("environment", "cartpole")
    monkeypatch.setattr(environment, "features", (Feature("gravity", -10.0, -30.0, -1.0, "m/s^2"),))
    message = complaint(RAW)
    assert "extrapolation: 4.4 times the default is -44 m/s^2, outside [-30, -1]" in message
    assert "use multipliers from 0.1 to 3" in message
    assert "train" not in message.replace("features", "")
    assert config.check(changed(f"{FEATURE}.extrapolation", [[0.1, 0.2], [2.2, 3]]), "my.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; start from a copy of config/quick.yaml"),
        ("# nothing\n", "is empty"),
        ("- a\n- b\n", "is no mapping of keys to values"),
        ("a: 1\nb: [\n", "correct the YAML there"),
        ("study: a\nstudy: b\n", "the key 'study' is given twice"),
        ("seeds:\n  test: {first: 0, first: 1}\n", "the key 'first' is given twice"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        config.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize("write", [lambda path: None, lambda path: path.write_bytes(b"\xff")])
def test_files_that_cannot_be_read(tmp_path: Path, write: Callable[[Path], object]) -> None:
    write(tmp_path / "my.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        config.load(tmp_path / "my.yaml")


def test_numbers_in_scientific_notation_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text((ROOT / "config/test.yaml").read_text().replace("batch: 16", "learning_rate: 1e-3", 1))
    assert config.load(path)["agents"]["dqn"]["learning_rate"] == 0.001


def planar(**changes: Any) -> dict[str, Any]:
    """The test study with two features, after `changes` of its benchmark."""
    counts = {
        "train": 4,
        "interpolation": 4,
        "combinatorial": 4,
        "single_extrapolation": 4,
        "all_extrapolation": 4,
    }
    features = {"gravity": {"train": [0.5, 2]}, "length": {"train": [0.5, 2]}}
    benchmark = RAW["benchmarks"]["small_gravity"] | {
        "features": features,
        "contexts": counts,
        "train_set": "C",
    }
    return RAW | {"benchmarks": {"plane": benchmark | changes}}


def test_axes_need_the_default_inside_every_range() -> None:
    config.check(planar(), "my.yaml")
    features = {"gravity": {"train": [0.5, 2]}, "length": {"train": [1.5, 2]}}
    assert "length.train: lacks 1, the default that train set C keeps" in complaint(planar(features=features))


def test_a_train_set_needs_several_features() -> None:
    assert "train_set: is C, which takes several features" in complaint(
        changed("benchmarks.small_gravity.train_set", "C")
    )


def test_a_name_that_a_list_of_counts_makes_must_be_free() -> None:
    small = RAW["benchmarks"]["small_gravity"]
    several = small | {"contexts": small["contexts"] | {"train": [5, 2]}}
    message = complaint(RAW | {"benchmarks": {"a": several, "a_n5": small}})
    assert "benchmarks.a_n5: is also what contexts.train makes of a; choose another name" in message


def test_a_budget_of_a_benchmark_of_its_own_is_named_there() -> None:
    message = complaint(changed("benchmarks.small_gravity.override", {"train": {"env_steps": 80}}))
    assert "benchmarks.small_gravity.override.train.env_steps: leaves dqn 80 env_steps" in message


def test_rollouts_must_fit_the_budget_and_divide_into_minibatches() -> None:
    study = changed("benchmarks.small_gravity.agents", ["ppo"])
    study["agents"] = {"ppo": {"n_envs": 2, "n_steps": 64, "minibatch": 32}}
    config.check(study, "my.yaml")
    study["agents"]["ppo"]["minibatch"] = 48
    assert "agents.ppo.minibatch: is 48, which does not divide a rollout of 64 steps of 2" in complaint(study)
    study["agents"]["ppo"] |= {"n_steps": 512, "minibatch": 32}
    assert "leaves ppo 600 env_steps; must be more than 1023, from where it learns" in complaint(study)
