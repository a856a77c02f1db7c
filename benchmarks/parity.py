"""Do our agents learn as well as Stable-Baselines3's, with the same settings and budget? `make parity`.

    python benchmarks/parity.py [CASE ...]

Both train on the plain environment: ours on the default context of ours, Stable-Baselines3 on Gymnasium's own.
Each trained run plays greedy episodes; its mean return counts. A finished run is kept under results/parity, so
that an interrupted comparison goes on. The table, docs/parity.md, shows the difference of the means and its
one-sided 95 % lower bound (Welch), which must lie above -5 % of what Stable-Baselines3 gains over random.
"""

import functools
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from scipy import stats

from meta_rl import files

ROOT = Path(__file__).parents[1]
RUNS, TABLE = ROOT / "results/parity", ROOT / "docs/parity.md"
SEEDS, STACK, EPISODES = 10, 5, 20
TOLERANCE = 0.05


@dataclass(frozen=True)
class Case:
    """An agent on an environment; `settings` are those of our Config."""

    agent: str
    environment: str
    gymnasium: str
    env_steps: int
    settings: dict[str, Any]


_DQN = {"n_envs": 1, "loss": "huber", "max_gradient_norm": 10.0}
_CARTPOLE_DQN = _DQN | {
    "hidden": [64, 64], "learning_rate": 1e-3, "replay": 20_000, "batch": 64, "learning_starts": 1000,
    "train_every": 4, "target_every": 200, "epsilon_fraction": 0.3, "epsilon_end": 0.05,
}  # fmt: skip
_PPO = {"observations": "raw", "n_envs": 8, "max_gradient_norm": 0.5}
_CONTINUOUS = {
    "n_envs": 1, "hidden": [64, 64], "batch": 128, "replay": 50_000, "learning_starts": 1000, "tau": 0.005,
    "gamma": 0.98,
}  # fmt: skip
# What differs from Stable-Baselines3's defaults follows RL Baselines3 Zoo where it has settings for the pair, with
# smaller networks. MountainCar's exploration help is a high step size and many updates, on both sides.
CASES = {
    "dqn_cartpole": Case("dqn", "cartpole", "CartPole-v1", 60_000, _CARTPOLE_DQN),
    "ddqn_cartpole": Case("ddqn", "cartpole", "CartPole-v1", 60_000, _CARTPOLE_DQN),
    "ppo_cartpole": Case(
        "ppo", "cartpole", "CartPole-v1", 102_400,
        _PPO | {"n_steps": 64, "minibatch": 128, "epochs": 10, "learning_rate": 1e-3, "gae_lambda": 0.9},
    ),
    "dqn_mountaincar": Case(
        "dqn", "mountaincar", "MountainCar-v0", 120_000,
        _DQN | {
            "hidden": [64, 64], "learning_rate": 4e-3, "replay": 10_000, "batch": 128, "learning_starts": 1000,
            "gamma": 0.98, "train_every": 2, "target_every": 600, "epsilon_fraction": 0.2, "epsilon_end": 0.07,
        },
    ),
    "dqn_lunarlander": Case(
        "dqn", "lunarlander", "LunarLander-v3", 100_000,
        _DQN | {
            "hidden": [128, 128], "learning_rate": 6.3e-4, "replay": 50_000, "batch": 128, "learning_starts": 1000,
            "train_every": 2, "target_every": 250, "epsilon_fraction": 0.3, "epsilon_end": 0.05,
        },
    ),
    "ddpg_pendulum": Case(
        "ddpg", "pendulum", "Pendulum-v1", 20_000,
        _CONTINUOUS | {"actor_learning_rate": 1e-3, "critic_learning_rate": 1e-3, "noise": 0.1},
    ),
    "sac_pendulum": Case("sac", "pendulum", "Pendulum-v1", 20_000, _CONTINUOUS | {"learning_rate": 1e-3}),
    "ppo_pendulum": Case(
        "ppo", "pendulum", "Pendulum-v1", 102_400,
        _PPO | {"n_steps": 256, "minibatch": 64, "epochs": 10, "learning_rate": 1e-3, "gamma": 0.9},
    ),
}  # fmt: skip


def main(names: list[str]) -> int:
    """Train what is missing, two runs side by side, and write the table; 1 if a case misses the bar."""
    chosen = {name: CASES[name] for name in names or CASES}
    todo = [job for name in chosen for job in _jobs(name) if not _finished(*job)]
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        for done in pool.imap_unordered(_train, todo):
            print(done, flush=True)
    rows = [_row(name, case) for name, case in CASES.items() if all(_finished(*job) for job in _jobs(name))]
    files.write_text(TABLE, _page(rows))
    print(TABLE.read_text())
    return int(any("**no**" in row for row in rows))


