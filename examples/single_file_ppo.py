"""PPO in a single file of plain PyTorch, as people write it who change algorithms, on one of our ids.

    python examples/single_file_ppo.py [--benchmark cartpole_length] [--steps 100000] [--seed 0]

The algorithm is that of Schulman et al. 2017 with generalised advantages (Schulman et al. 2016). Of this package it
uses the id and, at its end, `meta_rl.evaluate`, which takes the policy network as it is.
"""

import argparse

import gymnasium
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

import meta_rl
import meta_rl.gym  # registers the ids

ROWS, STEPS, MINIBATCH, EPOCHS = 8, 128, 256, 4
GAMMA, LAMBDA, CLIP, RATE, VALUE, ENTROPY, NORM = 0.99, 0.95, 0.2, 1e-3, 0.5, 0.01, 0.5


def network(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs)
    )


def advantages(reward: Tensor, value: Tensor, fresh: Tensor, last: Tensor, ended: Tensor) -> Tensor:
    """Generalised advantages [T, N]; `fresh`: a step begins an episode; `ended` [N]: the last one ended one."""
    found, after, running = torch.zeros_like(reward), torch.zeros_like(last), 1 - ended
    for step in reversed(range(len(reward))):
        error = reward[step] + GAMMA * last * running - value[step]
        after = error + GAMMA * LAMBDA * running * after
        found[step], last, running = after, value[step], 1 - fresh[step]
    return found


def train(benchmark: str, steps: int, seed: int) -> nn.Module:
    """The policy: it maps observations [N, O] to logits [N, A]."""
    torch.manual_seed(seed)
    environments = gymnasium.make_vec(
        f"meta_rl/{benchmark}-v0", num_envs=ROWS, vectorization_mode="sync", split="train", seed=seed,
        vector_kwargs={"autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP},
    )  # fmt: skip
    inputs, actions = environments.single_observation_space.shape[0], int(environments.single_action_space.n)
    policy, critic = network(inputs, actions), network(inputs, 1)
    parameters = [*policy.parameters(), *critic.parameters()]
    optimiser = torch.optim.Adam(parameters, RATE)
    seen = torch.from_numpy(environments.reset(seed=seed)[0])
    ended = torch.zeros(ROWS)
    for _ in range(max(1, steps // (ROWS * STEPS))):
        rollout = []
        for _ in range(STEPS):
            with torch.no_grad():
                distribution, value = Categorical(logits=policy(seen)), critic(seen).squeeze(1)
            action = distribution.sample()
            following, reward, terminated, truncated, _ = environments.step(action.numpy())
            given = torch.from_numpy(reward).float()
            rollout.append((seen, action, distribution.log_prob(action), value, given, ended))
            seen, ended = torch.from_numpy(following), torch.from_numpy(terminated | truncated).float()
        observation, action, density, value, reward, fresh = map(torch.stack, zip(*rollout, strict=True))
        with torch.no_grad():
            gain = advantages(reward, value, fresh, critic(seen).squeeze(1), ended)
        batch = [each.flatten(0, 1) for each in (observation, action, density, gain, gain + value)]
        for _ in range(EPOCHS):
            for index in torch.randperm(ROWS * STEPS).split(MINIBATCH):
                observed, done, before, better, wanted = (each[index] for each in batch)
                distribution = Categorical(logits=policy(observed))
                ratio = (distribution.log_prob(done) - before).exp()
                better = (better - better.mean()) / (better.std() + 1e-8)
                loss = -torch.minimum(ratio * better, ratio.clamp(1 - CLIP, 1 + CLIP) * better).mean()
                loss = loss + VALUE * (critic(observed).squeeze(1) - wanted).square().mean()
                loss = loss - ENTROPY * distribution.entropy().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, NORM)
                optimiser.step()
    environments.close()
    return policy


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO in a single file.")
    parser.add_argument("--benchmark", default="cartpole_length", help="one with discrete actions")
    parser.add_argument("--steps", type=int, default=100_000, help="environment steps of training")
    parser.add_argument("--seed", type=int, default=0, help="of the training, and of its train contexts")
    parser.add_argument("--episodes", type=int, default=4, help="greedy episodes per context")
    given = parser.parse_args()
    policy = train(given.benchmark, given.steps, given.seed)
    print(
        meta_rl.evaluate({given.seed: policy}, given.benchmark, episodes=given.episodes, agent="single_file")
    )


if __name__ == "__main__":
    main()
