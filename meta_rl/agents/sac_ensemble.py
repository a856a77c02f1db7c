"""SAC over a bootstrapped ensemble of twin critics with random priors, whose mean the actor climbs."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import sac
from meta_rl.agents.critics import ensemble


@dataclass(frozen=True)
class Config(ensemble.Config, sac.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = sac.PROBED | ensemble.SMALL
PARABOLA = sac.PARABOLA
build = partial(sac.build, critic=ensemble.Ensemble)
