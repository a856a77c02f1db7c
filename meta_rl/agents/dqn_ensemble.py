"""Deep Q-learning over a bootstrapped ensemble with random priors, which acts by the mean of its heads."""

from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

from meta_rl.agents import dqn
from meta_rl.agents.critics import ensemble


@dataclass(frozen=True)
class Config(ensemble.Config, dqn.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = dqn.PROBED | ensemble.SMALL
build = partial(dqn.build, critic=ensemble.Ensemble)
# The agent `ddqn_ensemble`.
Double = SimpleNamespace(Config=Config, build=partial(build, double=True))
