"""Q-learning with a network whose target follows it slowly (Mnih et al. 2015; targets as in Lillicrap et al. 2016)."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.agents.base import Agent
from meta_rl.agents.off_policy import OffPolicy, frozen_copy
from meta_rl.agents.protocols import CRITIC, Method, Task
from meta_rl.stack.networks import MLP, Adam, mix_weights
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

# Read and not run, so keep it a literal. What may stand here: meta_rl/entries.py.
AGENTS = {"mine": {"actions": {"discrete"}}}


@dataclass(frozen=True)
class Config:
    """Settings, each with type, range or choices, meaning and default. They are read and not run, too.

    The workflow plans by `n_envs`, `hidden`, `replay`, `batch`, `learning_starts`, `train_every` and `gradient_steps`.
    """

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 4
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the Q-network"] = (64, 64)
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 5e-4
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    replay: Annotated[int, (1, 100_000_000), "transitions kept per seed"] = 10_000
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 64
    learning_starts: Annotated[int, (0, 1_000_000_000), "env_steps before the first update"] = 1000
    train_every: Annotated[int, (1, 1_000_000), "env_steps after which updates are due"] = 4
    gradient_steps: Annotated[int, (1, 10_000), "updates whenever they are due"] = 1
    tau: Annotated[float, (0, 1), "part of the way that targets go at each update"] = 0.01
    epsilon: Annotated[float, (0, 1), "probability of a random action"] = 0.1


# What a shorter training shortens, and what tuning may change.
LENGTHS = ("learning_starts",)
SEARCH = {"learning_rate": ((1e-5, 1e-2), "log", "decides most; its best value spans decades")}
# Settings with which it learns each probe of the conformance tests in 1,200 env_steps.
PROBED = {
    "n_envs": 4, "hidden": (16,), "learning_rate": 0.02, "replay": 400, "batch": 64, "learning_starts": 100,
    "train_every": 8, "tau": 0.1, "epsilon": 0.5,
}  # fmt: skip


class QLearning(OffPolicy):
    """Off-policy, discrete actions, epsilon-greedy. `OffPolicy` remembers, and calls `update` when it is due."""

    networks = (CRITIC,)

    def __init__(self, config: Config, task: Task, method: Method, joint: bool, streams: Streams) -> None:
        super().__init__(config, task, method, joint, streams)
        self.q = MLP(streams, "q", (self.inputs[CRITIC], *config.hidden, task.spaces.action))
        self.target_method, self.target_q = self.target_copy(), frozen_copy(self.q)
        trained = [*self.q.parameters(), *self.trained_with(CRITIC)]
        self.optimisers = {"q": Adam(trained, config.learning_rate)}

    @torch.no_grad()
    def act(self, seen: Seen, explore: bool) -> Tensor:
        greedy = self.q(self.read(seen, CRITIC)).argmax(-1)  # [S, N]
        if not explore:
            return greedy
        rows = greedy.shape[1]  # all that is random comes from streams, the same for each seed in any stack
        random = torch.from_numpy(self.streams.integers("explore/action", self.spaces.action, rows))
        explores = torch.from_numpy(self.streams.uniform("explore", rows) < self.config.epsilon)
        return torch.where(explores, random, greedy)

    @torch.no_grad()
    def value(self, seen: Seen) -> Tensor:
        return self.q(self.read(seen, CRITIC)).amax(-1)

    def doubt(self, seen: Seen) -> dict[str, Tensor]:
        """One critic alone knows nothing of how uncertain it is: estimators of doubt read nothing but its value."""
        return {}

    def update(self, batch: Batch) -> dict[str, Tensor]:
        """L = mean (Q(s, a) - y)^2, y = r + gamma (1 - terminated) max_a Q'(s', a); losses are [S], one a seed."""
        with torch.no_grad():
            best = self.target_q(self.read(batch.next_seen, CRITIC, self.target_method)).amax(-1)
        value = self.q(self.read(batch.seen, CRITIC)).gather(-1, batch.action.unsqueeze(-1)).squeeze(-1)
        loss = (value - self.target(batch, best)).square().mean(1)
        self.optimisers["q"].minimise(loss)
        mix_weights(self.q, self.target_q, self.config.tau)
        if self.joint:
            mix_weights(self.method, self.target_method, self.config.tau)
        return {"loss": loss.detach(), "value": value.detach().mean(1)}


def build(config: Config, task: Task, method: Method, joint: bool, streams: Streams, env_steps: int) -> Agent:
    return QLearning(config, task, method, joint, streams)
