"""What an agent asks of its method: the file that both import, so that neither imports the other's modules."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor

from meta_rl.contexts import ContextSpace
from meta_rl.spaces import Spaces
from meta_rl.stack.seen import Seen

# The networks of an agent; one with a single network has a critic.
POLICY, CRITIC = "policy", "critic"


class Task(NamedTuple):
    """What methods and agents are built for."""

    spaces: Spaces
    contexts: ContextSpace


class Method(Protocol):
    """How the context reaches an agent; `meta_rl.methods.base.Method`, which all derive from, tells what each means."""

    shared: bool
    window: int
    size: int
    state: int
    sequence: int
    burn_in: int
    normalised: bool
    probe_steps: int
    transitions: str
    anew: bool
    restarts: bool

    def probe(self, observation: Tensor, chance: np.ndarray) -> Tensor: ...

    def embed(self, transitions: Tensor) -> Tensor: ...

    def advance(self, state: Tensor, step: Tensor) -> Tensor: ...

    def encode(self, seen: Seen) -> Tensor: ...

    def read(self, seen: Seen, network: str) -> Tensor: ...

    def told(self, seen: Seen, network: str) -> Tensor: ...

    def width(self, spaces: Spaces, network: str) -> int: ...

    def trained_by(self, network: str) -> list[Any]: ...
