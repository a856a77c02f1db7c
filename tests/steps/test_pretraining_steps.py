"""What methods are pretrained on: a generator's trajectories, vines, and how well predictors do without an encoder."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from raw_study import RAW

from meta_rl import registry
from meta_rl.envs import cartpole
from meta_rl.stack.seen import Seen
from meta_rl.steps import (
    collect_trajectories,
    compare_predictors,
    evaluate,
    pretrain_encoder,
    sample_contexts,
    train,
    train_generator,
)
from meta_rl.study import budgets
from meta_rl.study.config import check
from meta_rl.study.study import Study
from meta_rl.tables import contexts, evaluation, io, learning, predictions, trajectories
from meta_rl.training import block, policy
from meta_rl.training.trajectories import EXPLORATION

STUDY = Study(check(RAW | {"methods": list(registry.METHODS)}, "test.yaml"))
TRAINED = ("checkpoint.pt", "policy.pt", "learning.parquet")
JOB = {"benchmark": "small_gravity", "agent": "dqn", "block": "seeds_0-1"}


def spec(rule: str, method: str, part: str = "seeds_0-1", **settings: Any) -> dict[str, Any]:
    described = STUDY.spec(rule, **JOB, method=method, part=part)
    if settings:
        described = described | {"method_settings": described["method_settings"] | settings}
    return described


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contexts, a generator, and the trajectories of both pretrained methods."""
    to = tmp_path_factory.mktemp("made")
    for part in ("held_out", "seeds_0-1"):
        sample_contexts.main(spec("sample_contexts", "none", part), to / f"{part}.parquet")
    block = to / "seeds_0-1.parquet"
    train_generator.main(block, spec("train_generator", "iida"), to / "checkpoint.pt", to / "generator.pt")
    for method, generator in (("iida", to / "generator.pt"), ("epi", None)):
        described = spec("collect_trajectories", method, transitions=90)
        collect_trajectories.main(block, generator, described, to / f"{method}_train.parquet")
    described = spec("collect_trajectories", "iida", transitions=90)
    collect_trajectories.main(
        to / "held_out.parquet", to / "generator.pt", described, to / "iida_held_out.parquet"
    )
    return to


def table(path: Path) -> pd.DataFrame:
    return io.read(path, trajectories.TABLE)


def test_a_generator_is_an_agent_without_context_of_its_own_budget(made: Path) -> None:
    weights = policy.load(made / "generator.pt")
    assert weights.spec["method"] == "none"
    assert weights.env_steps == (RAW["method_settings"]["iida"]["generator_steps"],) * 2


def test_a_generator_acts_greedily_but_for_a_fifth(made: Path) -> None:
    frame = table(made / "iida_train.parquet")
    agent = policy.load(made / "generator.pt").runs().agent
    shape = 2, len(frame) // 2
    seen = torch.from_numpy(np.stack(list(frame["obs"]))).view(*shape, -1)
    greedy = agent.act(Seen(seen), explore=False).numpy().ravel()
    done = np.stack(list(frame["action"])).argmax(1)
    assert np.mean(greedy == done) == pytest.approx(1 - EXPLORATION / 2, abs=0.06)


def test_held_out_trajectories_are_other_ones_in_every_held_out_context(made: Path) -> None:
    frame = table(made / "iida_held_out.parquet")
    found = frame.groupby(["seed", "split"])["context_id"].nunique()
    expected = {
        split: count
        for split, count in RAW["benchmarks"]["small_gravity"]["contexts"].items()
        if split != "train"
    }
    for seed in (0, 1):
        assert found[seed].to_dict() == expected
    assert set(table(made / "iida_train.parquet")["split"]) == {"train"}


def test_a_vine_tries_the_same_in_every_context(made: Path) -> None:
    frame = table(made / "epi_train.parquet")
    count = frame["context_id"].nunique() // 2
    for _, rows in frame.groupby("seed"):
        for name in ("obs", "action"):
            values = np.stack(list(rows[name])).reshape(count, 90, -1)
            assert (values == values[0]).all(), name
        after = np.stack(list(rows["next_obs"])).reshape(count, 90, -1)
        assert (after[0] != after[1]).any(-1).all()
    assert set(frame["source"]) == {"vine"}
    assert frame["episode"].max() > 1


