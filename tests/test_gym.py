"""The Gymnasium side: its API, the contexts that come, the same dynamics as the batched ones, errors that help."""

import math
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList

import meta_rl.gym  # noqa: F401
from meta_rl import registry
from meta_rl.benchmarks import BENCHMARKS
from meta_rl.context_frames import to_frame
from meta_rl.contexts import ContextSpace
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.gym_env import ContextualEnv

ROOT = Path(__file__).parents[1]
CONTEXT = {"length": 0.8, "tau": 0.03}
ENVIRONMENTS = {**{name: name for name in registry.ENVS}, **{k: v.environment for k, v in BENCHMARKS.items()}}
IDS = [name for name in ENVIRONMENTS if "metaworld" not in ENVIRONMENTS[name]]
SLOW = [name for name in ENVIRONMENTS if name not in IDS][:1]  # they are alike, and take seconds each


def make(name: str = "cartpole", **settings: Any) -> Any:
    return gymnasium.make(f"meta_rl/{name}-v0", **settings)


def make_vec(name: str, num_envs: int, **settings: Any) -> Any:
    return gymnasium.make_vec(f"meta_rl/{name}-v0", num_envs, "vector_entry_point", **settings)


def space_of(name: str) -> ContextSpace:
    return ContextSpace.of(cartpole.features, BENCHMARKS[name].ranges, BENCHMARKS[name].train_set)


def lengths(environment: Any, resets: int, seed: int | None = 0) -> list[float]:
    """Of the contexts that come, `seed` for the first reset only."""
    first = [environment.reset(seed=seed)]
    return [info["context"]["length"] for _, info in first + [environment.reset() for _ in range(resets - 1)]]


# the API


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


# dynamics


@pytest.mark.parametrize(
    "name", [n for n in registry.ENVS if hasattr(registry.load("environment", n), "initial")]
)
def test_the_default_context_is_the_plain_environment(name: str) -> None:
    module = registry.load("environment", name)
    defaults = {one.name: one.default for one in module.features}
    plain, ours = module.plain(defaults), make(name)
    plain = gymnasium.wrappers.TimeLimit(plain.unwrapped, module.horizon)
    assert ours.reset(seed=1)[1]["context"] == defaults
    plain.action_space.seed(0)
    for seed in [*range(8), None, None]:
        expected, found = plain.reset(seed=seed)[0], ours.reset(seed=seed)[0]
        assert np.array_equal(found, expected)
        ended = False
        while not ended:
            action = plain.action_space.sample()
            expected, *figures, _ = plain.step(action)
            found, *ours_too, _ = ours.step(action)
            assert np.array_equal(found, expected)
            assert ours_too == pytest.approx(figures, rel=1e-9)  # Pendulum's rewards are that equal
            ended = figures[1] or figures[2]


def test_another_context_is_the_batched_environment_in_that_context() -> None:
    ours, rng = make(context=CONTEXT), np.random.default_rng(0)
    batched = cartpole.build(tuple(CONTEXT), (1, 1))
    for seed in range(10):
        observation, _ = ours.reset(seed=seed)
        noise = np.random.Generator(np.random.PCG64(seed)).random((1, 1, 4))
        batched.reset(np.ones((1, 1), dtype=bool), np.array([[list(CONTEXT.values())]]), noise)
        ended = False
        while not ended:
            assert np.array_equal(observation, batched.observation[0, 0])
            action = rng.integers(2)
            observation, reward, terminated, truncated, _ = ours.step(action)
            step = batched.step(np.array([[action]]))
            assert (reward, terminated, truncated) == tuple(column[0, 0] for column in step[1:])
            ended = terminated or truncated
    plain = make()
    plain.reset(seed=0)
    ours.reset(seed=0)
    assert not np.array_equal(plain.step(0)[0], ours.step(0)[0])


def test_an_episode_is_truncated_at_the_horizon_by_the_environment_alone() -> None:
    calm = {"gravity": 0.1, "length": 5.0, "tau": 0.002}
    for environment in (make(context=calm), ContextualEnv("cartpole", calm)):
        assert "TimeLimit" not in str(environment)
        for _ in range(2):
            environment.reset(seed=0)
            ends = [environment.step(t % 2)[2:4] for t in range(cartpole.horizon)]
            assert ends == [(False, False)] * (cartpole.horizon - 1) + [(False, True)]


