"""No context: the agent sees the observation only (Hallak et al. 2015 call this the hidden case)."""

from dataclasses import dataclass

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


def build(config: Config, task: Task, streams: Streams) -> Method:
    return Method()
