"""Estimators that a study cannot have are refused before anything is trained, by key and with a remedy."""

import copy
import json
from typing import Any

import pytest
from raw_study import RAW, SMALL

from meta_rl import registry
from meta_rl.errors import UserError
from meta_rl.registry import Entry
from meta_rl.study import config
from meta_rl.study.study import Study

CONTEXTS = SMALL["contexts"] | {"validation": 4, "calibration": 9}
PENDULUM = {
    "environment": "pendulum",
    "features": {"length": {"train": [0.5, 1.5]}},
    "contexts": SMALL["contexts"],
    "agents": ["ddpg"],
}


def study(uncertainty: dict[str, Any], benchmark: dict[str, Any] = SMALL, **changed: Any) -> dict[str, Any]:
    raw = RAW | {"benchmarks": {"small_gravity": benchmark}, "uncertainty": uncertainty} | changed
    return config.check(copy.deepcopy(raw), "my.yaml")


def test_what_is_left_out_has_the_usual_values() -> None:
    assert study({"estimators": ["random", "constant"]})["uncertainty"] == {
        "estimators": ["constant", "random"],
        "budgets": [0, 50, "episode"],
        "episodes": 10,
        "settings": {"constant": {}, "random": {}},
    }


@pytest.mark.parametrize(
    ("uncertainty", "changed", "said"),
    [
        ({"estimators": ["randm"]}, {}, "uncertainty.estimators"),
        ({"estimators": ["random"], "episodes": 9}, {}, "uncertainty.episodes"),
        ({"estimators": ["random"], "episodes": 11}, {}, "uncertainty.episodes: is 11; use an even number"),
        ({"estimators": ["random"], "budgets": []}, {}, "uncertainty.budgets"),
        ({"estimators": ["random"], "budgets": [-1]}, {}, "uncertainty.budgets"),
        (
            {"estimators": ["probe_return"], "budgets": [0]},
            {},
            "uncertainty.estimators: probe_return takes transitions, but uncertainty.budgets shows none; add 50",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    uncertainty: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        study(uncertainty, **changed)


def test_an_estimator_that_no_agent_of_the_study_defines() -> None:
    with pytest.raises(UserError) as raised:
        study({"estimators": ["policy_confidence"]}, PENDULUM, agents={})
    assert "my.yaml: uncertainty.estimators: policy_confidence reads policy, which no agent" in str(
        raised.value
    )
    assert "use dqn or ddqn or sac or ppo" in str(raised.value)


def test_estimators_run_where_they_are_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Entry("meta_rl.uncertainty.random", needs=frozenset({"encoding"}))
    monkeypatch.setitem(registry.ESTIMATORS, "of_z", line)  # type: ignore[arg-type]
    checked = Study(config.check(copy.deepcopy(RAW | {"uncertainty": {"estimators": ["random"]}}), "my.yaml"))
    checked.estimators = ["of_z", "random"]
    files = checked.files(
        "results/{study}/{benchmark}/{agent}/{method}/{block}/uncertainty/{estimator}.parquet"
    )
    of_z = {file.split("/")[4] for file in files if file.endswith("of_z.parquet")}
    assert of_z == {"iida", "epi", "jrpl"}
    assert {file.split("/")[4] for file in files if file.endswith("random.parquet")} == set(RAW["methods"])


@pytest.mark.parametrize("split", ["validation", "calibration"])
def test_an_estimator_lacks_the_contexts_that_it_is_fitted_on(
    split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, split)
    with pytest.raises(
        UserError, match=f"small_gravity.contexts: lacks '{split}', on which random is fitted; add"
    ):
        study({"estimators": ["random"]})
    if split == "validation":
        study({"estimators": ["random"]}, SMALL | {"contexts": CONTEXTS})


def test_estimators_that_learn_from_others_need_some(monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, "doubts")
    with pytest.raises(UserError, match="random is fitted on the doubts of others, but there are none"):
        study({"estimators": ["random", "constant", "range_distance"]})
    study({"estimators": ["random", "probe_return"]})


def test_the_specs_of_its_jobs_are_json_and_know_their_own_settings_only() -> None:
    asked = {"estimators": ["random", "probe_return"], "budgets": [0, 20]}
    checked = Study(study(asked, SMALL | {"contexts": CONTEXTS}))
    job = {"benchmark": "small_gravity", "agent": "dqn", "method": "jrpl", "block": "seeds_0-1"}
    assert checked.spec("deploy", **job)["episodes"] == 10
    for rule in ("fit_monitor", "score_uncertainty"):
        spec = checked.spec(rule, **job, estimator="random")
        assert json.loads(json.dumps(spec)) == spec
        assert spec["budgets"] == [0, 20]
        assert "probe_return" not in json.dumps(spec)
    # No estimator is fitted on shortfalls there, so no reference is played there.
    assert checked.spec("evaluate_references", **job, part="held_out")["development"] == []


def _with(monkeypatch: pytest.MonkeyPatch, *needs: str) -> None:
    line = Entry("meta_rl.uncertainty.random", needs=frozenset(needs), fits=True)
    monkeypatch.setitem(registry.ESTIMATORS, "random", line)  # type: ignore[arg-type]