def test_what_is_returned_has_plain_types_and_is_nobody_elses() -> None:
    environment = make(context=CONTEXT)
    first, info = environment.reset(seed=0)
    copy = first.copy()
    info["context"]["length"] = 3.0
    _, reward, terminated, truncated, info = environment.step(1)
    assert [type(value) for value in (reward, terminated, truncated)] == [float, bool, bool]
    assert info["context"] == {one.name: one.default for one in cartpole.features} | CONTEXT
    assert np.array_equal(first, copy)


# contexts


@pytest.mark.parametrize("seed", [0, 3])
def test_train_contexts_are_those_of_the_studys_run_of_that_seed(seed: int) -> None:
    environment, space = make("cartpole_length", seed=seed, n_contexts=6), space_of("cartpole_length")
    table = to_frame(space, "cartpole_length", "train", space.draw_train(seed, 6), seed)
    expected = dict(zip(table["context_id"], table["value"], strict=True))
    found = {}
    for _ in range(6):
        _, info = environment.reset()
        found[info["context_id"]] = info["context"]["length"]
        assert environment.step(0)[4] == info
    assert found == expected


@pytest.mark.parametrize("name", ["cartpole_length", "cartpole_gravity_length", "cartpole_gravity_length_c"])
def test_every_held_out_split_is_the_frozen_one_whatever_the_seed(name: str) -> None:
    space = space_of(name)
    for split in ("validation", "calibration", *space.regions):
        expected = space.draw_held_out(split, 4)
        for seed in (0, 3):
            environment, found = make(name, split=split, seed=seed, n_contexts=4), {}
            for _ in range(4):
                _, info = environment.reset()
                found[info["context_id"]] = [info["context"][feature] for feature in space.names]
            assert found == dict(enumerate(expected.tolist()))


def test_every_context_comes_once_per_pass_in_an_order_that_the_seed_of_the_reset_gives() -> None:
    environment = make("cartpole_length", n_contexts=10)
    first, again, other = (lengths(environment, 30, seed) for seed in (5, 5, 6))
    assert first == again != other
    passes = [first[:10], first[10:20], first[20:]]
    assert [sorted(one) for one in passes] == [sorted(passes[0])] * 3
    assert passes[0] != passes[1] != passes[2]
    assert len(set(first)) == 10


def test_without_a_seed_the_order_is_nobodys() -> None:
    assert len({tuple(lengths(make("cartpole_length"), 5, None)) for _ in range(4)}) == 4


def test_a_fixed_context_of_a_benchmark_keeps_the_other_features_at_default() -> None:
    environment = make("cartpole_length", context={"tau": 0.03})
    expected = {one.name: one.default for one in cartpole.features} | {"tau": 0.03}
    for _ in range(3):
        assert environment.reset()[1] == {"context": expected, "context_id": 0}


def test_flat_observations_hold_the_context_as_the_method_explicit_scales_it() -> None:
    import torch

    from meta_rl.methods.base import Task
    from meta_rl.methods.explicit import Explicit

    space = space_of("cartpole_gravity_length")
    method = Explicit(Task(cartpole.spaces, space))
    for split in ("train", "all_extrapolation"):
        plain, flat = (make("cartpole_gravity_length", split=split, observe=one) for one in ("plain", "flat"))
        for _ in range(3):
            expected, info = plain.reset(seed=1)
            found, _ = flat.reset(seed=1)
            context = torch.tensor([[[info["context"][name] for name in space.names]]])
            assert np.array_equal(found[:4], expected)
            assert found[4:] == pytest.approx(method(context, None)[0, 0].numpy(), rel=1e-5)
            assert (np.abs(found[4:]) <= 1).all() == (split == "train")


@pytest.mark.parametrize("name", ["cartpole", "cartpole_length"])
def test_dict_observations_hold_all_features_in_units_and_lie_in_their_space(name: str) -> None:
    on_bounds = {"length": 0.05, "tau": 0.2, "masspole": 0.01}
    environment = make(name, context=on_bounds, observe="dict")
    observation, info = environment.reset(seed=0)
    for seen in (observation, environment.step(0)[0]):
        assert environment.observation_space.contains(seen)
        assert {key: value.item() for key, value in seen["context"].items()} == pytest.approx(info["context"])
    assert np.array_equal(observation["obs"], make(name, context=on_bounds).reset(seed=0)[0])
    assert environment.observation_space["context"]["tau"].high == np.float32(0.2)


