"""What a candidate is worth, by real trainings of a few hundred steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tuned_study import BENCHMARK, job, raw, study, write_contexts

from meta_rl.errors import UserError
from meta_rl.stack import networks
from meta_rl.steps import collect_trajectories, pretrain_encoder, sample_contexts, train, train_generator
from meta_rl.study import config
from meta_rl.study.candidates import rungs, shortened
from meta_rl.study.study import Study
from meta_rl.training import block, policy
from meta_rl.tuning import judge
from meta_rl.tuning.judge import Judge


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[Path, Path]:
    return write_contexts(tmp_path, study())


def spec(method: str = "none") -> dict[str, Any]:
    return study().spec("tune_settings", **job(study(), method))


def test_a_third_of_the_steps_each() -> None:
    assert rungs(100, 900) == [900, 300, 100]
    assert rungs(101, 900) == [900, 300]
    assert rungs(1, 3) == [3, 1]


def test_what_lasts_a_part_of_the_training_keeps_its_part() -> None:
    whole = spec("iida")
    third, paid = shortened(whole, 200, 3, {"gamma": 0.9})
    assert third["agent_settings"] == whole["agent_settings"] | {"gamma": 0.9, "learning_starts": 33}
    assert third["method_settings"] == whole["method_settings"] | {
        "transitions": 7, "updates": 3, "generator_steps": 64,
    }  # fmt: skip
    assert paid == 64 + 21
    assert third["env_steps"] == 64 + 21 + 112  # whole steps of 4 environments
    assert shortened(whole, 600, 3, {}) == (whole, 200 + 60)


@pytest.mark.parametrize("method", ["iida", "jrpl"])
def test_a_candidate_that_is_trained_to_the_end_is_the_studys_training(
    contexts: tuple[Path, Path], tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very policy that `train` leaves for these seeds, with what pretraining paid."""
    played = []
    play_agent = judge.play_agent

    def watched(runs: policy.Runs, *arguments: Any) -> Any:
        played.append(runs.agent)
        return play_agent(runs, *arguments)

    monkeypatch.setattr(judge, "play_agent", watched)
    verdict = Judge(spec(method), *contexts)({"gamma": 0.9}, 600)
    changed = raw() | {"agents": {"dqn": raw()["agents"]["dqn"] | {"gamma": 0.9}}}
    changed["seeds"] = {"test": {"first": 1000, "count": 2}, "tuning": {"first": 0, "count": 2}, "per_job": 2}
    retrained = Study(config.check(changed, "my.yaml"))
    wildcards = job(retrained, method) | {"block": "seeds_1000-1001"}
    encoder = None
    if method == "iida":
        encoder, generator = tmp_path / "encoder.pt", tmp_path / "generator.pt"
        alone = retrained.spec("train_generator", **wildcards)
        train_generator.main(contexts[0], alone, tmp_path / "checkpoint.pt", generator)
        collected = retrained.spec("collect_trajectories", **wildcards)
        collect_trajectories.main(contexts[0], generator, collected, tmp_path / "trajectories.parquet")
        pretrain_encoder.main(tmp_path / "trajectories.parquet", contexts[0], collected, encoder)
    train.main(
        contexts[0],
        encoder,
        retrained.spec("train", **wildcards),
        tmp_path / "checkpoint.pt",
        tmp_path / "policy.pt",
        tmp_path / "learning.parquet",
    )
    ours, theirs = policy.tensors(played[0]), policy.load(tmp_path / "policy.pt")
    assert verdict.env_steps == 600 == max(theirs.env_steps)
    assert ours.keys() == theirs.tensors.keys()
    assert all(torch.equal(ours[name], theirs.tensors[name].flatten(0, 1)) for name in ours)


def test_a_verdict_is_the_same_again(contexts: tuple[Path, Path]) -> None:
    judged = Judge(spec(), *contexts)
    first, again = judged({}, 200), judged({}, 200)
    assert np.array_equal(first.returns, again.returns)
    assert first.returns.shape == (2,)
    assert first.sound.all()


def test_a_run_that_diverges_counts_as_random_and_harms_no_other(
    contexts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = Judge(spec(), *contexts)
    sound = judged({}, 600)
    minimise = networks.Adam.minimise

    def exploding(self: networks.Adam, loss: torch.Tensor, *arguments: Any) -> None:
        minimise(self, loss * torch.tensor([float("inf"), 1.0]), *arguments)

    monkeypatch.setattr(networks.Adam, "minimise", exploding)
    verdict = judged({}, 600)
    assert verdict.sound.tolist() == [False, True]
    assert verdict.returns.tolist() == [judged.random, sound.returns[1]]


@pytest.mark.parametrize("failing", [[0], [0, 1]])
def test_a_run_that_cannot_be_trained_counts_as_random_and_harms_no_other(
    failing: list[int], contexts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = Judge(spec(), *contexts)
    sound, start = judged({}, 600), block.start

    def fails(*arguments: Any) -> Any:
        if {f"{BENCHMARK} run {judged.seeds[index]}" for index in failing} & set(arguments[2].keys):
            raise ArithmeticError("an unlucky context")
        return start(*arguments)

    monkeypatch.setattr(block, "start", fails)
    verdict = judged({}, 600)
    assert verdict.sound.tolist() == [index not in failing for index in (0, 1)]
    expected = [judged.random if index in failing else sound.returns[index] for index in (0, 1)]
    assert verdict.returns.tolist() == expected
    assert verdict.env_steps == 600


def test_every_kind_of_weights_is_looked_at(tmp_path: Path) -> None:
    """SAC's temperature is one number per seed."""
    changed = raw(env_steps={"min": 60, "max": 200, "total": 600}, search={"sac": {"hidden": [[64, 64]]}})
    changed |= {"methods": ["none"], "train": {"env_steps": 200, "snapshots": 2}}
    changed["agents"] = {
        "sac": {"n_envs": 4, "hidden": [8], "replay": 400, "batch": 64, "learning_starts": 40}
    }
    changed["benchmarks"] = {
        BENCHMARK: changed["benchmarks"][BENCHMARK]
        | {"environment": "pendulum", "features": {"l": {"train": [0.5, 2]}}, "agents": ["sac"]}
    }
    made = Study(config.check(changed, "my.yaml"))
    judged = Judge(made.spec("tune_settings", **job(made)), *write_contexts(tmp_path, made))
    assert judged({}, 200).sound.all()


def test_contexts_of_results_are_refused(contexts: tuple[Path, Path], tmp_path: Path) -> None:
    made = study()
    held_out = tmp_path / "held_out.parquet"
    sample_contexts.main(made.spec("sample_contexts", **job(made), part="held_out"), held_out)
    with pytest.raises(UserError, match="must hold validation contexts, and no others"):
        Judge(spec(), contexts[0], held_out)


def test_contexts_of_test_seeds_are_refused(contexts: tuple[Path, Path], tmp_path: Path) -> None:
    made = study()
    block = tmp_path / "block.parquet"
    sample_contexts.main(made.spec("sample_contexts", **job(made), part="seeds_0-1"), block)
    with pytest.raises(UserError, match=r"holds the seeds \[0, 1\], not the tuning seeds"):
        Judge(spec(), block, contexts[1])
