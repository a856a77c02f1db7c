"""DDPG over a bootstrapped ensemble of critics with random priors, whose mean the actor climbs."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import ddpg
from meta_rl.agents.critics import ensemble


@dataclass(frozen=True)
class Config(ensemble.Config, ddpg.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = ddpg.PROBED | ensemble.SMALL
PARABOLA = ddpg.PARABOLA
build = partial(ddpg.build, critic=ensemble.Ensemble)
