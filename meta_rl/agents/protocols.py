"""What an agent asks of its method: the file that both import, so that neither imports the other's modules."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from meta_rl.contexts import ContextSpace
from meta_rl.spaces import Spaces
from meta_rl.stack.rollout import Seen


class Task(NamedTuple):
    """What methods and agents are built for."""

    spaces: Spaces
    contexts: ContextSpace


class Method(Protocol):
    """How the context reaches an agent; `meta_rl.methods.base.Method`, which all derive from, tells what each means."""

    window: int
    size: int
    observed: bool
    probe_steps: int

    @property
    def probe(self) -> Any:
        """The agent that acts in the `probe_steps`, or None."""

    def embed(self, transitions: Tensor) -> Tensor: ...

    def width(self, spaces: Spaces) -> int: ...

    def inputs(self, seen: Seen) -> Tensor: ...

    def parameters(self) -> Iterator[Any]: ...
