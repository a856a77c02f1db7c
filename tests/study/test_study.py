import copy
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from raw_study import RAW, ROOT, SMALL, TWO

from meta_rl.study import budgets, config
from meta_rl.study.study import Study

JOB = {
    "study": "test",
    "benchmark": "small_gravity",
    "agent": "dqn",
    "method": "iida",
    "block": "seeds_2-3",
    "part": "seeds_2-3",
    "figure": "iqm",
}
TUNING = {"tune_settings", "choose_settings", "summarise_tuning"}  # their specs: tests/tuning
OUTSIDE = {"evaluate_external"}  # test_external.py
DOUBT = {"deploy", "fit_monitor", "score_uncertainty"}  # test_uncertainty_problems.py
RULES = sorted({path.stem for path in (ROOT / "meta_rl/steps").glob("[a-z]*.py")} - TUNING - OUTSIDE - DOUBT)


@pytest.fixture
def study() -> Study:
    return Study(config.load(ROOT / "config/test.yaml"))


def test_blocks_hold_the_test_seeds_in_order(study: Study) -> None:
    assert study.blocks == {"seeds_0-1": [0, 2], "seeds_2-3": [2, 2]}


def test_more_seeds_add_blocks_and_change_none(study: Study) -> None:
    more = {**study.config, "seeds": {**study.config["seeds"], "test": {"first": 0, "count": 6}}}
    assert study.blocks.items() < Study(more).blocks.items()


def test_files_are_all_combinations(study: Study) -> None:
    policies = study.files("results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt")
    assert len(policies) == len(set(policies)) == 12
    assert policies[0] == "results/test/small_gravity/dqn/none/seeds_0-1/policy.pt"
    assert study.files("{part}") == ["held_out", "seeds_0-1", "seeds_2-3"]
    assert study.files("{study}") == ["test"]


def test_a_study_may_have_the_name_of_the_folder() -> None:
    study = Study(config.check(copy.deepcopy(RAW) | {"study": "results"}, "my.yaml"))
    (path, *_) = study.files("results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt")
    assert study.wildcards(Path(path)).items() >= {"benchmark": "small_gravity", "agent": "dqn"}.items()


def test_chosen_wildcards_are_fixed(study: Study) -> None:
    assert study.files("{method}/{block}", method="jrpl") == ["jrpl/seeds_0-1", "jrpl/seeds_2-3"]
    assert study.files("{method}", benchmark="another") == []


