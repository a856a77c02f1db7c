"""Every id has Gymnasium's API and can be drawn, and what the documentation shows runs."""

import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import ENVIRONMENTS, IDS, SLOW, make
from gymnasium.utils.env_checker import check_env

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.gym.env import ContextualEnv

ROOT = Path(__file__).parents[2]


def test_everything_has_an_id_and_a_name_that_two_share_means_the_same_environment() -> None:
    assert {f"meta_rl/{name}-v0" for name in ENVIRONMENTS} <= set(gymnasium.registry)
    for name in set(registry.ENVS) & set(BENCHMARKS):
        assert BENCHMARKS[name].environment == name


@pytest.mark.parametrize(
    ("name", "observe"),
    [
        *((name, observe) for name in IDS for observe in ("plain", "dict", *["flat"] * (name in BENCHMARKS))),
        *((name, "dict") for name in SLOW),
    ],
)
def test_every_id_passes_gymnasiums_checks(name: str, observe: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for known in (
            "Box observation space (mini|maxi)mum value is -?infinity",
            "symmetric and normalized space",
        ):
            warnings.filterwarnings("ignore", message=f".*{known}")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        check_env(make(name, observe=observe).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", IDS)
def test_spaces_are_those_of_the_environment(name: str) -> None:
    sizes = registry.load("environment", ENVIRONMENTS[name]).spaces
    environment = make(name)
    assert environment.observation_space.shape == (sizes.observation,)
    if sizes.discrete:
        assert environment.action_space == gymnasium.spaces.Discrete(sizes.action)
    else:
        assert environment.action_space == gymnasium.spaces.Box(-sizes.limit, sizes.limit, (sizes.action,))


@pytest.mark.parametrize("name", [name for name in registry.ENVS if name in IDS])
def test_images_need_no_display(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(display, raising=False)
    environment = make(name, render_mode="rgb_array")
    environment.reset(seed=0)
    shown = [environment.render()]
    for _ in range(20):
        _, _, terminated, truncated, _ = environment.step(environment.action_space.sample())
        if terminated or truncated:
            break
    shown.append(environment.render())
    environment.close()
    assert shown[0].dtype == np.uint8
    assert shown[0].shape[2:] == (3,)
    assert not np.array_equal(*shown)


def test_images_show_state_and_context() -> None:
    def image(context: dict[str, float], steps: int) -> np.ndarray:
        environment: Any = make(context=context, render_mode="rgb_array")
        environment.reset(seed=0)
        for _ in range(steps):
            environment.step(1)
        return environment.render()

    plain = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    plain.reset(seed=0)
    first = image({}, 0)
    assert first.shape == (400, 600, 3)
    assert np.array_equal(first, plain.render())
    assert not np.array_equal(first, image({}, 8))
    pole = [(image({"length": length}, 0) == (202, 152, 101)).all(-1).sum() for length in (0.25, 0.5, 1.0)]
    assert pole[2] > 1.8 * pole[1] > 3 * pole[0] > 0


def test_without_a_render_mode_nothing_is_drawn() -> None:
    environment = ContextualEnv("cartpole")
    environment.reset(seed=0)
    assert environment.render() is None


def test_ids_come_without_importing_more_than_they_need() -> None:
    """No PyTorch, carl-bench or simulator of another environment, not even for an environment that acts."""
    script = (
        "import sys, gymnasium\n"
        "environment = gymnasium.make('meta_rl.gym:meta_rl/cartpole_length-v0')\n"
        "environment.reset(seed=0); environment.step(0)\n"
        "print(sorted({'torch', 'carl', 'mujoco', 'metaworld', 'Box2D', 'pandas', 'pygame'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.stdout.strip(), ran.returncode) == ("[]", 0), ran.stderr


def test_the_snippets_of_the_documentation_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/gymnasium.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    exec(compile("\n".join(blocks), "docs/gymnasium.md", "exec"), {})
