"""Which parts of a training take how much of its time."""

import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.peers.case import Case, training
from meta_rl.agents.off_policy import OffPolicy
from meta_rl.stack.networks import Adam

PARTS = ("environment", "acting", "memory", "forward", "backward", "Adam", "rest")


class Clock:
    """CPU seconds of each part; while one runs inside another, the outer one's clock stands still."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._running, self._since = ["rest"], time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, owner: Any, name: str, part: str) -> Callable[[], None]:
        """Let calls of `owner.name` count as `part`; what undoes it."""
        function = getattr(owner, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._running.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._switch()
                self._running.pop()

        setattr(owner, name, run)
        return lambda: setattr(owner, name, function)


def measure(case: Case, seeds: int) -> dict[str, float]:
    """The share of each of PARTS in a stack's training, from 0 to 1."""
    torch.set_num_threads(1)
    trained = training(case, range(seeds))
    agent: Any = trained.agent
    trained.run(2 * case.config.get("learning_starts", 1000))
    clock = Clock()
    off_policy = isinstance(agent, OffPolicy)
    memory = agent.replay if off_policy else agent.memory
    undo = [
        clock.timed(trained.environments, "step", "environment"),
        clock.timed(trained.environments, "reset", "environment"),
        clock.timed(agent, "act", "acting"),
        clock.timed(memory, "add", "memory"),
        clock.timed(memory, "sample", "memory"),
        clock.timed(agent, "update" if off_policy else "_update", "forward"),
        clock.timed(Adam, "minimise", "Adam"),
        clock.timed(torch.autograd, "grad", "backward"),
    ]
    trained.run(int(trained.env_steps.max()) + 2048)
    clock._switch()
    for each in undo:
        each()
    total = sum(clock.seconds.values())
    return {part: seconds / total for part, seconds in clock.seconds.items()}
