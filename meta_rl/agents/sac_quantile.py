"""SAC over an ensemble of twin quantile critics, the mean of whose lower quantiles the actor climbs."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import sac
from meta_rl.agents.critics import quantile


@dataclass(frozen=True)
class Config(quantile.Config, sac.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = sac.PROBED | quantile.SMALL
PARABOLA = sac.PARABOLA
build = partial(sac.build, critic=quantile.Quantile)
