"""Runs from outside in a study: what it may say of them, which files they have, and when they play again."""

import copy
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from raw_study import RAW, SMALL

from meta_rl.errors import UserError
from meta_rl.study import config, jobs, lineage
from meta_rl.study.study import Study

PPO = {"policy": "runs/{seed}/model.zip", "trusted": True}
EVALUATED = "results/{study}/{benchmark}/{agent}/{external}/{block}/evaluation.parquet"
BLOCK = {"benchmark": "small_gravity", "agent": "dqn", "external": "my_ppo", "block": "seeds_2-3"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the workflow runs, with a model for each run."""
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        model(Path(f"runs/{seed}/model.zip"))
    return tmp_path


def model(path: Path, **told: Any) -> None:
    """What the check reads of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", json.dumps({"gamma": 0.99, "_last_original_obs": None} | told))


def checked(**external: Any) -> dict[str, Any]:
    return config.check(copy.deepcopy(RAW) | {"external": external}, "mine.yaml")


def test_defaults_are_filled_in() -> None:
    assert checked(my_ppo=PPO)["external"]["my_ppo"] == {
        "policy": "runs/{seed}/model.zip",
        "loader": "stable_baselines3",
        "trusted": True,
        "files": [],
        "observe": "plain",
        "agent": "dqn",
        "benchmarks": ["small_gravity"],
    }
    assert "external" not in config.check(copy.deepcopy(RAW), "mine.yaml")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"trusted": False}, "policy: is unpickled, which can run any code that is in it; .* add `trusted: true`"),
        ({"trusted": False, "loader": "python"}, "policy: is Python that is run"),
        ({"loader": "sb3"}, "loader: unknown loader 'sb3'"),
        ({"loder": "python"}, "unknown key 'loder'; did you mean 'loader'"),
        ({"policy": "runs/{sed}.zip"}, "policy: unknown field 'sed'; did you mean 'seed'"),
        ({"policy": "runs/{seed.zip"}, "policy: 'runs/{seed.zip' is no pattern"),
        ({"policy": "runs/{}.zip"}, "policy: unknown field ''"),
        ({"policy": "none.zip"}, r"policy: none.zip \(run 0 of small_gravity\) does not exist"),
        ({"files": ["runs/{seed}/x"]}, r"files: runs/0/x \(run 0 of small_gravity\) does not exist"),
        ({"agent": "dqm"}, "agent: unknown agent 'dqm'; did you mean 'dqn'"),
        ({"agent": "ddqn"}, "agent: unknown agent of small_gravity 'ddqn'; did you mean 'dqn'"),
        ({"benchmarks": ["small"]}, "benchmarks: unknown benchmark 'small'. Known: small_gravity"),
        ({"observe": "flatt"}, "observe: unknown observe 'flatt'"),
        ({"env_steps": 0}, "env_steps: is 0; must be at least 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_would_be_right(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(
        UserError, match=rf"mine.yaml: external.my_ppo.?{complaint}|external.my_ppo: {complaint}"
    ):
        checked(my_ppo=PPO | said)


@pytest.mark.parametrize("name", ["jrpl", "None", "specialist", "cgate"])
def test_a_name_is_that_of_no_method(name: str) -> None:
    with pytest.raises(UserError, match=f"external.{name}: is the name of a method"):
        checked(**{name: PPO})


def test_among_several_agents_one_is_named() -> None:
    two = {"small_gravity": SMALL | {"agents": ["dqn", "ddqn"]}}
    raw = copy.deepcopy(RAW) | {"benchmarks": two, "external": {"my_ppo": PPO}}
    raw["agents"] |= {"ddqn": raw["agents"]["dqn"]}
    with pytest.raises(UserError, match=r"external.my_ppo: lacks 'agent'; .*: ddqn, dqn|: dqn, ddqn"):
        config.check(raw, "mine.yaml")
    raw["external"] = {"my_ppo": PPO | {"agent": "ddqn"}}
    study = Study(config.check(raw, "mine.yaml"))
    assert [path.split("/")[3] for path in study.files(EVALUATED)] == ["ddqn", "ddqn"]


def test_a_model_of_vecnormalize_needs_its_statistics() -> None:
    model(Path("runs/2/model.zip"), _last_original_obs={":type:": "ndarray", ":serialized:": "gASV"})
    with pytest.raises(
        UserError, match=r"my_ppo.policy: runs/2/model.zip was trained with VecNormalize, whose"
    ):
        checked(my_ppo=PPO)
    for seed in range(4):
        Path(f"runs/{seed}/statistics.pkl").touch()
    assert checked(my_ppo=PPO | {"vec_normalize": "runs/{seed}/statistics.pkl"})


def test_what_is_no_model_is_named() -> None:
    Path("runs/1/model.zip").write_text("a text")
    with pytest.raises(UserError, match=r"runs/1/model.zip is no model of Stable-Baselines3"):
        checked(my_ppo=PPO)


def test_its_evaluations_are_those_of_a_method_of_its_name() -> None:
    study = Study(checked(my_ppo=PPO))
    paths = study.files(EVALUATED)
    assert paths == [
        f"results/test/small_gravity/dqn/my_ppo/{block}/evaluation.parquet" for block in study.blocks
    ]
    assert study.wildcards(Path(paths[1])) == BLOCK
    assert set(paths) < set(study.files(EVALUATED.replace("external", "played")))
    assert not set(paths) & set(study.files(EVALUATED.replace("external", "method")))
    spec = study.spec("evaluate_external", **BLOCK)
    assert list(spec["runs"]) == ["2", "3"]
    assert spec["runs"]["3"]["policy"] == "runs/3/model.zip"
    assert study.spec("check_results")["external"] == [["small_gravity", "dqn", "my_ppo"]]


def told(study: Study) -> dict[str, str]:
    """The texts of jobs, by rule and block."""
    blocks = {block: {**BLOCK, "block": block} for block in study.blocks}
    found = {
        f"evaluate_external {block}": jobs.text(study, "evaluate_external", of, {"files": []})
        for block, of in blocks.items()
    }
    for rule, wildcards in (("score", {"benchmark": "small_gravity"}), ("aggregate", {})):
        found[rule] = json.dumps(lineage.made(study, rule, wildcards))
    trained = {"method": "none", "part": "held_out", **blocks["seeds_2-3"]}
    found["evaluate"] = jobs.text(study, "evaluate", trained, {})
    return found


def test_a_changed_file_changes_the_jobs_of_its_block_and_what_follows() -> None:
    before = told(Study(checked(my_ppo=PPO)))
    os.utime("runs/3/model.zip", (1, 1))
    assert told(Study(checked(my_ppo=PPO))) == before  # touched, and the same
    model(Path("runs/3/model.zip"), gamma=0.9)
    after = told(Study(checked(my_ppo=PPO)))
    assert {name for name in before if before[name] != after[name]} == {
        "evaluate_external seeds_2-3", "score", "aggregate",
    }  # fmt: skip


def test_other_files_count_too() -> None:
    Path("policy.py").write_text("def build(seed): ...")
    Path("weights").write_text("1")
    said = {"policy": "policy.py", "loader": "python", "files": ["weights"], "trusted": True}
    before = told(Study(checked(my_ppo=said)))
    Path("weights").write_text("2")
    after = told(Study(checked(my_ppo=said)))
    assert before["evaluate_external seeds_0-1"] != after["evaluate_external seeds_0-1"]
    assert before["evaluate"] == after["evaluate"]
