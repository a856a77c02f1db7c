"""What is wrong with a study is named with its key and with what would be right."""

import math
from typing import Any

import pytest
from changed_study import BENCHMARK, FEATURE, changed, complaint
from raw_study import ONE, RAW, SMALL

from meta_rl import registry
from meta_rl.contexts import Feature
from meta_rl.study import config

REFUSED = {"initial_state_lower": {"train": [0.5, 2]}}


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
        (f"{FEATURE}.train", [0, 2], f"{FEATURE}.train[0]: is 0; must be at least 1e-06"),
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
        ("figures", ["iqm", "doubt_map"], "figures: doubt_map shows doubt, of which the study has none; add the key"),
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
        ("evaluate.observed", [5.0], "evaluate.observed[0]: unknown budget '5.0'; did you mean '50'? Known: 0, 1"),
        ("evaluate.observed", [True], "evaluate.observed[0]: unknown budget 'True'"),
        ("agents.dqn.learning_starts", 10_000, "references.env_steps: leaves dqn 300 env_steps; must be more than"),
        ("agents.dqn.replay", 1001, "agents.dqn.replay: is 1001, which does not hold whole steps of 4"),
        ("agents.dqn.n_envs", 7, "train.env_steps: is 600, which is not whole steps of 7 environments"),
        (f"{FEATURE}.train", [0.2, 1e300], "train[1]: is 1e+300; must be at most 1000000.0"),
        (f"{FEATURE}.train", [0.2, 10**400], "must be at most 1000000.0"),
        (f"{FEATURE}.extrapolation", [[2.2, 3], [2.5, 4]], "intervals overlap between 2.5 and 3"),
        (f"{BENCHMARK}.contexts.extrapolation", 3, "is 3, which does not divide over the 2 parts of the region"),
        (f"{BENCHMARK}.contexts.extrapolation", ..., "contexts: lacks 'extrapolation'; add it"),
        (f"{BENCHMARK}.contexts.combinatorial", 2, "contexts.combinatorial: does not exist, as it takes train set B"),
        (f"{BENCHMARK}.contexts.combinatorial", 2, "the regions are interpolation, extrapolation"),
        (f"{BENCHMARK}.features.tau", {"train": [1, 2]}, "contexts.extrapolation: does not exist, as it takes boxes"),
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
        ("study", "new\nline", "'new\\nline' names a folder"),
        ("study", "9" * 10_000, f"study: '{'9' * 100}...' names a folder"),
        ("study", ["x" * 10_000], "study: is [\"" + "x" * 98 + "...; must be a text"),
        ("new\nline", 1, "unknown key 'new\\nline'. Known"),
        ("benchmarks.new\nline", {}, "benchmarks.new\\nline: lacks 'contexts', 'agents'; add it"),
        (f"{BENCHMARK}.features", {"\ud800": {"train": [1, 2]}}, "features: '\\ud800' names a factor; use letters"),
        ("tuned", {"a b": {}}, "tuned: 'a b' names a folder"),
        (f"{FEATURE}.train", [1e-320, 2], "train[0]: is 1e-320; must be at least 1e-06"),
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


def test_sequences_of_a_recurrent_method_must_fit() -> None:
    study = changed("benchmarks.small_gravity.agents", ["ppo", "dqn"])
    study |= {
        "methods": ["none", "recurrent"],
        "method_settings": {"recurrent": {"sequence": 16, "burn_in": 8}},
    }
    study["agents"] = {"ppo": {"n_envs": 2, "n_steps": 64, "minibatch": 32}, "dqn": RAW["agents"]["dqn"]}
    config.check(study, "my.yaml")
    study["agents"]["ppo"] |= {"n_envs": 19, "n_steps": 25, "minibatch": 19}
    found = "agents.ppo.minibatch: is 19, which has no divisor from 2 to 16 in common with n_steps (25)"
    assert found in complaint(study)
    study["agents"] |= {"ppo": {"n_envs": 2, "n_steps": 64, "minibatch": 32}}
    study["agents"]["dqn"] = RAW["agents"]["dqn"] | {"replay": 36}
    assert "agents.dqn.replay: is 36, which cannot hold the sequences of recurrent" in complaint(study)