# many at once


@pytest.mark.parametrize("observe", ["plain", "flat", "dict"])
def test_rows_of_a_batch_step_as_single_environments_and_start_again_in_the_next_step(
    observe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cartpole, "horizon", 20)  # some episodes end before, some then
    batch = make_vec("cartpole_length", 3, observe=observe)
    batch.action_space.seed(0)
    assert batch.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP

    def beside(row: int) -> Any:
        """A single environment in a row's context and state."""
        single = make("cartpole_length", context={"length": infos["context"]["length"][row]}, observe=observe)
        single.reset(seed=0)
        for mine, its in zip(single.unwrapped.row.state, batch.unwrapped._rows.state, strict=True):
            mine[0, 0] = its[0, row]
        return single

    observation, infos = batch.reset(seed=0)
    singles, ended = [beside(row) for row in range(3)], np.zeros(3, dtype=bool)
    ends, ids = [], infos["context_id"].tolist()
    for _ in range(100):
        action = batch.action_space.sample()
        observation, reward, terminated, truncated, infos = batch.step(action)
        assert batch.observation_space.contains(observation)
        for row in range(3):
            if ended[row]:
                singles[row] = beside(row)
                expected = singles[row].unwrapped._seen(), 0.0, False, False
                assert np.abs(np.stack(batch.unwrapped._rows.state)[:, 0, row]).max() <= 0.05
                ids.append(infos["context_id"][row])
            else:
                *expected, _ = singles[row].step(action[row])
            for found, wanted in zip(leaves(observation), leaves(expected[0]), strict=True):
                assert np.array_equal(found[row], wanted)
            assert (reward[row], terminated[row], truncated[row]) == tuple(expected[1:])
        ended = terminated | truncated
        ends += [*zip(terminated[ended], truncated[ended], strict=True)]
    assert {(True, False), (False, True)} <= set(ends)
    assert len(set(ids)) == len(ids) > 9


def leaves(value: Any) -> list[np.ndarray]:
    return [leaf for each in value.values() for leaf in leaves(each)] if isinstance(value, dict) else [value]


def test_infos_of_a_batch_have_the_form_of_gymnasiums() -> None:
    ours = make_vec("cartpole", 2, context=CONTEXT)
    theirs = gymnasium.make_vec("meta_rl/cartpole-v0", 2, "sync", context=CONTEXT)
    for found, expected in ((ours.reset()[1], theirs.reset()[1]), (step(ours), step(theirs))):
        assert found.keys() == expected.keys()
        assert found["context"].keys() == expected["context"].keys()
        assert all(np.array_equal(found["context"][key], value) for key, value in expected["context"].items())
        assert np.array_equal(found["context_id"], expected["context_id"])
        found["context"]["length"][:] = 3.0  # is nobody else's
    listed = DictInfoToList(make_vec("cartpole", 2, context=CONTEXT)).reset()[1]
    assert [one["context"]["length"] for one in listed] == [0.8, 0.8]


def step(environments: Any) -> dict[str, Any]:
    return environments.step(np.array([0, 1]))[4]


def test_rows_of_a_batch_share_the_contexts_out() -> None:
    batch = make_vec("cartpole_length", 4, split="extrapolation", n_contexts=8)
    first = [batch.reset(seed=seed)[1]["context_id"].tolist() for seed in (1, 1, None)]
    assert first[0] == first[1]
    assert sorted(first[1] + first[2]) == list(range(8))
    starts = [batch.reset(seed=seed)[0] for seed in (1, 1, 2)]
    assert np.array_equal(starts[0], starts[1])
    assert len(np.unique(np.concatenate(starts[1:]), axis=0)) == 8
    crowded = make_vec("cartpole_length", 25, n_contexts=10).reset(seed=0)[1]["context_id"]
    assert sorted(np.bincount(crowded)) == [2] * 5 + [3] * 5


