"""tianshou and TorchRL collect from our ids. Both want other packages than ours, so each has a place of its own:

    python -m venv other
    other/bin/pip install pytest scipy 'gymnasium[classic-control]' tianshou==2.0.1 'pandas<3'
    PYTHONPATH=. other/bin/python -m pytest -o addopts= -rs tests/gym/test_clients.py

or, in the second line, `torchrl==0.14.1 'tensordict<0.15'`. What is not installed is skipped, and `-rs` says so.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gym_makers import make

ALL = list(range(8))
SETTINGS = {"split": "extrapolation", "n_contexts": 8}


@pytest.fixture
def tianshou() -> Any:
    return pytest.importorskip("tianshou", reason="tianshou is not installed: see the top of this file")


@pytest.fixture
def torchrl(monkeypatch: pytest.MonkeyPatch) -> Any:
    """It looks for the package gym, for which it would take this folder."""
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not (Path(path) / "gym").is_dir()])
    return pytest.importorskip("torchrl", reason="TorchRL is not installed: see the top of this file")


@pytest.mark.parametrize("number", [1, 8])
def test_tianshous_collector_meets_every_context(tianshou: Any, number: int) -> None:
    """In turn in one environment, or each in one of its own: between, its faster environments play more episodes."""
    from tianshou.algorithm.random import MARLRandomDiscreteMaskedOffPolicyAlgorithm as Random
    from tianshou.data import Collector, VectorReplayBuffer
    from tianshou.env import DummyVectorEnv

    makers = [partial(make, "cartpole_length", part=(row, number), **SETTINGS) for row in range(number)]
    policy = Random(action_space=makers[0]().action_space)
    buffer = VectorReplayBuffer(8000, number)
    collector = Collector(policy, DummyVectorEnv(makers), buffer)
    for _ in range(3):
        collector.reset()
        collector.collect(n_episode=8, random=True)
        ended, _ = buffer.sample(0)
        assert sorted(ended.info.context_id[ended.done]) == ALL


@pytest.mark.parametrize("name", ["cartpole_length", "pendulum_length"])
def test_torchrl_rolls_out(torchrl: Any, name: str) -> None:
    from torchrl.envs import GymWrapper
    from torchrl.envs.utils import check_env_specs

    wrapped = GymWrapper(make(name, **SETTINGS), device="cpu")
    check_env_specs(wrapped)
    rollout = wrapped.rollout(300)
    assert rollout["next", "done"][-1]
    assert not rollout["next", "done"][:-1].any()
    assert np.isfinite(rollout["next", "reward"].numpy()).all()
