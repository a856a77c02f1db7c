"""PPO over a bootstrapped ensemble of value networks with random priors; advantages are their mean."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import ppo
from meta_rl.agents.critics import ensemble


@dataclass(frozen=True)
class Config(ensemble.Config, ppo.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = ppo.PROBED | ensemble.SMALL
build = partial(ppo.build, critic=ensemble.Ensemble)
