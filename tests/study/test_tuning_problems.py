"""What is wrong with a tuning is said before anything is trained, with its key."""

import copy
from typing import Any

import pytest
from raw_study import RAW
from tuned_study import BENCHMARK, raw, study

from meta_rl.errors import UserError
from meta_rl.study import config


def complaint(changed: Any) -> str:
    with pytest.raises(UserError) as caught:
        config.check(changed, "my.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("tune", "says"),
    [
        ({"optimiser": "dehbb"}, "tune.optimiser: unknown optimiser 'dehbb'; did you mean 'dehb'?"),
        ({"env_steps": {"min": 200, "max": 600}}, "tune.env_steps: lacks 'total'; add it"),
        ({"env_steps": {"min": 300, "max": 600, "total": 2400}}, "min is 300; must be at most a third of max, 200"),
        ({"env_steps": {"min": 200, "max": 900, "total": 2400}}, "max is 900; must be at most train.env_steps, 600"),
        ({"env_steps": {"min": 200, "max": 600, "total": 900}}, "total is 900; must be at least twice max, 1200"),
        ({"env_steps": {"min": 3, "max": 600, "total": 2400}}, "candidates of 7, which with iida: leaves dqn 0"),
        ({"search": {"dqn": {"gama": [0.9, 1]}}}, "tune.search.dqn: unknown key 'gama'; did you mean 'gamma'?"),
        ({"search": {"dqn": {"gamma": [0.5, 0.9]}}}, "tune.search.dqn.gamma[0]: is 0.5; must be at least 0.9"),
        ({"search": {"dqn": {"gamma": [0.99, 0.9]}}}, "dqn.gamma: runs from 0.99 to 0.9; give the lower end"),
        ({"search": {"dqn": {"batch": [32.5, 64]}}}, "tune.search.dqn.batch[0]: is 32.5; must be a whole number"),
        ({"search": {"dqn": {"loss": ["hubert"]}}}, "dqn.loss[0]: unknown choice 'hubert'; did you mean"),
        ({"search": {"ppo": {"n_steps": [32.0]}}}, "ppo.n_steps[0]: unknown choice '32.0'; did you mean '32'?"),
        ({"search": {"dqn": {"hidden": [[64, 64.0]]}}}, "dqn.hidden[0]: unknown choice '[64, 64.0]'; did you mean"),
        ({"search": {"dqn": {"loss": []}}}, "tune.search.dqn.loss: has 0 entries; must have at least 1"),
        ({"repetitions": 0}, "tune.repetitions: is 0; must be at least 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tune: dict[str, Any], says: str) -> None:
    assert says in complaint(raw(**tune))


def test_a_tuning_needs_validation_contexts() -> None:
    changed = raw()
    del changed["benchmarks"][BENCHMARK]["contexts"]["validation"]
    assert f"benchmarks.{BENCHMARK}.contexts: lacks 'validation'" in complaint(changed)


def test_every_repetition_needs_seeds_that_are_not_tested() -> None:
    changed = raw(repetitions=3) | {"seeds": RAW["seeds"] | {"test": {"first": 1004, "count": 2}}}
    assert "seeds.tuning: has seeds in common with seeds.test (1004 to 1005)" in complaint(changed)
    config.check(changed | {"tune": changed["tune"] | {"repetitions": 2}}, "my.yaml")


def test_something_must_be_left_to_tune() -> None:
    fixed = {
        name: [one["values"][0]]
        for name, one in study().config["tune"]["benchmarks"][BENCHMARK]["search"]["dqn"].items()
    }
    assert "tune.search.dqn: leaves nothing to tune" in complaint(raw(search={"dqn": fixed}))


def test_settings_that_do_not_fit_each_other_are_found() -> None:
    changed = raw(env_steps={"min": 60, "max": 600, "total": 2400}, search={"ppo": {"minibatch": [32, 128]}})
    changed["benchmarks"][BENCHMARK]["agents"] = ["ppo"]
    changed["agents"] = {"ppo": {"n_envs": 2, "n_steps": 16, "minibatch": 16}}
    changed["tune"]["search"]["ppo"]["n_steps"] = [32]
    assert "tune.search.ppo.minibatch: is 128, which does not divide a rollout of 32 steps" in complaint(
        changed
    )


def test_a_benchmark_has_a_tuning_of_its_own() -> None:
    changed = raw()
    changed["benchmarks"][BENCHMARK]["override"] = {
        "tune": {"env_steps": {"total": 1800}, "search": {"dqn": {"loss": ["huber"]}}}
    }
    own = config.check(changed, "my.yaml")["tune"]["benchmarks"][BENCHMARK]
    assert own["env_steps"] == {"min": 200, "max": 600, "total": 1800}
    assert own["search"]["dqn"]["loss"]["values"] == ["huber"]
    assert own["search"]["dqn"]["batch"]["values"] == [32, 64]
    del changed["tune"]
    assert "override.tune: replaces nothing" in complaint(changed)


TUNED = {BENCHMARK: {"none": {"dqn": {"gamma": 0.95}}}}


def test_tuned_settings_reach_the_training_of_their_method_only() -> None:
    before = study()
    after = type(before)(config.check(raw() | {"tuned": TUNED}, "my.yaml"))
    wildcards = {"study": "test", "benchmark": BENCHMARK, "agent": "dqn", "block": "seeds_0-1"}
    train = after.spec("train", **wildcards, method="none")
    assert train["agent_settings"]["gamma"] == 0.95
    for rule, method in (("train", "jrpl"), ("solve_references", "none")):
        assert after.spec(rule, **wildcards, method=method) == before.spec(rule, **wildcards, method=method)
    tuning = wildcards | {"block": "seeds_1000-1001", "method": "none"}
    assert after.spec("tune_settings", **tuning) == before.spec("tune_settings", **tuning)


@pytest.mark.parametrize(
    ("tuned", "says"),
    [
        ({"small_gravty": {}}, "tuned: unknown benchmark 'small_gravty'; did you mean 'small_gravity'?"),
        ({BENCHMARK: {"non": {}}}, "unknown method 'non'"),
        ({BENCHMARK: {"none": {"dqn": {"gama": 1}}}}, "tuned.small_gravity.none.dqn: unknown key 'gama'"),
        (
            {BENCHMARK: {"none": {"dqn": {"replay": 1001}}}},
            "tuned.small_gravity.none.dqn.replay: is 1001, which",
        ),
        (
            {BENCHMARK: {"none": {"dqn": {"learning_starts": 700}}}},
            "leaves dqn 600 env_steps; must be more than 700",
        ),
    ],
)
def test_wrong_tuned_settings_are_named(tuned: dict[str, Any], says: str) -> None:
    assert says in complaint(copy.deepcopy(RAW) | {"tuned": tuned})


def test_a_tuning_never_gets_test_seeds() -> None:
    made = study()
    with pytest.raises(ValueError, match="no tuning seeds"):
        made.spec("tune_settings", benchmark=BENCHMARK, agent="dqn", method="none", block="seeds_0-1")
