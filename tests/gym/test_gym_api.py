"""What Gymnasium's tests ask of its own environments, asked of ours: copies, drawing, actions, modes, wrappers."""

import copy
import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import ENVIRONMENTS, IDS, ONE_EACH, make, make_vec
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector as vector_wrappers

from meta_rl import registry
from meta_rl.errors import UserError

DISCRETE = [name for name in IDS if registry.load("environment", ENVIRONMENTS[name]).spaces.discrete]


def go_on(environment: Any, steps: int, seed: int) -> list[Any]:
    """What random steps return, and resets where they are due."""
    environment.action_space.seed(seed)
    found = []
    for _ in range(steps):
        found.append(environment.step(environment.action_space.sample()))
        if any(found[-1][2:4]):
            found.append(environment.reset())
    return found


@pytest.mark.parametrize("name", [*IDS, *ONE_EACH[-1:]])
def test_episodes_follow_from_seed_and_actions_and_go_on_in_a_copy(name: str) -> None:
    one, two = make(name), make(name)
    assert data_equivalence(one.reset(seed=3), two.reset(seed=3), exact=True)
    assert data_equivalence(go_on(one, 20, 0), go_on(two, 20, 0), exact=True)
    loaded, copied = pickle.loads(pickle.dumps(one)), copy.deepcopy(one)
    expected = go_on(one, 30, 1)
    for other in (loaded, copied):
        assert data_equivalence(go_on(other, 30, 1), expected, exact=True)
    for environment in (one, two, loaded, copied):
        environment.close()
        environment.close()  # a second time


@pytest.mark.parametrize("name", ["cartpole_length", "lunarlander_gravity"])
def test_a_batch_goes_on_in_a_copy(name: str) -> None:
    batch = make_vec(name, 3, max_episode_steps=9)
    batch.reset(seed=0)
    batch.action_space.seed(0)
    actions = [batch.action_space.sample() for _ in range(40)]
    for action in actions[:20]:
        batch.step(action)
    loaded = pickle.loads(pickle.dumps(batch))
    for action in actions[20:]:
        assert data_equivalence(batch.step(action), loaded.step(action), exact=True)


@pytest.mark.parametrize("name", sorted(set(IDS) - set(DISCRETE)))
def test_actions_beyond_the_bounds_act_as_the_bounds_do(name: str) -> None:
    one, two = make(name), make(name)
    for seed, bound in enumerate((one.action_space.high, one.action_space.low)):
        one.reset(seed=seed)
        two.reset(seed=seed)
        assert np.array_equal(one.step(bound)[0], two.step(bound * 50)[0])


@pytest.mark.parametrize("action", [np.zeros(2), np.full(1, np.nan), np.full(1, np.inf), None, "1", {}])
def test_what_is_no_action_is_refused(action: Any) -> None:
    environment = make("pendulum")
    environment.reset(seed=0)
    with pytest.raises(UserError, match=r"action .* is not in Box"):
        environment.unwrapped.step(action)


@pytest.mark.parametrize("name", DISCRETE)
def test_an_action_too_many_is_refused(name: str) -> None:
    environment = make(name)
    environment.reset(seed=0)
    with pytest.raises(UserError, match="is not in Discrete"):
        environment.step(environment.action_space.n)


def test_a_batch_takes_one_action_a_row_once_it_was_reset() -> None:
    with pytest.raises(ResetNeeded):
        make().unwrapped.step(0)
    batch = make_vec("cartpole", 4)
    with pytest.raises(ResetNeeded):
        batch.step(np.zeros(4, dtype=np.int64))
    batch.reset()
    for taken in ([0, 1, 0, 1], (0, 1, 0, 1), np.array([0, 1, 0, 1], dtype=np.int32)):
        assert len(batch.step(taken)[0]) == 4
    for wrong in (np.zeros(3, dtype=np.int64), np.zeros(5, dtype=np.int64), 0):
        with pytest.raises(UserError, match="is not in MultiDiscrete"):
            batch.step(wrong)


@pytest.mark.parametrize("name", ["cartpole_length", "lunarlander_gravity"])
def test_each_row_of_a_batch_is_drawn_as_an_environment_in_its_state_would_be(name: str) -> None:
    batch = make_vec(name, 3, render_mode="rgb_array")
    assert batch.render_mode == "rgb_array"
    assert make_vec(name, 3).render() is None
    batch.reset(seed=0)
    images = batch.render()
    assert [image.shape[2] for image in images] == [3] * 3
    assert not any(np.array_equal(images[0], other) for other in images[1:])
    assert all(np.array_equal(*both) for both in zip(images, batch.render(), strict=True))
    batch.close()


