"""The trainings that `make parity` compares, and how much it looks at each."""

from dataclasses import dataclass, replace

from benchmarks.peers.case import Case


@dataclass(frozen=True)
class Effort:
    """How much a comparison looks at."""

    seeds: int = 10  # on each side
    episodes: int = 5  # after each check
    checks: tuple[float, ...] = (0.92, 0.94, 0.96, 0.98, 1.0)  # after these parts of the training
    confidence: float = 0.95  # of the difference's lower bound


USUAL = Effort()
PENDULUM = Effort(episodes=25)  # its returns are mostly the luck of where they start
# Its policies come and go, so it takes many checks and runs. Its bound was looked at after 35 runs already, and a
# second look is a second chance: half of the 5 % for each.
LUNARLANDER = Effort(70, checks=tuple(part / 100 for part in range(62, 101, 2)), confidence=0.975)
EFFORTS = {
    "ppo_cartpole": Effort(20),
    "ddpg_pendulum": PENDULUM,
    "sac_pendulum": PENDULUM,
    "ppo_pendulum": replace(PENDULUM, seeds=20),
    "dqn_lunarlander": LUNARLANDER,
}


_DQN = {"n_envs": 1, "learning_starts": 1000}
_SB3_DQN = _DQN | {"loss": "huber", "max_gradient_norm": 10.0}
_PPO = {"observations": "raw", "n_envs": 8, "n_steps": 256}
_CONTINUOUS = {
    "n_envs": 1,
    "hidden": [64, 64],
    "batch": 128,
    "replay": 10_000,
    "learning_starts": 1000,
    "gamma": 0.98,
}
# CartPole has our defaults, as in every study: with Stable-Baselines3's Huber loss and clipping at 10 both sides end
# at a return of 9 there. Those are compared on LunarLander and MountainCar. Further settings follow RL Baselines3 Zoo.
# MountainCar's goal is not found by chance: both sides train on a shaped reward. PPO on CartPole has the defaults
# of both libraries: with the Zoo's 0.001, which falls to zero there, or half of it, now and then a policy of
# either side forgets what it has learnt, and twenty runs do not tell two equal learners apart. DQN on LunarLander
# has eight environments and large batches, without which its runs differ too much; Stable-Baselines3 decides for
# all eight at once whether to explore.
CASES = {
    "ppo_cartpole": Case(
        "ppo", "cartpole", "CartPole-v1", 102_400,
        _PPO | {"minibatch": 64, "epochs": 10, "learning_rate": 3e-4, "gae_lambda": 0.95},
    ),
    "ddpg_pendulum": Case(
        "ddpg", "pendulum", "Pendulum-v1", 10_000,
        _CONTINUOUS | {"actor_learning_rate": 1e-3, "critic_learning_rate": 1e-3, "noise": 0.1},
    ),
    "sac_pendulum": Case("sac", "pendulum", "Pendulum-v1", 8_000, _CONTINUOUS | {"learning_rate": 1e-3}),
    "ppo_pendulum": Case(
        "ppo", "pendulum", "Pendulum-v1", 204_800,
        _PPO | {"minibatch": 128, "epochs": 10, "learning_rate": 5e-4, "gamma": 0.9},
    ),
    "dqn_cartpole": Case("dqn", "cartpole", "CartPole-v1", 200_000, _DQN),
    "ddqn_cartpole": Case("ddqn", "cartpole", "CartPole-v1", 200_000, _DQN),
    "dqn_lunarlander": Case(
        "dqn", "lunarlander", "LunarLander-v3", 600_000,
        _SB3_DQN | {
            "n_envs": 8, "hidden": [128, 128], "learning_rate": 6.3e-4, "replay": 100_000, "batch": 256,
            "train_every": 8, "target_every": 512, "epsilon_fraction": 0.12, "epsilon_end": 0.1,
        },
    ),
    "dqn_mountaincar": Case(
        "dqn", "mountaincar", "MountainCar-v0", 120_000,
        _SB3_DQN | {
            "hidden": [128, 128], "learning_rate": 1e-3, "replay": 50_000, "train_every": 4, "target_every": 1000,
            "epsilon_fraction": 0.3,
        },
        shaped=True,
    ),
}  # fmt: skip
