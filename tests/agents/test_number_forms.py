"""A study says 1 where a module's default is 1.0: agents must not tell them apart."""

from dataclasses import fields
from typing import Any

import pytest

from meta_rl import registry, settings
from meta_rl.conformance import small
from meta_rl.training.policy import tensors


def numbers(agent: str, value: float) -> dict[str, Any]:
    """All settings of an agent that are floats, at this value, within their limits."""
    found = settings.read(registry.AGENTS[agent].module)
    return {
        name: value
        for name, one in found.items()
        if one.type.startswith("float") and one.limits[0] <= value <= one.limits[1]
    }


# Each plain agent, and one over each other kind of critic.
AGENTS = {*registry.AGENTS} - small.OVER.keys() | {"ppo_ensemble", "dqn_quantile", "ppo_masks", "dqn_dropout"}


@pytest.mark.parametrize("agent", sorted(AGENTS))
@pytest.mark.parametrize("value", [0, 1])
def test_whole_numbers_train_as_floats_do(agent: str, value: int) -> None:
    left = []
    for form in (int, float):
        training = small.training("jrpl", (0, 1), agent, **numbers(agent, form(value)))
        config = training.agent.config
        assert {
            type(getattr(config, one.name)) for one in fields(config) if one.name in numbers(agent, value)
        } == {form}
        training.run(small.STEPS, "test")
        left.append({name: one.numpy().tobytes() for name, one in tensors(training.agent).items()})
    assert left[0] == left[1]
