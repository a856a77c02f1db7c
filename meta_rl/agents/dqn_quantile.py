"""Deep Q-learning over an ensemble of quantile critics, which acts by the mean of all quantiles."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import dqn
from meta_rl.agents.critics import quantile


@dataclass(frozen=True)
class Config(quantile.Config, dqn.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = dqn.PROBED | quantile.SMALL
build = partial(dqn.build, critic=quantile.Quantile)
