"""What jobs ask for grows with the work in them."""

from pathlib import Path
from typing import Any

import pytest
from raw_study import RAW

from meta_rl.study import config, demand
from meta_rl.study.study import Study

CONFIG = Path(__file__).parents[2] / "config/config.yaml"
JOB = {
    "benchmark": "cartpole_length",
    "agent": "dqn",
    "method": "iida",
    "block": "seeds_0-4",
    "part": "held_out",
}
RULES = {
    "collect_trajectories": ("benchmark", "agent", "method", "block"),
    "pretrain_encoder": ("benchmark", "agent", "method", "block"),
    "train": ("benchmark", "agent", "method", "block"),
    "solve_references": ("benchmark", "agent"),
    "evaluate": ("benchmark", "agent", "method", "block"),
    "evaluate_references": ("benchmark", "part"),
}


def asked(rule: str, **changed: Any) -> tuple[float, int]:
    study = Study(config.load(CONFIG))
    own = study.benchmarks["cartpole_length"]["settings"]
    for path, value in changed.items():
        *keys, last = path.split("__")
        place = own
        for key in keys:
            place = place[key]
        assert place[last] != value
        place[last] = value
    where = {name: JOB[name] for name in RULES[rule]}
    return demand.seconds(study, rule, study=study.name, **where), demand.mem_mb(study, rule, **where)


@pytest.mark.parametrize("rule", RULES)
def test_every_job_of_the_cluster_has_limits(rule: str) -> None:
    study = Study(config.load(CONFIG))
    where = {name: JOB[name] for name in RULES[rule]}
    assert demand.minutes(study, rule, study=study.name, **where) >= 10
    assert 1500 <= demand.mem_mb(study, rule, study=study.name, **where) < 16000


def test_a_method_that_infers_the_context_plays_in_every_regime() -> None:
    study = Study(config.load(CONFIG))
    infers, not_ = (
        demand.seconds(study, "evaluate", study=study.name, **JOB | {"method": method})
        for method in ("jrpl", "explicit")
    )
    assert infers >= 8 * not_


@pytest.mark.parametrize(
    ("rule", "change", "times"),
    [
        ("train", {"train__env_steps": 1_000_000}, 2),
        ("solve_references", {"references__grid": 18}, 2),
        ("evaluate", {"evaluate__episodes": 40}, 2),
        ("evaluate_references", {"evaluate__episodes": 40}, 2),
        ("collect_trajectories", {"method_settings__iida__transitions": 1024}, 2),
        ("pretrain_encoder", {"method_settings__iida__updates": 20_000}, 4),
    ],
)
def test_time_follows_the_work(rule: str, change: dict[str, Any], times: int) -> None:
    assert asked(rule, **change)[0] == pytest.approx(times * asked(rule)[0])


def test_large_networks_take_longer_and_long_memories_more_room() -> None:
    assert asked("train", agents__dqn__hidden=[512, 512])[0] > 5 * asked("train")[0]
    assert asked("train", agents__dqn__replay=1_000_000)[1] > asked("train")[1] + 500


def test_each_head_of_a_critic_takes_its_time_and_room() -> None:
    study = Study(config.load(CONFIG))
    own = study.benchmarks["cartpole_length"]["settings"]["agents"]["dqn"]
    where = {name: JOB[name] for name in RULES["train"]} | {"study": study.name}

    def asks(**settings: int) -> tuple[float, float]:
        own.update(settings)
        return demand.seconds(study, "train", **where), demand._train_bytes(
            study, study.spec("train", **where)
        )

    plain, few, many = asks(), asks(heads=10), asks(heads=20)
    quantiles = asks(quantiles=32)
    for own_of in (0, 1):  # time, room
        assert plain[own_of] < few[own_of] < many[own_of] < quantiles[own_of]
        assert many[own_of] - plain[own_of] == pytest.approx(20 * (few[own_of] - plain[own_of]) / 10, rel=0.2)


def test_transitions_of_the_context_take_an_index_and_an_untrained_encoder_takes_as_long() -> None:
    study = Study(config.load(CONFIG))
    own = study.benchmarks["cartpole_length"]["settings"]

    def asks(method: str, transitions: str) -> tuple[float, int]:
        own["method_settings"][method]["transitions"] = transitions
        where = {name: JOB[name] for name in RULES["train"]} | {"method": method}
        return demand.seconds(study, "train", study=study.name, **where), demand.mem_mb(
            study, "train", **where
        )

    own["agents"]["dqn"]["replay"] = 1_000_000
    assert asks("random_encoder", "context") == asks("jrpl", "context")
    (time, room), (same, less) = asks("jrpl", "context"), asks("jrpl", "recent")
    assert time == same
    assert room > less + 50


def test_an_encoder_may_be_one_layer() -> None:
    narrow, wide = (
        asked("pretrain_encoder", method_settings__iida__encoder=hidden)[1] for hidden in ([], [2048])
    )
    assert narrow < asked("pretrain_encoder")[1] < wide


@pytest.mark.parametrize("method", ["recurrent", "stacked"])
def test_what_is_remembered_takes_time_or_room(method: str) -> None:
    study = Study(config.check(RAW | {"methods": ["none", method]}, "my.yaml"))
    job = {"benchmark": "small_gravity", "agent": "dqn", "block": next(iter(study.blocks))}
    spec, plain = (study.spec("train", **job, method=name) for name in (method, "none"))
    assert demand._replay_bytes(study, spec) > demand._replay_bytes(study, plain)
    assert (demand._train_seconds(study, spec) > 1.5 * demand._train_seconds(study, plain)) == (
        method == "recurrent"
    )