def test_agents_are_those_of_the_benchmark(study: Study) -> None:
    other = study.config["benchmarks"]["small_gravity"] | {"agents": ["ppo"]}
    both = Study(study.config | {"benchmarks": study.benchmarks | {"other": other}})
    assert both.files("{benchmark}/{agent}") == ["small_gravity/dqn", "other/ppo"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_spec_in_json(study: Study, rule: str) -> None:
    spec = study.spec(rule, **JOB)
    assert json.loads(json.dumps(spec)) == spec


def test_contexts_of_a_block_do_not_know_the_held_out_ones(study: Study) -> None:
    named = {"benchmark": "small_gravity", "environment": "cartpole"}
    assert study.spec("sample_contexts", **JOB) == named | {
        "features": {"gravity": {"train": [0.2, 2.2]}},
        "train_set": "A",
        "boxes": {},
        "seeds": [2, 2],
        "count": 3,
    }
    assert study.spec("sample_contexts", **JOB | {"part": "held_out"}) == named | {
        "features": {"gravity": {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}},
        "train_set": "A",
        "boxes": {},
        "counts": {"interpolation": 2, "extrapolation": 4},
    }


def test_a_run_knows_its_own_settings_only(study: Study) -> None:
    spec = study.spec("train", **JOB)
    assert spec["method"] == "iida"
    assert spec["method_settings"]["window"] == 4
    assert spec["agent_settings"]["hidden"] == [16]
    assert spec["seeds"] == [2, 2]
    assert spec["env_steps"] == 600
    assert "jrpl" not in json.dumps(spec)


def test_additional_pretraining_leaves_all_methods_the_same_steps_after_it() -> None:
    study = of(one=SMALL | {"override": {"train": {"pretraining": "additional"}}})
    job, agent_steps = JOB | {"benchmark": "one"}, {}
    for method in ("none", "iida", "epi"):
        spec = study.spec("train", **job | {"method": method})
        paid = budgets.pretraining(method, spec["method_settings"], SMALL["contexts"]["train"])
        agent_steps[method] = spec["env_steps"] - paid
    assert paid > 0
    assert agent_steps == {"none": 600, "iida": 600, "epi": 600}


def test_references_are_measured_in_twice_the_episodes(study: Study) -> None:
    spec = study.spec("evaluate_references", **JOB)
    assert spec["controllers"] == ["random", "lqr_lookahead"]
    assert spec["episodes"] == 2 * study.spec("evaluate", **JOB)["episodes"]


def of(**benchmarks: Any) -> Study:
    """The test study with these benchmarks."""
    return Study(config.check(copy.deepcopy(RAW) | {"benchmarks": benchmarks}, "my.yaml"))


def changed_jobs(before: Study, after: Study) -> set[str]:
    """What would run again: rules, each with the benchmark where it has one."""
    found = set()
    for rule, benchmark, method, part in product(
        RULES, before.benchmarks, RAW["methods"], ["held_out", "seeds_0-1"]
    ):
        job = JOB | {"benchmark": benchmark, "method": method, "part": part}
        old, new = before.spec(rule, **job), after.spec(rule, **job)
        if old != new:
            found.add(f"{rule} {benchmark}" if "benchmark" in old else rule)
    return found


def test_a_train_set_reaches_who_draws_and_who_trains() -> None:
    study = of(one=SMALL, cartpole_gravity_length_c=TWO)
    job = JOB | {"benchmark": "cartpole_gravity_length_c"}
    for rule in ("sample_contexts", "collect_trajectories", "pretrain_encoder", "train", "solve_references"):
        for part in ("held_out", "seeds_2-3"):
            spec = study.spec(rule, **job | {"part": part})
            assert spec["train_set"] == "C"
            assert list(spec["features"]) == ["gravity", "length"]
            outside = "extrapolation" in spec["features"]["gravity"]
            assert outside == (rule == "solve_references" or (rule, part) == ("sample_contexts", "held_out"))


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ({"evaluate": {"episodes": 4}}, {"evaluate", "evaluate_references"}),
        ({"train": {"env_steps": 800}}, {"train"}),
        ({"train": {"pretraining": "additional"}}, {"train"}),
        ({"references": {"grid": 3}}, {"solve_references"}),
        ({"agents": {"dqn": {"gamma": 0.9}}}, {"train", "train_generator", "solve_references"}),
        ({"method_settings": {"iida": {"window": 5}}}, {"collect_trajectories", "pretrain_encoder", "train"}),
    ],
    ids=lambda value: "-".join(sorted(value)),
)
def test_an_override_changes_the_jobs_of_its_benchmark_only(override: Any, rules: set[str]) -> None:
    before, after = (of(one=SMALL, other=SMALL | more) for more in ({}, {"override": override}))
    whole = {"aggregate"} | ({"check_results"} if "evaluate" in override else set())
    assert changed_jobs(before, after) == whole | {f"{rule} other" for rule in rules}


def test_an_override_that_says_what_holds_anyway_changes_nothing() -> None:
    same = {"train": RAW["train"], "agents": {"dqn": {"gamma": 0.99}}}
    assert changed_jobs(of(one=SMALL), of(one=SMALL | {"override": same})) == set()


def test_each_number_of_train_contexts_has_its_own_files_and_jobs() -> None:
    study = of(one=SMALL | {"contexts": SMALL["contexts"] | {"train": [2, 5]}})
    assert study.files("{benchmark}/{method}", method="none") == ["one_n2/none", "one_n5/none"]
    for count in (2, 5):
        assert study.spec("sample_contexts", **JOB | {"benchmark": f"one_n{count}"})["count"] == count


def test_sets_to_fit_on_are_drawn_and_not_expected_as_results() -> None:
    counts = SMALL["contexts"] | {"validation": 6, "calibration": 5}
    study = of(small_gravity=SMALL | {"contexts": counts})
    drawn = study.spec("sample_contexts", **JOB | {"part": "held_out"})["counts"]
    assert drawn == {"interpolation": 2, "extrapolation": 4, "validation": 6, "calibration": 5}
    (expected,) = study.spec("check_results")["benchmarks"].values()
    assert expected["contexts"] == SMALL["contexts"]
    assert expected["episodes"] == RAW["evaluate"]["episodes"]
