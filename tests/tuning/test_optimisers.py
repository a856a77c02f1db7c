"""What is proposed, with the installed versions of DEHB and ConfigSpace: a tuning goes on as if never stopped."""

import json
import math
from typing import Any

import ConfigSpace
import numpy as np
import pytest

from meta_rl import registry, settings
from meta_rl.tuning.optimisers import OPTIMISERS, Proposal, space

SEARCH: dict[str, Any] = {
    "rate": {"values": [1e-5, 1e-1], "scale": "log"},
    "batch": {"values": [16, 512], "scale": "log"},
    "gamma": {"values": [0.9, 0.99], "scale": "linear"},
    "hidden": {"values": [[8], [64, 64]], "scale": "choice"},
    "loss": {"values": ["huber"], "scale": "choice"},
}
TYPES = {"rate": "float", "batch": "int", "gamma": "float", "hidden": "tuple[int, ...]", "loss": "str"}


def loss(proposal: Proposal) -> float:
    """Least at a rate of 0.003, with some noise that depends on the length of the training."""
    noise = np.random.default_rng(proposal.settings["batch"] + proposal.rung).normal()
    return abs(math.log(proposal.settings["rate"] / 3e-3)) + 0.3 * noise


def run(name: str, count: int, told: list[float] | None = None, seed: int = 0) -> list[Proposal]:
    """The first proposals; those of which the loss is known are told it, as after a kill."""
    optimiser = OPTIMISERS[name](SEARCH, TYPES, 3, seed)
    proposals = []
    for number in range(count):
        proposals.append(optimiser.ask())
        known = told is not None and number < len(told)
        optimiser.tell(told[number] if known else loss(proposals[-1]))  # type: ignore[index]
    return proposals


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_stopped_tuning_goes_on_like_an_uninterrupted_one(name: str) -> None:
    """With losses that went through JSON, as they are kept."""
    whole = run(name, 45)
    for stopped in (1, 9, 13, 31):
        told = json.loads(json.dumps([loss(proposal) for proposal in whole[:stopped]]))
        assert run(name, 45, told) == whole
    assert run(name, 45, seed=1) != whole


def test_dehb_learns_from_what_it_is_told() -> None:
    whole = run("dehb", 45)
    other = run("dehb", 45, [-loss(proposal) for proposal in whole[:9]])
    assert other[0] == whole[0]
    assert other[9:] != whole[9:]


def test_dehb_takes_hyperbands_brackets() -> None:
    rungs = [proposal.rung for proposal in run("dehb", 20)]
    assert rungs == [2] * 9 + [1] * 3 + [0] + [1] * 3 + [0] + [0] * 3


def test_dehb_promotes_the_best_of_a_rung() -> None:
    proposals = run("dehb", 13)
    best = sorted(proposals[:9], key=loss)[:3]
    assert [one.settings for one in proposals[9:12]] == [one.settings for one in best]


def test_random_search_trains_all_to_the_end() -> None:
    assert {proposal.rung for proposal in run("random", 20)} == {0}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_proposals_are_settings_within_the_space(name: str) -> None:
    found = [proposal.settings for proposal in run(name, 60)]
    assert all(list(one) == sorted(SEARCH) for one in found)
    assert all(1e-5 <= one["rate"] <= 1e-1 and 0.9 <= one["gamma"] <= 0.99 for one in found)
    assert all(type(one["batch"]) is int and 16 <= one["batch"] <= 512 for one in found)
    assert {json.dumps(one["hidden"]) for one in found} == {"[8]", "[64, 64]"}
    assert {one["loss"] for one in found} == {"huber"}
    assert json.loads(json.dumps(found)) == found
    if name == "random":  # a logarithmic scale: as many below as above the middle of the exponents
        assert 15 <= sum(one["rate"] < 1e-3 for one in found) <= 45


@pytest.mark.parametrize("agent", registry.AGENTS)
def test_every_agent_has_a_configuration_space(agent: str) -> None:
    module = registry.entry("agent", agent).module
    known, declared = settings.read(module), settings.search(module)
    search = json.loads(
        json.dumps({k: {"values": one.values, "scale": one.scale} for k, one in declared.items()})
    )
    made = space(search, {name: one.type for name, one in known.items()}, seed=0)
    assert isinstance(made, ConfigSpace.ConfigurationSpace)
    assert set(made) == set(declared)
    for name, one in declared.items():
        assert getattr(made[name], "log", False) == (one.scale == "log")
