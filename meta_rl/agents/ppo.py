"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), as Huang et al. 2022 detail it."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from meta_rl.agents.base import Agent
from meta_rl.agents.critics.plain import Plain
from meta_rl.agents.distributions import Categorical, Gaussian
from meta_rl.agents.normaliser import Observations, Rewards
from meta_rl.agents.on_policy import Memory, Samples, advantages
from meta_rl.agents.on_policy_sequences import SequenceMemory, longest
from meta_rl.agents.protocols import CRITIC, POLICY, Method, Task
from meta_rl.stack.networks import MLP, Adam
from meta_rl.stack.seen import Seen, Transition, Window, pack
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are the paper's for MuJoCo (table 3): 2048 transitions per rollout, here of 8 rows.

    Gradient norm, entropy weight and value weight are Stable-Baselines3's; there are no schedules.
    """

    n_envs: Annotated[int, (1, 10_000), "environments per seed that step side by side"] = 8
    n_steps: Annotated[int, (1, 1_000_000), "steps of each environment per rollout"] = 256
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of policy and value network"] = (
        64,
        64,
    )
    learning_rate: Annotated[float, (0, 1), "Adam step size"] = 3e-4
    gamma: Annotated[float, (0, 1), "discount factor"] = 0.99
    gae_lambda: Annotated[float, (0, 1), "decay of generalised advantage estimation"] = 0.95
    epochs: Annotated[int, (1, 1000), "passes over each rollout"] = 10
    minibatch: Annotated[int, (2, 1_000_000), "transitions per update; divides n_steps times n_envs"] = 64
    clip: Annotated[float, (0, 10), "how far the ratio of probabilities may go from 1 with gain"] = 0.2
    value_weight: Annotated[float, (0, 1e6), "weight of the value loss"] = 0.5
    entropy_weight: Annotated[float, (0, 1e6), "weight of the entropy bonus"] = 0.0
    max_gradient_norm: Annotated[float | None, (0, 1e9), "clip each seed's gradient to this L2 norm"] = 0.5
    observations: Annotated[str, ("raw", "normalised"), "observations as the networks see them"] = (
        "normalised"
    )
    rewards: Annotated[str, ("raw", "normalised"), "rewards as the value network learns them"] = "raw"


# Lengths of rollouts and minibatches are powers of two, so that one divides the other.
SEARCH = {
    "learning_rate": ((1e-5, 1e-2), "log", "decides most; its best value spans decades"),
    "gamma": ((0.9, 0.999), "linear", "how far ahead values look, against how noisy they are"),
    "gae_lambda": ((0.8, 0.999), "linear", "bias of advantages against their noise"),
    "n_steps": ((32, 64, 128, 256), "choice", "fresh data per update against the number of updates"),
    "minibatch": ((32, 64, 128), "choice", "noise of a gradient against the number of updates"),
    "epochs": ((3, 20), "log", "how much is taken from each rollout"),
    "clip": ((0.1, 0.4), "linear", "how far one rollout may move the policy"),
    "entropy_weight": ((1e-5, 0.1), "log", "exploration that is left; near 0 there is none to speak of"),
    "rewards": (("raw", "normalised"), "choice", "whether values of large rewards are learnt on their scale"),
    "hidden": (((64, 64), (256, 256)), "choice", "capacity, at the usual depth"),
}
PROBED = {"n_envs": 4, "n_steps": 16, "hidden": (16,), "learning_rate": 0.02, "minibatch": 32, "epochs": 4,
          "observations": "raw"}  # fmt: skip # it learns the probes of the conformance tests by these


class PPO(Agent):
    """On-policy; discrete or continuous actions; separate networks for policy and value.

    A joint method that is one for both is trained by the value loss: the policy gets its z without gradient. Where
    its windows are drawn across episodes, that is what the value network reads by; the policy learns from the windows
    that it acted by, because the ratio of its probabilities is about those.
    """

    def __init__(
        self,
        config: Config,
        task: Task,
        method: Method,
        joint: bool,
        streams: Streams,
        critic: type[Plain] = Plain,
    ) -> None:
        super().__init__()
        if config.n_steps * config.n_envs % config.minibatch:
            raise ValueError(
                f"minibatches of {config.minibatch} do not divide {config.n_steps * config.n_envs} transitions"
            )
        self.config, self.streams, self.spaces = config, streams, task.spaces
        self.gamma, self.n_envs = config.gamma, config.n_envs
        widths = self.meet(method, joint, task.spaces)
        seeds, spaces = len(streams.keys), task.spaces
        self.distribution = (Categorical if spaces.discrete else Gaussian)(spaces, seeds)
        sizes = (widths[POLICY], *config.hidden, spaces.action)
        self.policy = MLP(streams, "policy", sizes, "tanh", orthogonal=0.01)
        self.kind = critic(config, streams)
        sizes = (widths[CRITIC], *config.hidden, 1)
        self.critic = self.kind.network("critic", sizes, "tanh", orthogonal=1.0)
        self.observations = Observations(seeds, spaces.observation)
        self.rewards = Rewards(seeds, config.gamma)
        own = (self.policy, self.critic, self.distribution)
        parameters = [parameter for module in own for parameter in module.parameters()]
        parameters += [parameter for network in self.networks for parameter in self.trained_with(network)]
        # Adam's epsilon as in OpenAI's baselines (Huang et al. 2022, detail 3).
        self.optimiser = Adam(parameters, config.learning_rate, epsilon=1e-5)
        self.memory = Memory(config.n_steps, self.joint, method.transitions)
        if joint and method.sequence:
            length = longest(method.sequence, config.n_steps, config.minibatch)
            self.memory = SequenceMemory(config.n_steps, length, spaces)
        self._acted: tuple[Seen, Tensor] | None = None  # what was seen, normalised, and raw actions

    @torch.no_grad()
    def act(self, seen: Seen, explore: bool) -> Tensor:
        """With `explore`, observations enter the statistics, and what is done is remembered for `learn`."""
        if explore and self.config.observations == "normalised":
            self.observations.add(seen.observation)
        seen = self.normalised(seen)
        outputs = self.policy(self.read(seen, POLICY))
        if not explore:
            return self.distribution.mode(outputs)
        raw = self.distribution.sample(outputs, self.streams, "explore")
        self._acted = seen, raw
        return self.distribution.action(raw)

    @torch.no_grad()
    def value(self, seen: Seen) -> Tensor:
        return self._unscaled(self.kind.mean(self._critic_value(self.normalised(seen))))

    @torch.no_grad()
    def doubt(self, seen: Seen) -> dict[str, Tensor]:
        votes = self.kind.votes(self.critic, self.read(self.normalised(seen), CRITIC)).squeeze(-1)
        return {name: self._unscaled(one) for name, one in self.kind.doubt(votes).items()}

    @torch.no_grad()
    def signals(self, seen: Seen) -> dict[str, Tensor]:
        outputs = self.policy(self.read(self.normalised(seen), POLICY))
        return super().signals(seen) | {"policy": self.distribution.entropy(outputs).unsqueeze(-1)}

    @torch.no_grad()
    def learn(self, step: Transition) -> dict[str, Tensor]:
        """Values of what comes next count where an episode is cut off, and at the end of a rollout."""
        assert self._acted is not None, "learn without act"
        last = self.memory.size == self.config.n_steps - 1
        next_value, transition = step.reward.new_zeros(*self.kind.axes, *step.reward.shape), None
        if self.memory.across:  # values need the whole rollout
            transition = self._transition(step)
        elif last or step.truncated.any():
            next_value = self._critic_value(self.normalised(step.next_seen))
        self.memory.add(step, *self._acted, next_value, transition)
        self._acted = None
        return self._update() if last else {}

    def normalised(self, seen: Seen) -> Seen:
        if self.config.observations != "normalised":
            return seen
        seen = seen._replace(observation=self.observations(seen.observation))
        window = seen.window
        if self.joint and window is not None:
            transitions = self.observations.step(window.transitions, self.spaces.action)
            seen = seen._replace(window=window._replace(transitions=transitions))
        return seen

    @torch.no_grad()
    def embed(self, transitions: Tensor) -> Tensor:
        if self.method.normalised and self.config.observations == "normalised":
            transitions = self.observations.step(transitions, self.spaces.action)
        return super().embed(transitions)

    @torch.no_grad()
    def advance(self, state: Tensor, step: Tensor) -> Tensor:
        if self.joint and self.config.observations == "normalised":
            step = self.observations.step(step, self.spaces.action)
        return super().advance(state, step)

    def loss(self, samples: Samples) -> Tensor:
        """The loss [S] of a minibatch.

        L = -mean min(ratio A, clip(ratio, 1 - epsilon, 1 + epsilon) A)         (PPO, equation 7)
            + value_weight mean (V - target)^2 - entropy_weight mean entropy    (PPO, equation 9)

        with advantages A of mean 0 and standard deviation 1 in each minibatch.
        """
        config = self.config
        told, known = self._read(samples.seen, samples.window)
        outputs = self.policy(told)
        advantage = samples.advantage - samples.advantage.mean(1, keepdim=True)
        advantage = advantage / (advantage.std(1, keepdim=True) + 1e-8)
        ratio = (self.distribution.log_density(outputs, samples.raw) - samples.log_density).exp()
        clipped = ratio.clamp(1 - config.clip, 1 + config.clip)
        gain = torch.minimum(ratio * advantage, clipped * advantage).mean(1)
        value = self.kind.learning(self.critic, known).squeeze(-1)
        error = self.kind.loss(value, samples.target, samples.place)
        loss = config.value_weight * error - gain
        if config.entropy_weight:
            loss = loss - config.entropy_weight * self.distribution.entropy(outputs).mean(1)
        return loss

    @torch.enable_grad()
    def _update(self) -> dict[str, Tensor]:
        """Learn from a full rollout."""
        config = self.config
        figures = self._finish_rollout()
        losses = []
        for _ in range(config.epochs):
            order = self.streams.uniform("ppo/order", config.n_steps * config.n_envs // self.memory.length)
            shuffled = torch.from_numpy(np.argsort(order, axis=1, kind="stable"))
            for index in shuffled.split(config.minibatch // self.memory.length, 1):
                samples = self.memory.sample(index)
                if self.memory.across:
                    samples = samples._replace(window=self._window("ppo/window", index))
                loss = self.loss(samples)
                self.optimiser.minimise(loss, config.max_gradient_norm)
                losses.append(loss.detach())
        return figures | {"loss": torch.stack(losses, 1).mean(1)}

    @torch.no_grad()
    def _finish_rollout(self) -> dict[str, Tensor]:
        """Give every step of the rollout its log-density, advantage and target."""
        config, memory = self.config, self.memory
        reward, terminated = memory.field("reward"), memory.field("terminated") > 0
        truncated = memory.field("truncated") > 0
        if config.rewards == "normalised":
            self.rewards.add_rollout(reward, terminated | truncated)
            reward = self.rewards(reward)
        seen, raw = memory.seen(), memory.field("raw")
        next_value = memory.next_value()
        window = None
        if memory.across:
            everything = torch.arange(reward[0].numel()).repeat(len(reward), 1)
            window = self._window("ppo/rollout window", everything)
            next_value = self._next_value(window).unflatten(-1, reward.shape[1:])
        told, known = self._read(seen, window)
        outputs = self.policy(told)
        log_density = self.distribution.log_density(outputs, raw.flatten(1, 2)).view_as(reward)
        value = self.critic(known).squeeze(-1).unflatten(-1, reward.shape[1:])
        # Where an episode goes on, as the next step saw it: the statistics have moved on in between.
        over = (terminated | truncated)[:, :-1]
        next_value[..., :-1, :] = torch.where(over, next_value[..., :-1, :], value[..., 1:, :])
        advantage = advantages(
            reward, value, next_value, terminated, truncated, config.gamma, config.gae_lambda
        )
        memory.finish(log_density, self.kind.mean(advantage), advantage + value)
        entropy = self.distribution.entropy(outputs).mean(1)
        return {"value": self._unscaled(self.kind.mean(value).flatten(1)).mean(1), "entropy": entropy}

    def _unscaled(self, value: Tensor) -> Tensor:
        """Values [S, N] of the critic in the unit of the rewards."""
        return value / self.rewards.scale.squeeze(-1) if self.config.rewards == "normalised" else value

    def _read(self, seen: Seen, window: Window | None) -> tuple[Tensor, Tensor]:
        """What policy and critic get of the same steps; the critic by a `window` of its own, if there is one."""
        if window is None:
            return self.read_both(seen)
        return self.read(seen, POLICY), self.read(seen._replace(window=window), CRITIC)

    def _transition(self, step: Transition) -> Tensor:
        """Of every row as a window holds it and the networks get it, [S, N, T]."""
        packed = pack(
            step.seen.observation, step.action, step.next_seen.observation, step.reward, self.spaces
        )
        transition = packed[..., : self.spaces.transition]
        if self.config.observations == "normalised":
            transition = self.observations.step(transition, self.spaces.action)
        return transition

    def _window(self, purpose: str, index: Tensor) -> Window:
        """Drawn anew for the steps of the rollout at `index`, [S, B]."""
        chance = self.streams.uniform(purpose, index.shape[1], self.method.window)
        return self.memory.of_context(index, torch.from_numpy(chance))

    def _next_value(self, window: Window) -> Tensor:
        """Of what every step of a full rollout led to, [..., S, T N], read by the windows of the steps."""
        spaces, seen = self.spaces, self.memory.seen()
        following = self.memory.field("transition").flatten(1, 2)[..., spaces.observation + spaces.action :]
        return self._critic_value(
            seen._replace(observation=following[..., : spaces.observation], window=window)
        )

    def _critic_value(self, seen: Seen) -> Tensor:
        """[..., S, N], of what is seen as the networks get it."""
        return self.critic(self.read(seen, CRITIC)).squeeze(-1)

    def get_extra_state(self) -> dict[str, Any]:
        return {"optimiser": self.optimiser.state_dict(), "memory": self.memory.state_dict()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.memory.load_state_dict(state["memory"])


def build(
    config: Config,
    task: Task,
    method: Method,
    joint: bool,
    streams: Streams,
    env_steps: int,
    critic: type[Plain] = Plain,
) -> Agent:
    return PPO(config, task, method, joint, streams, critic)
