"""A variant is a method with a name and settings of the study's own: it goes wherever a method does."""

import copy
import json
from typing import Any

import pytest
from changed_study import changed, complaint
from raw_study import RAW, SMALL
from tuned_study import raw as tuned_raw

from meta_rl.study import config, demand, provenance, variants
from meta_rl.study.study import Study

RECENT: dict[str, Any] = {"short_jrpl": {"method": "jrpl", "window": 2}}
PLACE = {
    "study": "test",
    "benchmark": "small_gravity",
    "agent": "dqn",
    "block": "seeds_0-1",
    "part": "seeds_0-1",
}
_RULES = (
    "train",
    "evaluate",
    "collect_trajectories",
    "pretrain_encoder",
    "compare_predictors",
    "train_generator",
)


def study(*more: Any, **changes: Any) -> Study:
    raw = copy.deepcopy(RAW) | changes
    return Study(config.check(raw | {"methods": [*RAW["methods"], *more]}, "my.yaml"))


def test_it_has_files_of_its_own() -> None:
    with_it = study(RECENT)
    run = "results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt"
    assert set(with_it.files(run)) - set(study().files(run)) == {
        f"results/test/small_gravity/dqn/short_jrpl/{block}/policy.pt" for block in ("seeds_0-1", "seeds_2-3")
    }
    pretrained = study({"iida_2": {"method": "iida", "generator_steps": 0}})
    assert set(pretrained.files("{pretrained}")) == {"iida", "iida_2", "epi"}
    assert set(pretrained.files("{predicting}")) == {"iida", "iida_2"}
    assert pretrained.files("{generated}") == ["iida"]


def test_its_jobs_know_both_names_and_run_the_code_of_its_member() -> None:
    with_it = study({"other": {"method": "iida", "window": 3}})
    for rule in _RULES:
        own, of_member = (with_it.spec(rule, **PLACE, method=method) for method in ("other", "iida"))
        assert own["variant"] == "other"
        assert of_member["variant"] == "iida"
        assert provenance.code_hash(rule, own) == provenance.code_hash(rule, of_member)
        assert demand.mem_mb(with_it, rule, **PLACE, method="other") > 0
    assert with_it.spec("train", **PLACE, method="other")["method"] == "iida"
    assert with_it.spec("train", **PLACE, method="other")["method_settings"]["window"] == 3


def test_settings_are_the_study_s_then_the_benchmark_s_then_its_own() -> None:
    override = {"method_settings": {"iida": {"updates": 7, "batch": 9, "window": 6}}}
    benchmarks = {"small_gravity": SMALL, "other": SMALL | {"override": override}}
    found = study({"mine": {"method": "iida", "batch": 3, "window": 5}}, benchmarks=benchmarks)
    usual, own = (
        one["settings"]["method_settings"]["mine"] for one in (found.benchmarks[n] for n in benchmarks)
    )
    member = found.benchmarks["small_gravity"]["settings"]["method_settings"]["iida"]
    assert usual == member | {"batch": 3, "window": 5}
    assert own == member | {"batch": 3, "window": 5, "updates": 7}
    assert found.config["method_settings"]["mine"] == usual


def test_it_needs_no_member_beside_it() -> None:
    found = Study(config.check(RAW | {"methods": [RECENT]}, "my.yaml"))
    assert found.files("{method}") == ["short_jrpl"]
    assert found.spec("train", **PLACE, method="short_jrpl")["method_settings"]["window"] == 2


def test_a_change_of_it_reaches_its_jobs_only() -> None:
    before, after = (study({"mine": {"method": "iida", "window": window}}) for window in (2, 3))
    for rule in _RULES:
        for method in ("iida", "jrpl", "none"):
            assert before.spec(rule, **PLACE, method=method) == after.spec(rule, **PLACE, method=method)
    assert before.spec("train", **PLACE, method="mine") != after.spec("train", **PLACE, method="mine")
    assert before.spec("check_results") == after.spec("check_results")


def test_it_can_be_tuned_and_its_tuned_settings_are_its_own() -> None:
    raw = tuned_raw()
    raw["methods"] = ["jrpl", RECENT]
    raw["tuned"] = {"small_gravity": {"short_jrpl": {"dqn": {"gamma": 0.9}}}}
    found = Study(config.check(raw, "my.yaml"))
    trained = {
        m: found.spec("train", **PLACE, method=m)["agent_settings"]["gamma"] for m in ("jrpl", "short_jrpl")
    }
    assert trained == {"jrpl": 0.99, "short_jrpl": 0.9}
    assert set(found.files("{method}/{tuning_block}", method="short_jrpl")) == {
        f"short_jrpl/{block}" for block in found.tuning_blocks
    }
    tuning = PLACE | {"block": next(iter(found.tuning_blocks)), "method": "short_jrpl"}
    assert found.spec("tune_settings", **tuning)["variant"] == "short_jrpl"
    assert found.spec("summarise_tuning")["methods"] == ["jrpl", "short_jrpl"]


