"""The benchmarks whose worth is measured, with an agent that learns each of them in little time."""

from dataclasses import dataclass, field
from typing import Any

POINTS = 4  # contexts of a region, or as many as it has parts; each with specialists of its own
SEEDS = 5  # runs of every policy: below five there is no interval
EPISODES = 20  # in each context: the first half chooses among policies, the second one measures
SNAPSHOTS = 5  # of each run, which take turns


@dataclass(frozen=True)
class Candidate:
    """`env_steps` are those of a specialist; a generalist has as many for every context that it trains in."""

    benchmark: str
    agent: str
    env_steps: int
    settings: dict[str, Any] = field(default_factory=dict)


# As in `meta_rl.checks.guard`, with more rows: it balances poles within 50,000 steps, also where a sign is told.
_PPO = {
    "n_envs": 32, "n_steps": 32, "minibatch": 256, "epochs": 8, "learning_rate": 2e-3, "gamma": 0.98,
    "rewards": "normalised",
}  # fmt: skip
_FAR = _PPO | {
    "n_envs": 32,
    "n_steps": 64,
    "minibatch": 512,
    "learning_rate": 1e-3,
    "gamma": 0.99,
}  # where returns are of longer ways
_DDPG = {
    "hidden": [64, 64], "batch": 128, "replay": 50_000, "learning_starts": 1000, "gamma": 0.98, "n_envs": 4,
    "train_every": 2,
}  # fmt: skip
_DQN = {
    "hidden": [64, 64], "learning_rate": 2e-3, "replay": 50_000, "learning_starts": 1000, "train_every": 8,
    "target_every": 600, "epsilon_fraction": 0.3, "n_envs": 4,
}  # fmt: skip

# The budgets of bodies and lander are small: what is learnt there later is not seen.
CANDIDATES = (
    *(
        Candidate(name, "ppo", 20_480, _PPO)
        for name in (
            "cartpole_sign", "cartpole_length", "cartpole_tau", "cartpole_gravity", "cartpole_gravity_length",
            "cartpole_packer", "cartpole_cadm",
        )
    ),
    *(
        Candidate(name, "ddpg", 10_000, _DDPG)
        for name in ("pendulum_sign", "pendulum_length", "pendulum_packer", "pendulum_cadm")
    ),
    Candidate("acrobot_packer", "ppo", 20_480, _FAR),
    *(Candidate(name, "dqn", 30_000, _DQN) for name in ("mountaincar_gravity_feasible", "mountaincar_packer")),
    Candidate("halfcheetah_cadm", "ppo", 12_288, _FAR),
    Candidate("lunarlander_gravity_feasible", "ppo", 20_480, _FAR | {"gamma": 0.999, "gae_lambda": 0.98}),
    *(Candidate(name, "ppo", 12_288, _FAR) for name in ("hopper_aib", "walker2d_aib")),
)  # fmt: skip
