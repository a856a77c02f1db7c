"""PPO over a value network behind several fixed masks (Masksembles); advantages are their mean."""

from dataclasses import dataclass
from functools import partial

from meta_rl.agents import ppo
from meta_rl.agents.critics import masks


@dataclass(frozen=True)
class Config(masks.Config, ppo.Config):
    """Those of the agent and of its kind of critic."""


# As its parts are tested.
PROBED = ppo.PROBED | masks.SMALL
build = partial(ppo.build, critic=masks.Masks)
