"""Equal settings make equal jobs, in whatever order and notation a study gives them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from changed_study import changed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_study import RAW, ROOT, TWO

from meta_rl.study import config
from meta_rl.study.canonical import canonical
from meta_rl.study.loader import read
from meta_rl.study.paths import OUTPUTS
from meta_rl.study.schema import schema
from meta_rl.study.study import Study

VARIANT = {"short": {"method": "jrpl", "window": 2}}
PLANE = TWO | {
    "environment": "cartpole",
    "features": {
        "length": {"train": [1, 2], "extrapolation": [[2, 3.5], [0.5, 1]]},
        "gravity": {"train": [0.5, 2]},
    },
    "train_set": "B",
}
# Their order says nothing; that of all other lists does.
_SETS = {"agents", "methods", "figures", "observed", "extrapolation"}

Draw = Callable[[st.SearchStrategy[Any]], Any]


def raw(name: str) -> dict[str, Any]:
    study = read((ROOT / f"config/{name}.yaml").read_text(), "")
    if name == "test":
        study["benchmarks"]["plane"] = PLANE | {"contexts": PLANE["contexts"] | {"interpolation": 4}}
    return study | {"methods": [*study["methods"], VARIANT]}


STUDIES = {name: raw(name) for name in ("test", "quick", "comparison")}


def written(draw: Draw, value: Any, of: Any, *path: str) -> str:
    """YAML of the same study in another order and notation, with some of its defaults; `of` is its schema."""
    if isinstance(value, dict):
        known = of.get("properties", {})
        shown = value | {
            key: one["default"]
            for key, one in known.items()
            if "default" in one and key not in value and "override" not in path and draw(st.booleans())
        }
        if "train" in value and "features" in path and draw(st.booleans()):
            low, high = value["train"]
            shown = {"extrapolation": [[low / 2, low], [high, high * 2]]} | shown
        lines = [
            f"{json.dumps(key)}: "
            + written(draw, one, known.get(key, of.get("additionalProperties", {})), *path, key)
            for key, one in shown.items()
        ]
        return f"{{{', '.join(draw(st.permutations(lines)))}}}"
    if isinstance(value, list):
        items = [written(draw, one, of.get("items", {}), *path) for one in value]
        a_set = path[-1] in _SETS or path[-2:] == ("contexts", "train")
        intervals = path[-1] == "extrapolation" and not isinstance(value[0], list)
        return f"[{', '.join(draw(st.permutations(items)) if a_set and not intervals else items)}]"
    if isinstance(value, int | float) and "number" in of.get("type", ""):
        whole = [str(int(value))] * (value == int(value))
        return str(draw(st.sampled_from([repr(value), repr(float(value)), f"{value:.17e}", *whole])))
    return json.dumps(value)


def jobs(study: Study) -> Iterator[tuple[str, str]]:
    """Every first file of a study, with the spec of its job."""
    for rule, patterns in OUTPUTS.items():
        for path in (path for pattern in patterns for path in study.files(pattern)):
            figure = {"figure": Path(path).stem} if rule == "plot" else {}
            yield path, json.dumps(study.spec(rule, **study.wildcards(Path(path)), **figure))
    names = ("benchmark", "agent", "method", "block")
    for path in study.files("{benchmark}/{agent}/{method}/{tuning_block}"):
        for rule in ("tune_settings", "choose_settings"):
            where = dict(zip(names, path.split("/"), strict=True))
            yield f"{rule} {path}", json.dumps(study.spec(rule, **where))
    if study.tuning_blocks:
        yield "tuning", json.dumps(study.spec("summarise_tuning"))


JOBS = {name: list(jobs(Study(config.check(study, name)))) for name, study in STUDIES.items()}


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(sorted(STUDIES)))
def test_another_order_and_notation_change_no_job(data: st.DataObject, name: str) -> None:
    text = written(data.draw, STUDIES[name], schema())
    again = read(text, "")
    assert list(jobs(Study(config.check(again, "my.yaml")))) == JOBS[name]


def test_choices_of_a_search_may_stand_in_any_order() -> None:
    study = changed("benchmarks.small_gravity.contexts.validation", 2)
    made = []
    for batch in ([32, 64], [64, 32]):
        tune = {
            "env_steps": {"min": 200, "max": 600, "total": 2400},
            "search": {"dqn": {"train_every": batch}},
        }
        tune["search"]["dqn"] |= {
            "hidden": [[64, 64]],
            "replay": [10000],
            "batch": [32, 64],
            "train_every": [16, 64],
        }
        tune["search"]["dqn"]["loss"] = ["huber", "squared"] if batch[0] == 32 else ["squared", "huber"]
        made.append(config.check(study | {"methods": ["none"], "tune": tune}, "my.yaml"))
    assert json.dumps(made[0]) == json.dumps(made[1])


def test_an_order_that_means_something_is_kept() -> None:
    first, second = (changed("agents.dqn.hidden", hidden) for hidden in ([16, 8], [8, 16]))
    assert config.check(first, "my.yaml") != config.check(second, "my.yaml")


@pytest.mark.parametrize(
    ("given_as", "stands_as"),
    [
        (2.0, "2"),
        (1e-3, "0.001"),
        (True, "true"),
        ({"b": 1, "a": {"d": None, "c": 3.0}}, '{"a": {"c": 3, "d": null}, "b": 1}'),
        ({"observed": ["episode", 10, 5.0]}, '{"observed": [5, 10, "episode"]}'),
        ({"extrapolation": [[2.5, 4], [0.1, 1.0]]}, '{"extrapolation": [[0.1, 1], [2.5, 4]]}'),
        (
            {"extrapolation": [{"b": 1, "a": 2}, {"a": 1.0}]},
            '{"extrapolation": [{"a": 1}, {"a": 2, "b": 1}]}',
        ),
        ({"hidden": [2, 1.0]}, '{"hidden": [2, 1]}'),
    ],
)
def test_each_value_has_one_form(given_as: Any, stands_as: str) -> None:
    assert json.dumps(canonical(given_as)) == stands_as
    assert canonical(canonical(given_as)) == canonical(given_as)


def test_the_order_of_methods_is_the_registry_s_and_variants_stand_behind_their_member() -> None:
    methods = [
        {"b": {"method": "jrpl"}},
        "shuffled",
        {"z": {"method": "none"}},
        {"a": {"method": "jrpl"}},
        "jrpl",
    ]
    study = Study(config.check(RAW | {"methods": methods}, "my.yaml"))
    assert study.files("{method}") == ["z", "jrpl", "a", "b", "shuffled"]