Job = tuple[str, str, tuple[int, ...]]  # case, side, seeds


def _jobs(name: str) -> Iterator[Job]:
    """The slow ones first: Stable-Baselines3 trains a seed at a time, ours a stack."""
    for seed in range(SEEDS):
        yield name, "sb3", (seed,)
    for first in range(0, SEEDS, STACK):
        yield name, "meta_rl", tuple(range(first, first + STACK))
    yield name, "random", (0,)


def _path(name: str, side: str, seed: int) -> Path:
    return RUNS / name / f"{side}_{seed}.json"


def _finished(name: str, side: str, seeds: tuple[int, ...]) -> bool:
    """Whether the runs are there, with the present settings."""
    paths = [_path(name, side, seed) for seed in seeds]
    return all(
        path.is_file() and json.loads(path.read_text())["case"] == asdict(CASES[name]) for path in paths
    )


def _train(job: Job) -> str:
    import torch

    torch.set_num_threads(1)
    name, side, seeds = job
    start = time.process_time()
    returns = {"sb3": _sb3, "meta_rl": _ours, "random": _random}[side](CASES[name], seeds)
    seconds = (time.process_time() - start) / len(seeds)
    for seed, value in zip(seeds, returns, strict=True):
        record = {"case": asdict(CASES[name]), "return": value, "cpu_seconds": seconds}
        files.write_text(_path(name, side, seed), json.dumps(record, indent=2))
    return f"{name} {side} {seeds}: {np.mean(returns):.1f} in {seconds:.0f} CPU seconds a run"


def _ours(case: Case, seeds: tuple[int, ...]) -> list[float]:
    """Mean greedy return of each seed of a stack."""
    from meta_rl import registry
    from meta_rl.episodes import cases, play_agent
    from meta_rl.policy import build_agent, environments
    from meta_rl.streams import Streams
    from meta_rl.training import Training

    environment = registry.load("environment", case.environment)
    feature = environment.features[0]
    spec = {
        "environment": case.environment, "features": {feature.name: {"train": [0.9, 1.1]}}, "train_set": "A",
        "agent": case.agent, "agent_settings": case.settings, "method": "none", "method_settings": {},
        "env_steps": case.env_steps,
    }  # fmt: skip
    agent = build_agent(spec, Streams([f"parity {seed}" for seed in seeds]))
    entry = registry.entry("method", "none")
    contexts = np.full((len(seeds), 1, 1), feature.default)
    rows = (len(seeds), agent.n_envs)
    streams = Streams([f"parity rollout {seed}" for seed in seeds])
    Training(agent, environments(spec, rows), entry, contexts, streams).run(case.env_steps)
    ids = np.zeros((len(seeds), 1), dtype=np.int64)
    chunk = cases("parity", "default", ids, contexts, np.arange(EPISODES), environment.noise)
    played = play_agent(agent, entry, functools.partial(environments, spec), chunk)
    return played.episode_return.mean(1).tolist()


def _sb3(case: Case, seeds: tuple[int, ...]) -> list[float]:
    """The same of one seed of Stable-Baselines3."""
    import stable_baselines3 as sb3
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.noise import NormalActionNoise

    (seed,) = seeds
    ours = case.settings
    network = {"policy_kwargs": {"net_arch": list(ours.get("hidden", (64, 64)))}}
    common = {"seed": seed, "device": "cpu", "gamma": ours.get("gamma", 0.99)}
    replay = {
        new: ours[old]
        for new, old in (
            ("buffer_size", "replay"),
            ("batch_size", "batch"),
            ("learning_starts", "learning_starts"),
        )
        if old in ours
    }
    environment = make_vec_env(case.gymnasium, n_envs=ours["n_envs"], seed=seed)
    model: Any
    if case.agent in ("dqn", "ddqn"):
        model = sb3.DQN(
            "MlpPolicy", environment, learning_rate=ours["learning_rate"], train_freq=ours["train_every"],
            target_update_interval=ours["target_every"], exploration_fraction=ours["epsilon_fraction"],
            exploration_final_eps=ours["epsilon_end"], max_grad_norm=ours["max_gradient_norm"],
            **replay, **common, **network,
        )  # fmt: skip
        if case.agent == "ddqn":
            _make_double(model)
    elif case.agent == "ddpg":
        noise = NormalActionNoise(np.zeros(1), ours["noise"] * np.ones(1))
        model = sb3.DDPG(
            "MlpPolicy", environment, learning_rate=ours["actor_learning_rate"], tau=ours["tau"],
            action_noise=noise, **replay, **common, **network,
        )  # fmt: skip
    elif case.agent == "sac":
        model = sb3.SAC(
            "MlpPolicy", environment, learning_rate=ours["learning_rate"], tau=ours["tau"],
            **replay, **common, **network,
        )  # fmt: skip
    else:
        model = sb3.PPO(
            "MlpPolicy", environment, learning_rate=ours["learning_rate"], n_steps=ours["n_steps"],
            batch_size=ours["minibatch"], n_epochs=ours["epochs"], max_grad_norm=ours["max_gradient_norm"],
            gae_lambda=ours.get("gae_lambda", 0.95), **common,
        )  # fmt: skip
    model.learn(case.env_steps)
    tests = make_vec_env(case.gymnasium, n_envs=1, seed=10_000 + seed)
    mean, _ = evaluate_policy(model, tests, n_eval_episodes=EPISODES, deterministic=True)
    return [float(mean)]


