import json
from pathlib import Path

import pytest

from meta_rl import config
from meta_rl.study import Study

ROOT = Path(__file__).parents[1]
JOB = {
    "study": "test",
    "benchmark": "cartpole_gravity",
    "agent": "dqn",
    "method": "iida",
    "block": "seeds_2-3",
    "part": "seeds_2-3",
    "figure": "iqm",
}
RULES = sorted(path.stem for path in (ROOT / "meta_rl/steps").glob("[a-z]*.py"))


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
    assert len(policies) == len(set(policies)) == 8
    assert policies[0] == "results/test/cartpole_gravity/dqn/none/seeds_0-1/policy.pt"
    assert study.files("{part}") == ["held_out", "seeds_0-1", "seeds_2-3"]
    assert study.files("{study}") == ["test"]


def test_chosen_wildcards_are_fixed(study: Study) -> None:
    assert study.files("{method}/{block}", method="jrpl") == ["jrpl/seeds_0-1", "jrpl/seeds_2-3"]
    assert study.files("{method}", benchmark="another") == []


def test_agents_are_those_of_the_benchmark(study: Study) -> None:
    other = study.config["benchmarks"]["cartpole_gravity"] | {"agents": ["ppo"]}
    both = Study(study.config | {"benchmarks": study.benchmarks | {"other": other}})
    assert both.files("{benchmark}/{agent}") == ["cartpole_gravity/dqn", "other/ppo"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_spec_in_json(study: Study, rule: str) -> None:
    spec = study.spec(rule, **JOB)
    assert json.loads(json.dumps(spec)) == spec


def test_contexts_of_a_block_do_not_know_the_held_out_ones(study: Study) -> None:
    named = {"benchmark": "cartpole_gravity", "environment": "cartpole"}
    assert study.spec("sample_contexts", **JOB) == named | {
        "features": {"gravity": {"train": [0.2, 2.2]}},
        "seeds": [2, 2],
        "count": 3,
    }
    assert study.spec("sample_contexts", **JOB | {"part": "held_out"}) == named | {
        "features": {"gravity": {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}},
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


def test_references_are_measured_in_twice_the_episodes(study: Study) -> None:
    spec = study.spec("evaluate_references", **JOB)
    assert spec["controllers"] == ["random", "lqr_lookahead"]
    assert spec["episodes"] == 2 * study.spec("evaluate", **JOB)["episodes"]
