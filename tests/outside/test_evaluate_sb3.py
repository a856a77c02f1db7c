"""Models of Stable-Baselines3, live and from their zips, with and without VecNormalize."""

import json
import zipfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("stable_baselines3")

from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

import meta_rl
from meta_rl.errors import UserError

FEW = {"train": 2, "interpolation": 2, "extrapolation": 2}
ID = "meta_rl.gym:meta_rl/{}-v0"


def evaluate(policy: Any, benchmark: str = "cartpole_gravity", **given: Any) -> Any:
    return meta_rl.evaluate(policy, benchmark, **{"contexts": FEW, "episodes": 1, **given})


def untrained(kind: Any, benchmark: str = "cartpole_gravity", **settings: Any) -> Any:
    environments = make_vec_env(ID.format(benchmark), 1, seed=0, env_kwargs=settings)
    return kind("MlpPolicy", environments, seed=1, device="cpu", policy_kwargs={"net_arch": [8]})


@pytest.mark.parametrize("kind", [PPO, A2C, DQN, SAC, TD3, DDPG])
def test_a_model_and_its_zip_play_the_same(kind: Any, tmp_path: Path) -> None:
    benchmark = "cartpole_gravity" if kind in (PPO, A2C, DQN) else "pendulum_length"
    model = untrained(kind, benchmark)
    model.save(tmp_path / "model.zip")
    live, saved = evaluate(model, benchmark), evaluate(tmp_path / "model.zip", benchmark, trusted=True)
    pd.testing.assert_frame_equal(live.evaluation, saved.evaluation, check_exact=True)
    assert live.evaluation["initial_value"].notna().all() == (kind in (PPO, A2C))
    assert (live.evaluation["discounted_return"] != live.evaluation["episode_return"]).any()  # its own gamma


def test_it_does_what_it_does_in_the_id() -> None:
    """From the same starts, one step after the other."""
    model = untrained(PPO).learn(2048)
    found = evaluate(model).evaluation
    environment = gymnasium.make(ID.format("cartpole_gravity"), split="extrapolation", n_contexts=2)
    for row in found[(found["split"] == "extrapolation") & (found["information"] == "cold")].itertuples():
        seen, _ = environment.reset(options={"context_id": row.context_id, "episode": row.episode})
        steps, ended = 0, False
        while not ended:
            seen, _, *ends, _ = environment.step(model.predict(seen, deterministic=True)[0])
            steps, ended = steps + 1, any(ends)
        assert steps == row.episode_return


def test_statistics_of_vecnormalize_are_asked_for_and_used(tmp_path: Path) -> None:
    environments = VecNormalize(make_vec_env(ID.format("cartpole_gravity"), 2, seed=0))
    model = PPO("MlpPolicy", environments, n_steps=64, batch_size=64, seed=0, device="cpu").learn(512)
    model.save(tmp_path / "model.zip")
    environments.save(str(tmp_path / "statistics.pkl"))
    with pytest.raises(
        UserError, match="was trained with VecNormalize, whose running statistics are another"
    ):
        evaluate(tmp_path / "model.zip", trusted=True)
    live = evaluate(model).evaluation
    saved = evaluate(
        tmp_path / "model.zip", vec_normalize=tmp_path / "statistics.pkl", trusted=True
    ).evaluation
    pd.testing.assert_frame_equal(live, saved, check_exact=True)
    assert live["initial_value"].isna().all()  # of scaled rewards

    def by_hand(observation: np.ndarray) -> np.ndarray:
        return model.predict(environments.normalize_obs(observation), deterministic=True)[0]

    assert evaluate(by_hand).evaluation["episode_return"].tolist() == live["episode_return"].tolist()


def test_nothing_is_unpickled_unless_it_is_trusted(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Harmful:
        def __reduce__(self) -> Any:
            return Path.touch, (ran,)

    model = untrained(PPO)
    model.harmful = Harmful()
    model.save(tmp_path / "model.zip")
    ran.unlink(missing_ok=True)
    with pytest.raises(UserError, match="which is unpickled: that can run any code that is in it"):
        evaluate(tmp_path / "model.zip")
    assert not ran.exists()
    evaluate(tmp_path / "model.zip", trusted=True)
    assert ran.exists()


def test_what_a_model_sees_and_does_must_fit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"takes observations of .*\(5,\).* sees .*\(4,\).*same `observe`"):
        evaluate(untrained(PPO, observe="flat"))
    assert len(evaluate(untrained(PPO, observe="flat"), observe="flat").evaluation) == 12
    wide = untrained(PPO, "acrobot_packer")
    wide.observation_space = untrained(PPO).observation_space
    with pytest.raises(UserError, match=r"takes actions of Discrete\(3\), but there are 2 discrete ones"):
        evaluate(wide)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("data", json.dumps({"gamma": 0.99}))
    for name, message in (
        ("text", "is no model of Stable-Baselines3"),
        ("other", "is a model of none of A2C"),
    ):
        with pytest.raises(UserError, match=rf"{name}.zip: {message}"):
            evaluate(tmp_path / f"{name}.zip", trusted=True)
    (tmp_path / "statistics.pkl").write_bytes(b"no pickle")
    with pytest.raises(UserError, match=r"statistics.pkl: cannot be unpickled"):
        evaluate(untrained(PPO), vec_normalize=tmp_path / "statistics.pkl", trusted=True)