def test_environments_run_side_by_side_in_their_own_contexts() -> None:
    both = gymnasium.vector.SyncVectorEnv([make, lambda: make(context=CONTEXT)])
    both.reset(seed=[0, 0])
    observation, _, _, _, infos = both.step(np.array([1, 1]))
    for row, context in enumerate(({}, CONTEXT)):
        alone = make(context=context)
        alone.reset(seed=0)
        assert np.array_equal(observation[row], alone.step(1)[0])
    assert infos["context"]["length"].tolist() == [0.5, 0.8]


# errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "interpolatoin"}, "unknown split 'interpolatoin'; did you mean 'interpolation'"),
        (
            {"split": "all_extrapolation"},
            "unknown split 'all_extrapolation'.*Known: calibration, extrapolation",
        ),
        ({"split": "train", "context": {}}, "both a context and the split 'train' are given"),
        ({"context": {"lenght": 0.8}}, "unknown feature 'lenght'; did you mean 'length'"),
        ({"context": [0.8]}, r"context is \[0.8\], but must be a mapping"),
        ({"observe": "raw"}, "unknown observe 'raw'.*Known: dict, flat, plain"),
        ({"seed": -1}, "seed is -1, but must be a whole number of at least 0"),
        ({"n_contexts": 0}, "n_contexts is 0, but must be a whole number of at least 1"),
        ({"n_contexts": 2.5}, "n_contexts is 2.5, but must be a whole number"),
    ],
)
def test_wrong_settings_are_refused_with_what_would_be_right(settings: dict[str, Any], message: str) -> None:
    for maker in (make, lambda name, **given: make_vec(name, 2, **given)):
        with pytest.raises(UserError, match=f"cartpole_length: {message}"):
            maker("cartpole_length", **settings)


def test_an_environment_that_is_no_benchmark_has_no_splits_and_no_scale() -> None:
    with pytest.raises(UserError, match=r"cartpole: an environment has no split 'train'.*cartpole_gravity, "):
        make("cartpole", split="train")
    with pytest.raises(UserError, match=r"cartpole: observe is 'flat'.*'dict' gives its context in units"):
        make("cartpole", observe="flat")


@pytest.mark.parametrize("value", [0.04, 5.1, -0.5, math.nan, math.inf, "0.8", None, [0.8]])
def test_a_value_out_of_bounds_or_no_number_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match=r"feature 'length' is .*number of m in \[0.05, 5\].*default is 0.5"):
        make(context={"length": value})


def test_values_on_the_bounds_and_numpys_numbers_are_taken() -> None:
    for value in (0.05, 5, np.float32(0.5)):
        _, info = make(context={"length": value}).reset()
        assert info["context"]["length"] == float(value)
    with pytest.raises(UserError, match="feature 'gravity' is inf"):
        make(context={"gravity": math.inf})


def test_a_name_or_render_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        UserError, match="unknown environment or benchmark 'cartpol'; did you mean 'cartpole'"
    ):
        ContextualEnv("cartpol")
    with pytest.raises(UserError, match=r"unknown render mode 'rgb'\. Known: rgb_array"):
        ContextualEnv("cartpole", render_mode="rgb")
    with pytest.raises(UserError, match="cartpole: a batch is not rendered"):
        make_vec("cartpole", 2, render_mode="rgb_array")


@pytest.mark.parametrize("action", [2, -1, 0.5])
def test_an_action_that_does_not_exist_is_refused(action: Any) -> None:
    environment = ContextualEnv("cartpole")
    environment.reset(seed=0)
    with pytest.raises(UserError, match=rf"action {action} is not in Discrete\(2\)"):
        environment.step(action)


# images, documentation, Stable-Baselines3


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


def test_the_snippets_of_the_documentation_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/gymnasium.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), "docs/gymnasium.md", "exec"), {})


def test_stable_baselines3_trains_unchanged_and_is_evaluated_on_every_split() -> None:
    pytest.importorskip("stable_baselines3")
    command = [sys.executable, "examples/sb3_cartpole.py", "--steps", "256", "--observe", "flat"]
    found_here = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, env=found_here, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    pattern = r" *(train|interpolation|extrapolation): mean return +([\d.]+), lowest +([\d.]+) \(of 500\)"
    found = [re.fullmatch(pattern, line).groups() for line in ran.stdout.splitlines()]  # type: ignore[union-attr]
    assert [split for split, _, _ in found] == ["train", "interpolation", "extrapolation"]
    assert all(1 <= float(lowest) <= float(mean) <= 500 for _, mean, lowest in found)