def test_those_told_a_wrong_context_are_known_to_the_summary() -> None:
    assert study({"also": {"method": "shuffled"}}).spec("summarise")["wrong"] == ["shuffled", "also"]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{"x": {"method": "jrpl", "windw": 3}}], "methods[0].x: unknown key 'windw'; did you mean 'window'?"),
        ([{"x": {"method": "jprl"}}], "methods[0].x.method: unknown method 'jprl'; did you mean 'jrpl'?"),
        ([{"x": {"window": 3}}], "methods[0].x: lacks 'method'; add it"),
        ([{"x": {"method": "jrpl", "window": 0}}], "methods[0].x.window: is 0; must be at least 1"),
        ([{"x": "jrpl"}], 'methods[0].x: is "jrpl"; must be a mapping of keys to values'),
        ([{"a/b": {"method": "jrpl"}}], "methods[0]: 'a/b' names a folder; use letters"),
        ([{"x": {"method": "jrpl"}, "y": {"method": "none"}}], "methods[0]: has 2 entries; must have at most 1"),
        ([{}], "methods[0]: has 0 entries; must have at least 1"),
        ([{"jrpl": {"method": "jrpl"}}], "methods.jrpl: has the name of a registered method; choose another"),
        ([{"JRPL": {"method": "jrpl"}}], "methods.JRPL: has the name of a registered method; choose another"),
        ([{"reference": {"method": "jrpl"}}], "methods.reference: has a name that the metrics table keeps"),
        ([{"x": {"method": "jrpl"}}, {"X": {"method": "none"}}], "methods.X: is named twice"),
        ([{"x": {"method": "iida", "generator_steps": 100}}], "methods.x.generator_steps: leaves dqn 100 env_steps"),
        ([{"x": {"method": "iida", "transitions": 131}}], "train.env_steps - 593 for pretraining x in small_gravity"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_named(entries: list[Any], says: str) -> None:
    message = complaint(changed("methods", entries))
    assert says in message
    assert len(message.splitlines()) <= 2


def test_unknown_names_in_tuned_are_named() -> None:
    raw = changed("methods", ["none", RECENT]) | {"tuned": {"small_gravity": {"short_jrlp": {}}}}
    assert "tuned.small_gravity: unknown method 'short_jrlp'; did you mean 'short_jrpl'?" in complaint(raw)


def test_a_spec_of_it_is_json() -> None:
    spec = study(RECENT).spec("aggregate")
    assert json.loads(json.dumps(spec)) == spec
    assert spec["methods"]["short_jrpl"] == "jrpl"


def test_its_control_is_the_one_with_the_same_settings() -> None:
    short = {"short_random": {"method": "random_encoder", "window": 2}}
    controls = {"explicit": "shuffled", "short_jrpl": "short_random"}
    assert study(RECENT, short).spec("aggregate")["controls"] == controls
    other = study(RECENT, "random_encoder")
    assert other.spec("aggregate")["controls"] == {"explicit": "shuffled", "jrpl": "random_encoder"}
    assert other.spec("summarise")["controls"]["short_jrpl"] == "random_encoder", "which the page misses"


def test_a_control_has_the_settings_of_its_method_unless_it_is_given_its_own() -> None:
    given = {"jrpl": {"window": 4, "size": 5}, "random_encoder": {"size": 3}, "epi": {"steps": 7}}
    assert variants.shared(given) == given | {
        "random_encoder": {"window": 4, "size": 3},
        "epi_random_probes": {"steps": 7},
    }
    raw = copy.deepcopy(RAW) | {
        "methods": ["jrpl", "random_encoder"],
        "method_settings": {"jrpl": {"window": 4}},
    }
    (benchmark,) = raw["benchmarks"].values()
    benchmark["override"] = {"method_settings": {"jrpl": {"size": 5}}}
    own = config.check(raw, "test.yaml")["benchmarks"]["small_gravity"]["settings"]["method_settings"]
    assert own["jrpl"] == own["random_encoder"]
    assert (own["random_encoder"]["window"], own["random_encoder"]["size"]) == (4, 5)
