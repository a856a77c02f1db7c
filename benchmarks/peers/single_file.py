"""Loops as CleanRL (Huang et al. 2022) writes them: one run, plain PyTorch, everything in sight.

They take as many steps and updates as our agents, with the same settings, for one seed: environments of
`gymnasium.make_vec`, a NumPy replay memory, `nn.Linear`, `torch.optim.Adam`. Starts of weights and the ends of
truncated episodes are CleanRL's. Nothing here is ever used to get results.
"""

from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical
from torch.nn.functional import mse_loss, smooth_l1_loss

from benchmarks.peers.case import Case


def runner(case: Case, seed: int) -> Callable[[int], None]:
    """A function that goes on for a number of environment steps."""
    loops = {"dqn": _dqn, "ddpg": _ddpg, "sac": _sac, "ppo": _ppo}
    settings = case.config
    rows = settings.pop("n_envs")
    environments = gymnasium.make_vec(
        case.gymnasium, num_envs=rows, vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP},
    )  # fmt: skip
    torch.manual_seed(seed)
    steps = loops[case.agent](environments, seed, **settings)

    def run(count: int) -> None:
        for _ in islice(steps, count // rows):
            pass

    return run


def _network(*sizes: int, activation: Any = nn.ReLU) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


class _Memory:
    def __init__(self, capacity: int, observation: int, action: int, seed: int) -> None:
        self.fields = [
            np.zeros((capacity, width), dtype=np.float32)
            for width in (observation, action, 1, observation, 1)
        ]
        self.capacity, self.count, self.rng = capacity, 0, np.random.default_rng(seed)

    def add(self, *step: Any) -> None:
        place = self.count % self.capacity
        for field, value in zip(self.fields, step, strict=True):
            field[place] = value
        self.count += 1

    def sample(self, batch: int) -> list[torch.Tensor]:
        index = self.rng.integers(0, min(self.count, self.capacity), batch)
        return [torch.from_numpy(field[index]) for field in self.fields]


def _collect(
    environments: Any, seed: int, memory: _Memory, act: Callable[[np.ndarray], np.ndarray]
) -> Iterator[None]:
    """Steps of one environment into the memory, forever."""
    observation, _ = environments.reset(seed=seed)
    while True:
        action = act(observation)
        following, reward, terminated, truncated, infos = environments.step(action)
        last = following.copy()
        if terminated[0] or truncated[0]:
            last[0] = infos["final_obs"][0]
        memory.add(observation[0], action[0], reward[0], last[0], terminated[0])
        observation = following
        yield


def _dqn(environments: Any, seed: int, **settings: Any) -> Iterator[None]:
    inputs, actions = environments.single_observation_space.shape[0], environments.single_action_space.n
    q, target = (_network(inputs, *settings["hidden"], actions) for _ in range(2))
    target.load_state_dict(q.state_dict())
    optimiser = torch.optim.Adam(q.parameters(), settings["learning_rate"])
    memory = _Memory(settings["replay"], inputs, 1, seed)
    error = {"squared": mse_loss, "huber": smooth_l1_loss}[settings["loss"]]
    rng = np.random.default_rng(seed)

    def act(observation: np.ndarray) -> np.ndarray:
        if rng.random() < settings["epsilon_end"]:
            return rng.integers(0, actions, 1)
        with torch.no_grad():
            return q(torch.from_numpy(observation)).argmax(1).numpy()

    for step, _ in enumerate(_collect(environments, seed, memory, act), 1):
        if step > settings["learning_starts"] and step % settings["train_every"] == 0:
            observation, action, reward, following, terminated = memory.sample(settings["batch"])
            with torch.no_grad():
                best = target(following).max(1, keepdim=True).values
                wanted = reward + settings["gamma"] * best * (1 - terminated)
            loss = error(q(observation).gather(1, action.long()), wanted)
            optimiser.zero_grad()
            loss.backward()
            if settings["max_gradient_norm"] is not None:
                nn.utils.clip_grad_norm_(q.parameters(), settings["max_gradient_norm"])
            optimiser.step()
        if step % settings["target_every"] == 0:
            target.load_state_dict(q.state_dict())
        yield


def _follow(online: nn.Module, target: nn.Module, tau: float) -> None:
    for ours, theirs in zip(online.parameters(), target.parameters(), strict=True):
        theirs.data.copy_(tau * ours.data + (1 - tau) * theirs.data)


def _ddpg(environments: Any, seed: int, **settings: Any) -> Iterator[None]:
    inputs, actions = (
        environments.single_observation_space.shape[0],
        environments.single_action_space.shape[0],
    )
    limit = float(environments.single_action_space.high[0])
    actor, target_actor = (_network(inputs, *settings["hidden"], actions) for _ in range(2))
    critic, target_critic = (_network(inputs + actions, *settings["hidden"], 1) for _ in range(2))
    target_actor.load_state_dict(actor.state_dict())
    target_critic.load_state_dict(critic.state_dict())
    actor_optimiser = torch.optim.Adam(actor.parameters(), settings["actor_learning_rate"])
    critic_optimiser = torch.optim.Adam(critic.parameters(), settings["critic_learning_rate"])
    memory = _Memory(settings["replay"], inputs, actions, seed)
    rng = np.random.default_rng(seed)

    def act(observation: np.ndarray) -> np.ndarray:
        if memory.count < settings["learning_starts"]:
            return rng.uniform(-limit, limit, (1, actions)).astype(np.float32)
        with torch.no_grad():
            action = limit * actor(torch.from_numpy(observation)).tanh()
            action += torch.normal(0.0, settings["noise"] * limit, action.shape)
        return action.clamp(-limit, limit).numpy()

    for step, _ in enumerate(_collect(environments, seed, memory, act), 1):
        if step > settings["learning_starts"] and step % settings["train_every"] == 0:
            observation, action, reward, following, terminated = memory.sample(settings["batch"])
            with torch.no_grad():
                best = limit * target_actor(following).tanh()
                value = target_critic(torch.cat((following, best), 1))
                wanted = reward + settings["gamma"] * value * (1 - terminated)
            loss = mse_loss(critic(torch.cat((observation, action), 1)), wanted)
            critic_optimiser.zero_grad()
            loss.backward()
            critic_optimiser.step()
            loss = -critic(torch.cat((observation, limit * actor(observation).tanh()), 1)).mean()
            actor_optimiser.zero_grad()
            loss.backward()
            actor_optimiser.step()
            _follow(actor, target_actor, settings["tau"])
            _follow(critic, target_critic, settings["tau"])
        yield


def _sac(environments: Any, seed: int, **settings: Any) -> Iterator[None]:
    inputs, actions = (
        environments.single_observation_space.shape[0],
        environments.single_action_space.shape[0],
    )
    limit = float(environments.single_action_space.high[0])
    actor = _network(inputs, *settings["hidden"], 2 * actions)
    critics, targets = (
        [_network(inputs + actions, *settings["hidden"], 1) for _ in range(2)] for _ in range(2)
    )
    for critic, target in zip(critics, targets, strict=True):
        target.load_state_dict(critic.state_dict())
    log_alpha = torch.zeros(1, requires_grad=True)
    parameters = [parameter for critic in critics for parameter in critic.parameters()]
    critic_optimiser = torch.optim.Adam(parameters, settings["learning_rate"])
    actor_optimiser = torch.optim.Adam(actor.parameters(), settings["learning_rate"])
    alpha_optimiser = torch.optim.Adam([log_alpha], settings["learning_rate"])
    memory = _Memory(settings["replay"], inputs, actions, seed)
    rng = np.random.default_rng(seed)

    def sample(observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, log_std = actor(observation).chunk(2, 1)
        normal = torch.distributions.Normal(mean, log_std.clamp(-20, 2).exp())
        raw = normal.rsample()
        action = raw.tanh()
        density = normal.log_prob(raw) - torch.log(1 - action.square() + 1e-6)
        return limit * action, density.sum(1, keepdim=True)

    def act(observation: np.ndarray) -> np.ndarray:
        if memory.count < settings["learning_starts"]:
            return rng.uniform(-limit, limit, (1, actions)).astype(np.float32)
        with torch.no_grad():
            return sample(torch.from_numpy(observation))[0].numpy()

    for step, _ in enumerate(_collect(environments, seed, memory, act), 1):
        if step > settings["learning_starts"] and step % settings["train_every"] == 0:
            observation, action, reward, following, terminated = memory.sample(settings["batch"])
            alpha = log_alpha.exp().item()
            with torch.no_grad():
                next_action, density = sample(following)
                both = torch.cat((following, next_action), 1)
                value = torch.minimum(*(target(both) for target in targets)) - alpha * density
                wanted = reward + settings["gamma"] * value * (1 - terminated)
            both = torch.cat((observation, action), 1)
            loss = torch.stack([mse_loss(critic(both), wanted) for critic in critics]).sum()
            critic_optimiser.zero_grad()
            loss.backward()
            critic_optimiser.step()
            new, density = sample(observation)
            both = torch.cat((observation, new), 1)
            loss = (alpha * density - torch.minimum(*(critic(both) for critic in critics))).mean()
            actor_optimiser.zero_grad()
            loss.backward()
            actor_optimiser.step()
            loss = -(log_alpha * (density.detach() - actions)).mean()
            alpha_optimiser.zero_grad()
            loss.backward()
            alpha_optimiser.step()
            for critic, target in zip(critics, targets, strict=True):
                _follow(critic, target, settings["tau"])
        yield


def _ppo(environments: Any, seed: int, **settings: Any) -> Iterator[None]:
    inputs, actions = environments.single_observation_space.shape[0], environments.single_action_space.n
    policy = _network(inputs, *settings["hidden"], actions, activation=nn.Tanh)
    critic = _network(inputs, *settings["hidden"], 1, activation=nn.Tanh)
    parameters = [*policy.parameters(), *critic.parameters()]
    optimiser = torch.optim.Adam(parameters, settings["learning_rate"], eps=1e-5)
    steps, rows, gamma = settings["n_steps"], environments.num_envs, settings["gamma"]
    observations = torch.zeros(steps, rows, inputs)
    chosen, densities, rewards, dones, values = (torch.zeros(steps, rows) for _ in range(5))
    seen, _ = environments.reset(seed=seed)
    observation, done = torch.from_numpy(seen), torch.zeros(rows)
    while True:
        for step in range(steps):
            observations[step], dones[step] = observation, done
            with torch.no_grad():
                distribution = Categorical(logits=policy(observation))
                action = distribution.sample()
                chosen[step], densities[step] = action, distribution.log_prob(action)
                values[step] = critic(observation).squeeze(1)
            seen, reward, terminated, truncated, _ = environments.step(action.numpy())
            rewards[step] = torch.from_numpy(reward)
            observation, done = torch.from_numpy(seen), torch.from_numpy(terminated | truncated).float()
            yield
        with torch.no_grad():
            following = critic(observation).squeeze(1)
            advantages, last = torch.zeros_like(rewards), torch.zeros(rows)
            for step in reversed(range(steps)):
                running = 1.0 - (done if step == steps - 1 else dones[step + 1])
                after = following if step == steps - 1 else values[step + 1]
                delta = rewards[step] + gamma * after * running - values[step]
                advantages[step] = last = delta + gamma * settings["gae_lambda"] * running * last
        flat = [
            each.flatten(0, 1) for each in (observations, chosen, densities, advantages, advantages + values)
        ]
        for _ in range(settings["epochs"]):
            order = torch.randperm(steps * rows)
            for index in order.split(settings["minibatch"]):
                seen_, action, density, advantage, wanted = (each[index] for each in flat)
                distribution = Categorical(logits=policy(seen_))
                ratio = (distribution.log_prob(action) - density).exp()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                clipped = ratio.clamp(1 - settings["clip"], 1 + settings["clip"])
                gain = torch.minimum(ratio * advantage, clipped * advantage).mean()
                error = mse_loss(critic(seen_).squeeze(1), wanted)
                loss = settings["value_weight"] * error - gain
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, settings["max_gradient_norm"])
                optimiser.step()