def test_images_are_collected_and_shown_by_gymnasiums_wrappers(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = make(render_mode="rgb_array_list")
    collected.reset(seed=0)
    collected.step(0)
    assert [image.shape for image in collected.render()] == [(400, 600, 3)] * 2
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with pytest.warns(UserWarning, match="HumanRendering"):
        shown = make(render_mode="human")
    shown.reset(seed=0)
    shown.close()


@pytest.mark.parametrize("name", ["cartpole_length", "pendulum"])
def test_a_spec_and_what_wraps_it_come_back_from_json(name: str) -> None:
    made = gymnasium.wrappers.NormalizeReward(
        gymnasium.wrappers.TimeAwareObservation(
            gymnasium.wrappers.FlattenObservation(make(name, observe="dict", context={}, max_episode_steps=9))
        ),
        gamma=0.8,
    )
    again = gymnasium.make(EnvSpec.from_json(made.spec.to_json()))
    assert again.spec == made.spec
    assert data_equivalence(again.reset(seed=1), made.reset(seed=1))
    assert data_equivalence(go_on(again, 12, 0), go_on(made, 12, 0))


@pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
def test_vectors_are_made_again_from_their_spec(mode: str) -> None:
    settings = {"split": "validation", "n_contexts": 5, "observe": "flat", "max_episode_steps": 5}
    made = gymnasium.make_vec("meta_rl/cartpole_length-v0", 3, mode, **settings)
    again = gymnasium.make_vec(made.spec)
    assert again.spec == made.spec
    assert type(again) is type(made)
    assert again.observation_space == made.observation_space
    assert data_equivalence(again.reset(seed=0), made.reset(seed=0))
    for one in (made, again):
        one.close()


@pytest.mark.parametrize("reset", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_processes_do_as_one_does(reset: AutoresetMode) -> None:
    vectors = [
        gymnasium.make_vec(
            "meta_rl/cartpole_length-v0", 2, mode, vector_kwargs={"autoreset_mode": reset}, observe="dict"
        )
        for mode in ("sync", "async")
    ]
    sync, processes = vectors
    assert data_equivalence(sync.reset(seed=0), processes.reset(seed=0))
    sync.action_space.seed(0)
    for _ in range(40):
        action = sync.action_space.sample()
        assert data_equivalence(sync.step(action), processes.step(action))
    for vector in vectors:
        vector.close()


def test_chosen_environments_are_reset_where_nothing_resets_them() -> None:
    vector = gymnasium.make_vec(
        "meta_rl/cartpole_length-v0", 3, "sync", vector_kwargs={"autoreset_mode": AutoresetMode.DISABLED}
    )
    started, _ = vector.reset(seed=[0, 1, 2])
    stepped = vector.step(np.zeros(3, dtype=np.int64))[0]
    chosen = np.array([True, False, False])
    found, _ = vector.reset(seed=[0, 1, 2], options={"reset_mask": chosen})
    assert np.array_equal(found, np.where(chosen[:, None], started, stepped))


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("vector_entry_point", {}),
        ("sync", {"autoreset_mode": AutoresetMode.NEXT_STEP}),
        pytest.param(
            "sync",
            {"autoreset_mode": AutoresetMode.SAME_STEP},
            marks=pytest.mark.skipif(gymnasium.__version__ < "1.4", reason="Gymnasium 1.3 is a step short"),
        ),
    ],
)
def test_statistics_of_episodes_are_those_of_the_rewards(mode: str, settings: dict[str, Any]) -> None:
    vector = vector_wrappers.RecordEpisodeStatistics(
        gymnasium.make_vec(
            "meta_rl/cartpole_length-v0", 3, mode, vector_kwargs=settings, max_episode_steps=12
        )
    )
    vector.reset(seed=0)
    vector.action_space.seed(0)
    returns, lengths = np.zeros(3), np.zeros(3)
    for _ in range(60):
        _, reward, terminated, truncated, infos = vector.step(vector.action_space.sample())
        returns, lengths = returns + reward, lengths + (reward > 0)  # a pole gives 1 in each step
        ended = terminated | truncated
        if ended.any():
            assert infos["episode"]["l"][ended].tolist() == lengths[ended].tolist()
            assert infos["episode"]["r"][ended].tolist() == returns[ended].tolist()
            returns[ended] = lengths[ended] = 0
    assert vector.episode_count > 6


def test_gymnasiums_wrappers_take_the_batch() -> None:
    flat = vector_wrappers.FlattenObservation(make_vec("cartpole_length", 2, observe="dict"))
    assert flat.reset(seed=0)[0].shape == (2, 4 + 6)
    wrapped: Any = make_vec("pendulum_length", 2, observe="flat")
    for wrapper in (
        lambda one: vector_wrappers.RescaleAction(one, -1.0, 1.0),
        vector_wrappers.ClipAction,
        vector_wrappers.NormalizeObservation,
        vector_wrappers.NormalizeReward,
        lambda one: vector_wrappers.ClipReward(one, -1, 1),
    ):
        wrapped = wrapper(wrapped)
    wrapped.reset(seed=0)
    for _ in range(3):
        observation, reward, *_ = wrapped.step(wrapped.action_space.sample())
    assert observation.shape == (2, 4)
    assert (np.abs(reward) <= 1).all()
