"""`reset(options=...)`: the starts of a study, contexts of one's own, and what is refused."""

import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gym_makers import make, make_vec

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.errors import UserError
from meta_rl.streams import run_key
from meta_rl.training.episodes import cases

STARTED = ("cartpole_length", "pendulum_sign", "lunarlander_gravity", "acrobot_packer", "hopper_epi")


def study_starts(name: str, split: str, seed: int, episode: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids [C] and first observations [C, O] of an evaluation over the first 4 contexts."""
    environment = registry.load("environment", BENCHMARKS[name].environment)
    space = ContextSpace.of(environment.features, *BENCHMARKS[name].space)
    train = split == "train"
    values = space.draw_train(run_key(name, seed), 4) if train else space.draw_held_out(split, 4)
    ids = np.arange(4) + train * seed * 4
    played = cases(name, split, ids[None], values[None], np.arange(6), environment.noise)
    rows = environment.build(space.names, (1, 24))
    rows.reset(np.ones((1, 24), dtype=bool), played.contexts, played.noise)
    return ids, rows.observation[0, played.episode[0] == episode]


@pytest.mark.parametrize("split", ["train", "interpolation"])
@pytest.mark.parametrize("name", STARTED)
def test_a_context_and_an_episode_give_the_start_that_a_study_plays(name: str, split: str) -> None:
    ids, starts = study_starts(name, split, 2, 5)
    environment = make(name, split=split, seed=2, n_contexts=4)
    batch = make_vec(name, 4, split=split, seed=2, n_contexts=4)
    for row, context in enumerate(ids.tolist()):
        observation, info = environment.reset(options={"context_id": context, "episode": 5})
        assert info["context_id"] == context
        assert observation.tolist() == starts[row].tolist()
    observation, infos = batch.reset(options={"context_id": ids, "episode": 5})
    assert infos["context_id"].tolist() == ids.tolist()
    assert observation.tolist() == starts.tolist()
    observation, _ = batch.reset(options={"context_id": int(ids[1]), "episode": [5, 5, 5, 5]})
    assert observation.tolist() == [starts[1].tolist()] * 4
    environment.close()
    batch.close()


def test_gymnasiums_own_vectors_hand_the_options_on() -> None:
    asked = {"context_id": 3, "episode": 1}
    expected, _ = make("cartpole_length", n_contexts=4).reset(options=asked)
    batch = gymnasium.make_vec(
        "meta_rl/cartpole_length-v0", num_envs=2, vectorization_mode="sync", n_contexts=4
    )
    observation, infos = batch.reset(options=asked)
    assert observation.tolist() == [expected.tolist()] * 2
    assert infos["context_id"].tolist() == [3, 3]


def test_a_context_id_alone_keeps_the_drawn_start() -> None:
    environment = make("cartpole_length", n_contexts=4)
    drawn, _ = environment.reset(seed=1)
    observation, info = environment.reset(seed=1, options={"context_id": 3})
    assert info["context_id"] == 3
    assert observation.tolist() == drawn.tolist()


@pytest.mark.parametrize("name", ["cartpole_length", "cartpole"])
def test_a_context_of_ones_own(name: str) -> None:
    environment = make(name, observe="dict")
    observation, info = environment.reset(options={"context": {"gravity": 12.5}})
    assert info["context_id"] == -1
    assert info["context"] == {**dict.fromkeys(info["context"]), **_defaults(), "gravity": 12.5}
    assert observation["context"]["gravity"].tolist() == [12.5]
    batch = make_vec(name, 2)
    _, infos = batch.reset(options={"context": {"gravity": [12.5, 5.0], "length": 1.0}})
    assert infos["context"]["gravity"].tolist() == [12.5, 5.0]
    assert infos["context"]["length"].tolist() == [1.0, 1.0]
    assert infos["context_id"].tolist() == [-1, -1]


def _defaults() -> dict[str, float]:
    return {feature.name: feature.default for feature in registry.load("environment", "cartpole").features}


def test_it_acts_and_a_copy_goes_on_in_it() -> None:
    heavy, usual = make("cartpole"), make("cartpole")
    heavy.reset(seed=0, options={"context": {"gravity": 19.0}})
    usual.reset(seed=0)
    copy = pickle.loads(pickle.dumps(heavy))
    one, other, third = [[env.step(1)[0].tolist() for _ in range(5)] for env in (heavy, usual, copy)]
    assert one != other
    assert one == third


def test_what_was_asked_for_takes_no_turn() -> None:
    asked, plain = make("cartpole_length", n_contexts=4), make("cartpole_length", n_contexts=4)
    for environment in (asked, plain):
        environment.reset(seed=0)
        _play(environment)
    asked.reset(options={"context_id": 2, "episode": 0})
    _play(asked)
    asked.reset(options={"context": {"length": 0.7}})
    met = []
    for environment in (asked, plain):
        met.append([])
        for _ in range(4):
            met[-1].append(environment.reset()[1]["context_id"])
            _play(environment)
    assert met[0] == met[1]
    assert sorted(met[0]) == [0, 1, 2, 3]


def _play(environment: Any) -> None:
    while not any(environment.step(1)[2:4]):
        pass


def test_options_may_come_first() -> None:
    environment = make("cartpole_length", n_contexts=4)
    assert environment.reset(options={"context_id": 1})[1]["context_id"] == 1
    environment.step(0)
    assert (
        environment.reset(seed=3)[1]["context_id"]
        == make("cartpole_length", n_contexts=4).reset(seed=3)[1]["context_id"]
    )
    batch = make_vec("cartpole_length", 4, n_contexts=4)
    batch.reset(options={"context_id": 1})
    batch.step(np.zeros(4, dtype=np.int64))
    assert sorted(batch.reset()[1]["context_id"]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"episod": 0}, "unknown option of reset 'episod'; did you mean 'episode'"),
        ({"low": -0.1, "high": 0.1}, r"unknown option of reset 'low'\. Known: context, context_id, episode"),
        ({"episode": 0}, "takes the option 'episode' with a 'context_id' only"),
        ({"context_id": 4}, "'context_id' is 4, but the contexts here are 0 to 3"),
        ({"context_id": 1.0}, "'context_id' is 1.0, but must be a whole number of at least 0"),
        ({"context_id": 1, "episode": -1}, "'episode' is -1, but must be a whole number of at least 0"),
        ({"context_id": 1, "context": {}}, "takes the option 'context' alone"),
        ({"context": {"lenght": 1.0}}, "unknown feature 'lenght'; did you mean 'length'"),
        (
            {"context": {"length": 50.0}},
            r"feature 'length' is 50.0, but must be a number of m in \[0.05, 5\]",
        ),
        ({"context": 3}, "context is 3, but must be a mapping"),
        ({"context_id": [0, 1, 2]}, "the option 'context_id' has 3 entries, but there are . rows"),
    ],
)
def test_any_other_option_is_refused_and_changes_nothing(options: dict[str, Any], message: str) -> None:
    for environment in (
        make("cartpole_length", n_contexts=4).unwrapped,
        make_vec("cartpole_length", 2, n_contexts=4),
    ):
        environment.reset(seed=0)
        before = pickle.dumps(environment)
        with pytest.raises(UserError, match=f"cartpole_length: .*{message}"):
            environment.reset(options=options)
        assert pickle.dumps(environment) == before


def test_an_environment_has_no_episodes_of_a_study() -> None:
    environment = make("cartpole")
    assert environment.reset(options={"context_id": 0})[1]["context_id"] == 0
    with pytest.raises(UserError, match="cartpole: the option 'episode' is one of a study"):
        environment.reset(options={"context_id": 0, "episode": 0})


def test_a_part_has_its_own_contexts_only() -> None:
    environment = make("cartpole_length", n_contexts=4, part=(0, 2))
    assert environment.reset(options={"context_id": 3})[1]["context_id"] == 3
    with pytest.raises(UserError, match="'context_id' is 2, but the contexts here are 1 to 3 of a part"):
        environment.reset(options={"context_id": 2})
