"""Deep Q-learning (Mnih et al. 2015)."""

import copy
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss, smooth_l1_loss

from meta_rl.agents.base import Agent
from meta_rl.methods.base import Method, Task
from meta_rl.networks import MLP, Adam, copy_weights
from meta_rl.replay import Replay
from meta_rl.rollout import Transition
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are CleanRL's for CartPole (Huang et al. 2022): squared error, no clipping, few updates.

    With a Huber loss, clipping and an update per step or two the values explode on varied contexts.
    """

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 4
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the Q-network"] = (120, 84)
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 2.5e-4
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    replay: Annotated[int, (1, 100_000_000), "transitions kept per seed"] = 10_000
    batch: Annotated[int, (1, 100_000), "transitions per update"] = 128
    learning_starts: Annotated[int, (0, 1_000_000_000), "env_steps before the first update"] = 10_000
    train_every: Annotated[int, (1, 1_000_000), "env_steps between updates"] = 10
    target_every: Annotated[int, (1, 1_000_000_000), "env_steps between copies to the target network"] = 500
    epsilon_start: Annotated[float, (0, 1), "first probability of a random action"] = 1.0
    epsilon_end: Annotated[float, (0, 1), "last probability of a random action"] = 0.05
    epsilon_fraction: Annotated[float, (0, 1), "part of the training over which epsilon falls linearly"] = 0.5
    loss: Annotated[str, ("squared", "huber"), "error of the temporal difference"] = "squared"
    max_gradient_norm: Annotated[float | None, (0, 1e9), "clip each seed's gradient to this L2 norm"] = None


_ERRORS = {"squared": mse_loss, "huber": smooth_l1_loss}


class DQN(Agent):
    """Off-policy, discrete actions, epsilon-greedy exploration, hard target updates."""

    def __init__(
        self, config: Config, task: Task, method: Method, joint: bool, streams: Streams, env_steps: int
    ) -> None:
        super().__init__()
        self.config, self.method, self.streams = config, method, streams
        self.gamma, self.n_envs = config.gamma, config.n_envs
        self._joint, self._env_steps = joint, env_steps
        self._actions = task.spaces.action
        sizes = (task.spaces.observation + method.size, *config.hidden, self._actions)
        self.q = MLP(streams, "q", sizes)
        # The target holds its own copy of a joint method's encoder, updated with it.
        self.target_method, self.target_q = copy.deepcopy(method), copy.deepcopy(self.q)
        self.target_method.requires_grad_(False)
        self.target_q.requires_grad_(False)
        trained = [*self.q.parameters(), *(method.parameters() if joint else ())]
        self.optimiser = Adam(trained, config.learning_rate)
        self.replay = Replay(config.replay, joint, method.window, self._actions)
        self._steps = 0  # env_steps of each seed so far

    @property
    def epsilon(self) -> float:
        """Linear from `epsilon_start` to `epsilon_end` over the first part of the training."""
        config = self.config
        done = min(1.0, self._steps / max(1.0, config.epsilon_fraction * self._env_steps))
        return config.epsilon_start + done * (config.epsilon_end - config.epsilon_start)

    @torch.no_grad()
    def act(self, inputs: Tensor, explore: bool) -> Tensor:
        greedy = self.q(inputs).argmax(-1)
        if not explore:
            return greedy
        rows = greedy.shape[1]
        random = torch.from_numpy(self.streams.integers("explore/action", self._actions, rows))
        chance = torch.from_numpy(self.streams.uniform("explore", rows))
        return torch.where(chance < self.epsilon, random, greedy)

    @torch.no_grad()
    def value(self, inputs: Tensor) -> Tensor:
        return self.q(inputs).amax(-1)

    def learn(self, step: Transition) -> dict[str, Tensor]:
        config = self.config
        self.replay.add(step)
        before, self._steps = self._steps, self._steps + step.reward.shape[1]
        figures: dict[str, Tensor] = {}
        for _ in range(self._due(config.train_every, max(before, config.learning_starts))):
            figures = self._update()
        if self._due(config.target_every, before):
            copy_weights(self.q, self.target_q)
            copy_weights(self.method, self.target_method)
        return figures

    def loss(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The temporal-difference loss [S] of the remembered transitions [S, B], and their values [S, B].

        y = r + gamma (1 - terminated) max_a Q'(s', a)   (Mnih et al. 2015, Methods; a truncated episode goes on)
        """
        batch = self.replay.sample(index)
        with torch.no_grad():
            best = self.target_q(batch.next_inputs(self.target_method)).amax(-1)
            target = batch.reward + self.gamma * torch.where(batch.terminated, 0.0, best)
        value = self.q(batch.inputs(self.method)).gather(-1, batch.action.unsqueeze(-1)).squeeze(-1)
        return _ERRORS[self.config.loss](value, target, reduction="none").mean(1), value

    def _update(self) -> dict[str, Tensor]:
        index = self.streams.integers("replay", self.replay.size, self.config.batch)
        loss, value = self.loss(torch.from_numpy(index))
        self.optimiser.minimise(loss, self.config.max_gradient_norm)
        return {"loss": loss.detach(), "value": value.detach().mean(1)}

    def _due(self, every: int, since: int) -> int:
        """How many multiples of `every` lie in (since, steps]."""
        return max(0, self._steps // every - since // every)

    def get_extra_state(self) -> dict[str, Any]:
        return {
            "optimiser": self.optimiser.state_dict(),
            "replay": self.replay.state_dict(),
            "steps": self._steps,
        }

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.replay.load_state_dict(state["replay"])
        self._steps = state["steps"]


def build(config: Config, task: Task, method: Method, joint: bool, streams: Streams, env_steps: int) -> Agent:
    return DQN(config, task, method, joint, streams, env_steps)
