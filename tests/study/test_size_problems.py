"""What no machine could hold is refused with its key and number, and what is merely large is not."""

from typing import Any

import pytest
from changed_study import BENCHMARK, changed, complaint
from raw_study import RAW, SMALL
from tuned_study import raw as tuned_raw

from meta_rl import registry
from meta_rl.study import config
from meta_rl.study.study import Study

COUNTS = dict.fromkeys(("train", "interpolation", "extrapolation"), 10_000)


def test_a_large_study_passes() -> None:
    benchmarks = {f"gravity_{number}": SMALL | {"contexts": COUNTS} for number in range(200)}
    large: dict[str, Any] = RAW | {"benchmarks": benchmarks, "methods": list(registry.METHODS)}
    large |= {
        "train": {"env_steps": 10**6, "pretraining": "additional"},
        "seeds": {"test": {"first": 0, "count": 1000}},
    }
    study = Study(config.check(large | {"evaluate": {"episodes": 20}}, "my.yaml"))
    assert len(study.files("{benchmark}/{method}/{block}")) == 200 * len(registry.METHODS) * 200


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("seeds.test.count", 10**9, "seeds.test.count: makes 3000000000 jobs of all benchmarks, agents and methods"),
        ("seeds", {"test": {"first": 0, "count": 10**9}, "per_job": 10**9}, "seeds.per_job: makes 1000000000"),
        ("seeds.tuning.count", 10**7, "seeds.tuning.count: makes 10000000 trainings in a job; must be at most 1000000"),
        ("references.grid", 10**9, "references (of small_gravity): makes 1000000000 trainings in a job"),
        ("references.seeds", 10**9, "references (of small_gravity): makes 2000000000 trainings in a job"),
        ("agents.dqn.replay", 10**8, None),
        ("agents.dqn", {"replay": 10**8, "hidden": [4096] * 20, "learning_starts": 100}, None),
        ("references", {"grid": 1000, "seeds": 1, "env_steps": 600}, None),
        ("evaluate.episodes", 10**9, "evaluate.episodes (of small_gravity): makes 90000000000 episodes in a job"),
        (f"{BENCHMARK}.contexts.extrapolation", 10**9, "episodes in a job; must be at most 10000000000"),
        ("agents.dqn.hidden", [8] * 21, "agents.dqn.hidden: has 21 entries; must have at most 20"),
        (f"{BENCHMARK}.contexts.train", list(range(1, 1002)), "train: has 1001 entries; must have at most 1000"),
    ],
)  # fmt: skip
def test_what_is_multiplied_is_limited(path: str, value: Any, says: str | None) -> None:
    if says is None:
        config.check(changed(path, value), "my.yaml")
    else:
        assert says in complaint(changed(path, value))


def test_what_is_stacked_and_kept_is_limited() -> None:
    study = changed("seeds", {"test": {"first": 0, "count": 1000}, "per_job": 1000})
    study["agents"]["dqn"] |= {"replay": 10**8, "hidden": [4096, 4096, 4096]}
    study["method_settings"]["iida"]["transitions"] = 10**6
    study["benchmarks"]["small_gravity"]["contexts"]["train"] = 1000
    study["train"]["pretraining"] = "additional"
    said = complaint(study)
    assert "agents.dqn.replay (of small_gravity): makes 100000000000 transitions in a job" in said
    assert "agents.dqn.hidden (of small_gravity): makes 33554432000 weights in a job" in said
    assert (
        "method_settings.iida.transitions (of small_gravity): makes 1000000000000 transitions in a job"
        in said
    )
    assert (
        "train.env_steps, with the pretraining of iida (of small_gravity): makes 1000000800 env_steps" in said
    )


def test_repetitions_of_a_tuning_are_limited() -> None:
    assert "tune.repetitions: makes 4000000000 jobs of all benchmarks" in complaint(
        tuned_raw(repetitions=10**9)
    )