def _make_double(model: Any) -> None:
    """Stable-Baselines3 has no double DQN: let its target network offer the online network's choice alone."""
    import torch

    target = model.q_net_target.forward

    def chosen(observation: Any) -> Any:
        values = target(observation)
        best = model.q_net(observation).argmax(1, keepdim=True)
        return torch.full_like(values, -math.inf).scatter(1, best, values.gather(1, best))

    model.q_net_target.forward = chosen


def _random(case: Case, seeds: tuple[int, ...]) -> list[float]:
    """Mean return of uniform actions over 100 episodes."""
    import gymnasium

    environment = gymnasium.make(case.gymnasium)
    environment.action_space.seed(0)
    total, episodes = 0.0, 100
    for episode in range(episodes):
        environment.reset(seed=episode)
        ended = False
        while not ended:
            _, reward, terminated, truncated, _ = environment.step(environment.action_space.sample())
            total, ended = total + float(reward), terminated or truncated
    return [total / episodes]


def _row(name: str, case: Case) -> str:
    def read(side: str, count: int, what: str = "return") -> np.ndarray:
        return np.array([json.loads(_path(name, side, seed).read_text())[what] for seed in range(count)])

    ours, theirs = read("meta_rl", SEEDS), read("sb3", SEEDS)
    (random,) = read("random", 1)
    errors = [side.var(ddof=1) / len(side) for side in (ours, theirs)]
    difference, spread = ours.mean() - theirs.mean(), math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / max(sum(error**2 / (SEEDS - 1) for error in errors), 1e-300)
    low = difference - (stats.t.ppf(0.95, max(freedom, 1.0)) * spread if spread else 0.0)
    bar = -TOLERANCE * (theirs.mean() - random)
    seconds = read("sb3", SEEDS, "cpu_seconds").mean() / read("meta_rl", SEEDS, "cpu_seconds").mean()
    return (
        f"| `{case.agent}` on {case.gymnasium} | {case.env_steps:,} | {random:.1f} | {theirs.mean():.1f} | "
        f"{ours.mean():.1f} | {difference:+.1f} | {low:+.1f} | {bar:+.1f} | {'yes' if low > bar else '**no**'} | "
        f"{seconds:.1f} |"
    )


def _page(rows: list[str]) -> str:
    from importlib.metadata import version

    header = (
        "| agent | env_steps | random | Stable-Baselines3 | meta_rl | difference | lower bound | bar | passes | "
        "CPU time, SB3 / ours |"
    )
    return (
        "# Parity with Stable-Baselines3\n\n"
        "Same settings, loss, clipping and budget on the plain environment. Returns are means over "
        f"{SEEDS} runs a side of\nthe mean of {EPISODES} greedy episodes; the lower bound of the difference is "
        "one-sided, 95 % (Welch), and passes above\nthe bar, -5 % of what Stable-Baselines3 gains over random. "
        "Settings: `CASES` in benchmarks/parity.py. Ours train in\n"
        f"stacks of {STACK}. Written by `make parity` (Stable-Baselines3 {version('stable_baselines3')}, PyTorch "
        f"{version('torch')}).\n\n"
        f"{header}\n|{'---|' * header.count(' | ')}---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(CASES)
    if unknown:
        sys.exit(f"error: unknown case {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    sys.exit(main(sys.argv[1:]))
