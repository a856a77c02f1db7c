"""What agents know when an episode begins: unscored steps, wrong contexts, and who pays for a probe."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl import contexts, registry
from meta_rl.agents.base import Agent
from meta_rl.conformance import small
from meta_rl.conformance.compare import check_leaves
from meta_rl.conformance.probes import Probe
from meta_rl.envs import cartpole
from meta_rl.stack.play import Episodes
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Window
from meta_rl.streams import Streams
from meta_rl.tables.columns import BUDGETS, COLD, OBSERVED, PROBED
from meta_rl.training import episodes
from meta_rl.training.information import PROBE_STEPS, Prober, regime
from meta_rl.training.policy import Runs
from meta_rl.training.setup import Setup

ROWS = (2, 3)
ALL = np.ones(ROWS, dtype=bool)
KEYS = np.arange(8).reshape(2, 4)  # what windows of four rows are drawn by
INFERRING = [name for name, entry in registry.METHODS.items() if "window" in entry.needs]
INFERRING.remove("stacked_cleared")  # learns nothing of what it is shown


class Counting(Probe):
    """Shows how many steps it has taken; an episode ends after as many as its context says."""

    def see(self) -> Any:
        return self.time

    def outcome(self, sign: np.ndarray) -> Any:
        return 1.0, self.time + 1 >= self.context, False


def counting(size: int, fills: int | None = None) -> Rollout:
    rollout = Rollout(Counting(ROWS), Watch(frozenset({"window"}), size, fills))
    rollout.reset(ALL, np.full((*ROWS, 1), 99.0), np.zeros((*ROWS, 1)))
    return rollout


def shown(window: Window | None) -> list[list[float]]:
    """The times at which the transitions of each row were seen first."""
    assert window is not None
    rows = zip(window.transitions.flatten(0, 1), window.mask.flatten(0, 1), strict=True)
    return [transitions[mask > 0, 0].tolist() for transitions, mask in rows]


def step(rollout: Rollout, count: int) -> None:
    for _ in range(count):
        rollout.step(torch.zeros(ROWS, dtype=torch.int64))


@pytest.mark.parametrize(("fills", "expected"), [(None, [4.0, 5.0, 6.0]), (2, [0.0, 1.0]), (0, [])])
def test_a_window_takes_in_as_many_transitions_as_it_is_to(fills: int | None, expected: list[float]) -> None:
    rollout = counting(3, fills)
    step(rollout, 7)
    assert shown(rollout.seen.window) == [expected] * 6


@pytest.mark.parametrize(("fills", "expected"), [(None, [12.0, 0.0, 1.0]), (0, [10.0, 11.0, 12.0])])
def test_an_episode_begins_with_what_is_known(fills: int | None, expected: list[float]) -> None:
    rollout = counting(3, fills)
    before = counting(3)
    step(before, 13)
    rows = np.array([[True, False, True], [False, True, False]])
    step(rollout, 5)
    noise = np.zeros((*ROWS, 1))
    rollout.reset(rows, np.full((*ROWS, 1), 99.0), noise, known=before.seen)
    step(rollout, 2)
    old = [4.0, 5.0, 6.0] if fills is None else []
    assert shown(rollout.seen.window) == [expected if row else old for row in rows.ravel()]


def test_regimes() -> None:
    assert regime(COLD) == (0, None)
    assert regime(PROBED) == (PROBE_STEPS, None)
    assert [regime(f"{OBSERVED}{budget}")[0] for budget in BUDGETS[:-1]] == list(BUDGETS[:-1])
    assert regime(f"{OBSERVED}episode")[0] > 10**6
    assert {regime(f"{OBSERVED}{budget}")[1] for budget in BUDGETS} == {0}


def runs_of(method: str, **settings: Any) -> Runs:
    described = small.spec(method)
    described["method_settings"] = described["method_settings"] | settings
    setup = Setup(described)
    return Runs(setup, setup.agent(Streams(small.keys(0, 1))).requires_grad_(False))


def agent_of(method: str, **settings: Any) -> Agent:
    return runs_of(method, **settings).agent


def gravities(count: int) -> episodes.Cases:
    values = np.tile(np.geomspace(2, 30, count)[:, None], (2, 1, 1))
    return episodes.cases(
        "small", "interpolation", np.tile(np.arange(count), (2, 1)), values, np.arange(2), 4
    )


def played(method: str, information: str) -> tuple[Tensor, Tensor]:
    """z at the start and at the end of episodes."""
    runs = runs_of(method)
    found = episodes.play_agent(runs, gravities(4), information)
    first = runs.agent.encode(found.first)
    assert first.shape == found.encoding.shape == (2, 8, runs.agent.method.size)
    return first, found.encoding


def test_a_prober_stops_at_the_end_of_an_episode() -> None:
    agent = agent_of("jrpl", window=20)
    rows = (2, 4)
    environments = cartpole.build(("gravity",), rows)
    known, taken, returned, over = Prober(environments, agent, frozenset({"window"}))(
        np.full((*rows, 1), 9.8), np.random.default_rng(0).random((*rows, 4)), 500, keys=KEYS
    )
    assert over.all()
    np.testing.assert_array_equal(returned, taken)  # CartPole pays 1 a step
    whole = [rollout_length(agent, rows)[row] for row in np.ndindex(rows)]
    assert taken.ravel().tolist() == whole
    assert known.window is not None
    assert known.window.mask.sum(-1).flatten().tolist() == [min(20, length) for length in whole]


def test_a_probe_tells_its_first_steps_however_many_there_are() -> None:
    agent, rows = agent_of("epi", steps=3), (2, 4)
    chance = np.random.default_rng(1).random((*rows, 3, 1))
    (first, taken), (more, most) = (
        Prober(cartpole.build(("gravity",), rows), agent, frozenset({"window"}))(
            np.full((*rows, 1), 9.8), np.random.default_rng(0).random((*rows, 4)), count, chance=chance
        )[:2]
        for count in (3, 8)
    )
    assert taken.tolist() == most.tolist() == [[3] * 4] * 2
    first, more = first.window, more.window
    assert first is not None
    check_leaves(first, more)
    assert first.mask.sum() == 3 * 8


def rollout_length(agent: Agent, rows: tuple[int, int]) -> np.ndarray:
    rollout = agent.rollout(cartpole.build(("gravity",), rows), frozenset({"window"}))
    noise = np.random.default_rng(0).random((*rows, 4))
    found: Episodes = episodes.play(
        rollout,
        lambda seen: agent.act(seen, explore=False),
        np.full((*rows, 1), 9.8),
        noise,
        1.0,
        keys=KEYS,
    )
    return found.episode_length


@pytest.mark.parametrize("method", INFERRING)
def test_what_was_shown_before_is_known_from_the_first_step(method: str) -> None:
    """Cold, all rows of a run know the same; the more is shown, the more the first encodings differ from it."""
    first = {name: played(method, name)[0] for name in (COLD, PROBED, "observed_0", "observed_5")}
    assert torch.equal(first[COLD], first["observed_0"])
    assert (first[COLD] == first[COLD][:, :1]).all()
    assert (first[PROBED] != first[COLD]).any(-1).all()
    assert (first["observed_5"] != first[COLD]).any(-1).all()


@pytest.mark.parametrize("method", INFERRING)
def test_nothing_more_is_learnt_after_a_number_of_observations(method: str) -> None:
    for name in ("observed_0", "observed_5", "observed_episode"):
        assert torch.equal(*played(method, name))
    first, last = played(method, COLD)
    assert (first != last).any(-1).all()


def test_a_cold_probe_acts_inside_the_scored_episode() -> None:
    """Its first steps are the probe's, and what they show is what the agent is told from then on."""
    runs = runs_of("epi")
    agent = runs.agent
    chosen, acted = gravities(4), []

    def noted(who: str, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Tensor:
            acted.append(who)
            return function(*arguments, **named)

        return call

    agent.act = noted("agent", agent.act)  # type: ignore[method-assign]
    agent.method.probe = noted("probe", agent.method.probe)  # type: ignore[method-assign]
    episodes.play_agent(runs, chosen, COLD)
    steps = agent.method.probe_steps
    assert acted[:steps] == ["probe"] * steps
    assert set(acted[steps:]) == {"agent"}
    acted.clear()
    episodes.play_agent(runs, chosen, PROBED)
    assert acted[:steps] == ["probe"] * steps
    assert set(acted[steps:]) == {"agent"}


def test_another_context_is_never_the_same_one() -> None:
    chosen, draw = np.repeat(np.arange(5), 1000), np.tile(np.linspace(0, 1, 1000, endpoint=False), 5)
    other = contexts.another(chosen, draw, 5)
    assert (other != chosen).all()
    for one in range(5):
        assert np.bincount(other[chosen == one], minlength=5).tolist() == [250 * (k != one) for k in range(5)]
    assert contexts.another(np.zeros(3, dtype=int), np.array([0.0, 0.5, 0.99]), 1).tolist() == [0, 0, 0]


def test_evaluation_tells_another_context_of_the_same_set() -> None:
    chosen = gravities(4)
    assert (chosen.wrong != chosen.contexts).all()
    assert set(chosen.wrong.ravel()) <= set(chosen.contexts.ravel())
    told, last = played("shuffled", COLD)
    assert torch.equal(told, last)
    method: Any = agent_of("shuffled").method
    scaled = method.scaled(torch.from_numpy(chosen.wrong).float())
    torch.testing.assert_close(told, scaled)


@pytest.mark.parametrize("method", ["shuffled", "cgate_shuffled"])
def test_training_tells_a_new_wrong_context_at_every_reset(method: str) -> None:
    stack = small.training(method, [0, 1])
    true: set[tuple[float, float]] = set()
    for _ in range(400):
        stack._step()
        told = stack.rollout.seen.context.numpy().astype(np.float64)  # type: ignore[union-attr]
        lived = stack.environments.state_dict()["context"][0]
        assert (np.abs(told[..., 0] - lived) > 1e-6).all()
        true |= set(zip(lived.ravel().round(6), told.ravel().round(6), strict=True))
    assert len(true) > 25  # of 2 runs x 5 contexts x 4 others


def test_the_steps_of_probes_are_paid_for() -> None:
    """A run ends when its own steps and those of its probes are as many as it may take."""
    stack = small.training("epi", [0, 1])
    probed: list[np.ndarray] = []
    prober = stack._prober
    assert prober is not None

    def noted(*arguments: Any) -> Any:
        found = prober(*arguments)
        probed.append(found.taken)
        return found

    first = stack.env_steps.copy()
    assert first.tolist() == [12, 12]  # 4 rows of 3 steps
    stack._prober = noted  # type: ignore[assignment]
    own = 0
    before = stack.env_steps.copy()
    for _ in range(200):
        stack.env_steps = stack.env_steps + 4
        stack._step()
        own += 4
    assert (stack.env_steps - before > own).all()
    assert max(taken.max() for taken in probed) == 3
    points = stack.run(2000)
    left = stack.weights({}, {})
    assert all(2000 <= steps < 2000 + 4 + 12 for steps in left.env_steps)
    assert max(point["env_steps"].max() for point in points) >= 2000


def test_a_run_that_probes_more_does_not_move_the_others_end() -> None:
    alone, together = small.training("epi", [1]), small.training("epi", [0, 1, 2])
    for stack in (alone, together):
        stack.run(1500)
    one, three = alone.weights({}, {}), together.weights({}, {})
    assert three.env_steps[1] == one.env_steps[0]
    for name, value in one.tensors.items():
        assert torch.equal(three.tensors[name][1], value[0]), name
