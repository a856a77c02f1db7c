"""Deep deterministic policy gradient (Lillicrap et al. 2016, "Continuous control with deep RL")."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from meta_rl.agents.actor_critic import ActorCritic
from meta_rl.agents.base import Agent
from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.off_policy import frozen_copy
from meta_rl.agents.protocols import CRITIC, POLICY, Method, Task
from meta_rl.stack.networks import MLP, mix_weights
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are CleanRL's (Huang et al. 2022), but for the critic's step size, which is the paper's.

    The noise is uncorrelated, as is usual since Fujimoto et al. 2018; there is no weight decay.
    """

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 1
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of actor and critic"] = (256, 256)
    actor_learning_rate: Annotated[float, (0, 1), "Adam step size of the actor"] = 3e-4
    critic_learning_rate: Annotated[float, (0, 1), "Adam step size of the critic"] = 1e-3
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    replay: Annotated[int, (1, 100_000_000), "transitions kept per seed"] = 1_000_000
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 256
    learning_starts: Annotated[int, (0, 1_000_000_000), "env_steps of uniform actions before learning"] = (
        25_000
    )
    train_every: Annotated[int, (1, 1_000_000), "env_steps after which updates are due"] = 1
    gradient_steps: Annotated[int, (1, 10_000), "updates whenever they are due"] = 1
    tau: Annotated[float, (0, 1), "part of the way that the targets follow at each update"] = 0.005
    noise: Annotated[float, (0, 10), "standard deviation of the exploration, in parts of the limit"] = 0.1


LENGTHS = ("learning_starts",)
SEARCH = {
    "actor_learning_rate": ((1e-5, 1e-2), "log", "decides most, with the critic's; best values span decades"),
    "critic_learning_rate": ((1e-5, 1e-2), "log", "decides most, with the actor's; best values span decades"),
    "gamma": ((0.9, 0.999), "linear", "how far ahead values look, against how noisy they are"),
    "hidden": (((64, 64), (256, 256)), "choice", "capacity, at the usual depth"),
    "batch": ((64, 512), "log", "noise of a gradient against its cost"),
    "tau": ((0.001, 0.05), "log", "how fast targets follow: fast learns fast, slow is stable"),
    "noise": ((0.05, 0.5), "log", "how far exploration strays from what the actor does"),
}
# Settings with which it learns each probe of the conformance tests in 1,200 env_steps.
PROBED = {
    "n_envs": 4, "hidden": (16,), "actor_learning_rate": 0.02, "critic_learning_rate": 0.03, "noise": 0.3,
    "replay": 2000, "batch": 64, "learning_starts": 200, "train_every": 8, "tau": 0.3,
}  # fmt: skip
# What differs for the one whose reward is a parabola over the action, which asks more of a critic.
PARABOLA = {
    "hidden": (64,), "actor_learning_rate": 0.005, "critic_learning_rate": 0.01, "batch": 128, "train_every": 4,
    "learning_starts": 600,
}  # fmt: skip


class DDPG(ActorCritic):
    """A deterministic actor, tanh(MLP), with Gaussian noise to explore."""

    def __init__(
        self,
        config: Config,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__(config, task, method, joint, streams, critics=1, critic=critic)
        self.actor = MLP(streams, "actor", (self.inputs[POLICY], *config.hidden, task.spaces.action))
        self.target_actor = frozen_copy(self.actor)
        self.optimisers = {
            "critic": self.critic_optimiser(config.critic_learning_rate),
            "actor": self.actor_optimiser(config.actor_learning_rate),
        }

    def mean(self, inputs: Tensor) -> Tensor:
        return self.actor(inputs).tanh()

    def explore(self, inputs: Tensor) -> Tensor:
        noise = self.normal("explore", inputs.shape[1])
        return (self.mean(inputs) + self.config.noise * noise).clamp(-1.0, 1.0)

    def critic_loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss [S], and the values [S, B] of what was done.

        y = r + gamma (1 - terminated) Q'(s', mu'(s'));  L = mean (Q(s, a) - y)^2   (Lillicrap, algorithm 1)
        """
        with torch.no_grad():
            told, following = self.read_both(batch.next_seen, self.target_method)
            action = self.target_actor(told).tanh()
            target = self.target(batch, self.q(self.target_critics, following, action))
        errors, value = self.critic_errors(batch, self.read(batch.seen, CRITIC), target)
        return errors[0], value

    def actor_loss(self, seen: Seen) -> Tensor:
        """-mean Q(s, mu(s)), [S]: its gradient is the policy gradient (Lillicrap et al. 2016, equation 6)."""
        told, known = self.read_both(seen)
        return -self.kind.mean(self.q(self.critics, known.detach(), self.mean(told))).mean(1)

    def update(self, batch: Batch) -> dict[str, Tensor]:
        critic_loss, value = self.critic_loss(batch)
        self.optimisers["critic"].minimise(critic_loss)
        self.optimisers["actor"].minimise(self.actor_loss(batch.seen))
        self.follow()
        mix_weights(self.actor, self.target_actor, self.config.tau)
        return {"loss": critic_loss.detach(), "value": value.mean(1)}


def build(
    config: Config,
    task: Task,
    method: Method,
    joint: bool,
    streams: Streams,
    env_steps: int,
    critic: type[Plain] = Plain,
) -> Agent:
    return DDPG(config, task, method, joint, streams, critic)
