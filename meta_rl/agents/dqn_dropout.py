"""Deep Q-learning with dropout, whose doubt is expected to be weak: a control for the other kinds of critics."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import dqn
from meta_rl.agents.critics import dropout


@dataclass(frozen=True)
class Config(dropout.Config, dqn.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = dqn.PROBED | dropout.SMALL
build = partial(dqn.build, critic=dropout.Dropout)