def test_a_vine_obeys_the_dynamics_of_each_context(made: Path) -> None:
    frame = table(made / "epi_train.parquet")
    gravity = io.read(made / "seeds_0-1.parquet", contexts.TABLE).set_index("context_id")["value"][
        frame["context_id"]
    ]
    obs, action, after = (np.stack(list(frame[name])) for name in ("obs", "action", "next_obs"))
    context = [gravity.to_numpy(), *(feature.default for feature in cartpole.features[1:])]
    state, _, _ = cartpole.step(obs.astype(np.float64).T, action.argmax(1), context)
    assert np.abs(np.stack(state, axis=1) - after).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "feature", "restores"),
    [
        ("acrobot", "LINK_MASS_1", True),
        ("striker_epi", "ball_mass", True),
        ("lunarlander", "MAIN_ENGINE_POWER", False),
    ],
)
def test_a_simulator_that_restores_no_state_starts_all_contexts_alike(
    tmp_path: Path, name: str, feature: str, restores: bool
) -> None:
    described = spec("collect_trajectories", "epi", transitions=12)
    described |= {"environment": name, "features": {feature: {"train": [0.5, 1.1]}}}
    sampled = spec("sample_contexts", "none") | {"environment": name, "features": described["features"]}
    sample_contexts.main(sampled, tmp_path / "contexts.parquet")
    collect_trajectories.main(tmp_path / "contexts.parquet", None, described, tmp_path / "vine.parquet")
    frame = table(tmp_path / "vine.parquet")
    for _, rows in frame.groupby("seed"):
        obs, action = (np.stack(list(rows[column])) for column in ("obs", "action"))
        obs, action = obs.reshape(-1, 12, obs.shape[-1]), action.reshape(-1, 12, action.shape[-1])
        assert (action == action[0]).all()
        assert (obs[:, 0] == obs[0, 0]).all()
        assert (obs[1:, -1] != obs[0, -1]).any(-1).all() != restores
        assert (obs == obs[0]).all() == restores


@pytest.mark.parametrize("method", ["iida", "epi"])
def test_what_pretraining_spends_is_paid_for_by_the_run(made: Path, tmp_path: Path, method: str) -> None:
    described = spec("pretrain_encoder", method, transitions=90)
    block = made / "seeds_0-1.parquet"
    pretrain_encoder.main(made / f"{method}_train.parquet", block, described, tmp_path / "encoder.pt")
    frame = table(made / f"{method}_train.parquet")
    settings, count = described["method_settings"], RAW["benchmarks"]["small_gravity"]["contexts"]["train"]
    spent = len(frame) // 2
    spent += settings["generator_steps"] if method == "iida" else 10 * settings["probes"] * count
    assert policy.load(tmp_path / "encoder.pt").env_steps == (spent, spent)
    assert budgets.pretraining(method, settings, count) == spent
    told = spec("train", method, transitions=90)
    told |= {"env_steps": spent + 400}
    train.main(block, tmp_path / "encoder.pt", told, *(tmp_path / name for name in TRAINED))
    curve = io.read(tmp_path / "learning.parquet", learning.TABLE)
    assert curve["env_steps"].min() > spent
    assert all(
        spent + 400 <= steps < spent + 400 + 44 for steps in policy.load(tmp_path / "policy.pt").env_steps
    )
    left = tmp_path / "evaluation.parquet", tmp_path / "encodings.parquet"
    evaluate.main(tmp_path / "policy.pt", made / "held_out.parquet", block, spec("evaluate", method), *left)
    regimes = set(io.read(left[0], evaluation.TABLE)["information"])
    assert ("cold" in regimes) == (method == "iida")  # EPI was not trained for it
    assert regimes - {"cold"} == {"probe10", "observed_0", "observed_5", "observed_episode"}


def test_the_default_control_trains_in_the_default_context(
    made: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    seen: list[np.ndarray] = []
    start = block.start

    def noted(spec: Any, values: np.ndarray, *rest: Any) -> Any:
        seen.append(values)
        return start(spec, values, *rest)

    monkeypatch.setattr(block, "start", noted)
    for method in ("default", "none"):
        described = spec("train", method)
        train.main(made / "seeds_0-1.parquet", None, described, *(tmp_path / name for name in TRAINED))
    assert seen[0].tolist() == [[[9.8]], [[9.8]]]
    assert seen[1].shape == (2, 3, 1)


def test_an_encoding_predicts_better_than_nothing_where_it_was_trained_well(
    made: Path, tmp_path: Path
) -> None:
    """Gravity acts on the pole's speed: what the true context is worth, the encoding must find a part of."""
    block, held_out = tmp_path / "block.parquet", made / "held_out.parquet"
    sample_contexts.main(spec("sample_contexts", "none") | {"count": 12}, block)
    described = spec("collect_trajectories", "iida", transitions=200)
    for part, path in (("train", block), ("fresh", held_out)):
        collect_trajectories.main(path, None, described, tmp_path / f"{part}.parquet")
    told = spec("pretrain_encoder", "iida", window=16, encoder=[32], predictor=[32], updates=800)
    pretrain_encoder.main(tmp_path / "train.parquet", block, told, tmp_path / "encoder.pt")
    compare_predictors.main(
        tmp_path / "encoder.pt", block, held_out, tmp_path / "train.parquet", tmp_path / "fresh.parquet",
        spec("compare_predictors", "iida"), tmp_path / "predictions.parquet",
    )  # fmt: skip
    frame = io.read(tmp_path / "predictions.parquet", predictions.TABLE)
    assert set(frame["window"]) == {0, 16}
    errors = frame[frame["split"] == "interpolation"].groupby("predictor")["error"].mean()
    assert errors["true_context"] < 0.9 * errors["none"]
    assert errors["encoder"] < errors["none"]
