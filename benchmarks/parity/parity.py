"""Do our agents learn as well as Stable-Baselines3's, with the same settings and budget? `make parity`.

    python -m benchmarks.parity.parity [CASE ...]

Both train on the same environment: ours on the default context of ours, Stable-Baselines3 on Gymnasium's own.
Greedy episodes are played again and again over the last part of each training; their mean return counts, as the
last policy's alone depends on where the training happens to stop. A finished run is kept under results/parity until
its settings, our code or their versions change, so that an interrupted comparison goes on. The table,
docs/parity.md, shows the difference of the means and its one-sided lower bound (Welch), which must lie above -5 % of
what Stable-Baselines3 gains over random.
"""

import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from scipy import stats

from benchmarks.parity.cases import CASES, EFFORTS, LUNARLANDER, PENDULUM, USUAL, Effort
from benchmarks.peers.case import Case, default_contexts, spec, training
from meta_rl import files

ROOT = Path(__file__).parents[2]
RUNS, TABLE = ROOT / "results/parity", ROOT / "docs/parity.md"
STACK = 5
TOLERANCE = 0.05


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
    for seed in range(_effort(name).seeds):
        yield name, "sb3", (seed,)
    for first in range(0, _effort(name).seeds, STACK):
        yield name, "meta_rl", tuple(range(first, first + STACK))
    yield name, "random", (0,)


def _effort(name: str) -> Effort:
    return EFFORTS.get(name, USUAL)


def _path(name: str, side: str, seed: int) -> Path:
    return RUNS / name / f"{side}_{seed}.json"


def _finished(name: str, side: str, seeds: tuple[int, ...]) -> bool:
    """Whether the runs are there, of the present settings and code."""
    paths = [_path(name, side, seed) for seed in seeds]
    asked = json.loads(json.dumps(_asked(name, side)))  # as it is read back
    return all(path.is_file() and json.loads(path.read_text())["asked"] == asked for path in paths)


def _asked(name: str, side: str) -> dict[str, object]:
    from meta_rl.study.provenance import code_hash

    case, effort = CASES[name], _effort(name)
    by = {"code": code_hash("train", spec(case))} if side == "meta_rl" else versions()
    return asdict(case) | {"checks": effort.checks, "episodes": effort.episodes, "made_of": by}


def versions() -> dict[str, str]:
    """Of what the other side is made of."""
    return {package: version(package) for package in ("stable_baselines3", "torch", "gymnasium")}


def _train(job: Job) -> str:
    import torch

    torch.set_num_threads(1)
    name, side, seeds = job
    start = time.process_time()
    returns = {"sb3": _sb3, "meta_rl": _ours, "random": _random}[side](CASES[name], _effort(name), seeds)
    seconds = (time.process_time() - start) / len(seeds)
    for seed, value in zip(seeds, returns, strict=True):
        record = {"asked": _asked(name, side), "return": value}
        files.write_text(_path(name, side, seed), json.dumps(record, indent=2))
    return f"{name} {side} {seeds}: {np.mean(returns):.1f} in {seconds:.0f} CPU seconds a run"


def _ours(case: Case, effort: Effort, seeds: tuple[int, ...]) -> list[float]:
    """Mean greedy return of each seed of a stack."""
    from meta_rl.training.episodes import cases, play_agent
    from meta_rl.training.policy import Runs
    from meta_rl.training.setup import Setup

    trained = training(case, seeds)
    contexts = default_contexts(case, len(seeds))
    ids = np.array(seeds)[:, None]  # each seed has starts of its own: luck that all share would not show
    setup = Setup(spec(case))
    returns, count = [], effort.episodes
    for check, part in enumerate(effort.checks):
        trained.run(round(part * case.env_steps))
        episodes = np.arange(check * count, (check + 1) * count)
        chunk = cases("parity", "default", ids, contexts, episodes, setup.environment.noise)
        returns.append(play_agent(Runs(setup, trained.agent), chunk).episode_return.mean(1))
    return np.mean(returns, axis=0).tolist()


def _sb3(case: Case, effort: Effort, seeds: tuple[int, ...]) -> list[float]:
    """The same of one seed of Stable-Baselines3."""
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    from benchmarks.peers.baselines import UNSEEN, model

    (seed,) = seeds
    tests = make_vec_env(case.gymnasium, n_envs=1, seed=10_000 + seed, env_kwargs=UNSEEN)
    returns: list[float] = []

    class Check(BaseCallback):
        """Looks when an update is done, as ours does, and not before it."""

        def _on_step(self) -> bool:
            return True

        def _on_rollout_start(self) -> None:
            if self.num_timesteps >= round(effort.checks[len(returns)] * case.env_steps):
                check()

    def check() -> None:
        mean, _ = evaluate_policy(learner, tests, n_eval_episodes=effort.episodes)
        returns.append(float(np.mean(mean)))

    learner = model("Stable-Baselines3", case, seed)
    learner.learn(case.env_steps, callback=Check())
    check()
    assert len(returns) == len(effort.checks)
    return [float(np.mean(returns))]


def _random(case: Case, effort: Effort, seeds: tuple[int, ...]) -> list[float]:
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
    def read(side: str, count: int) -> np.ndarray:
        return np.array([json.loads(_path(name, side, seed).read_text())["return"] for seed in range(count)])

    effort = _effort(name)
    count = effort.seeds
    ours, theirs = read("meta_rl", count), read("sb3", count)
    (random,) = read("random", 1)
    errors = [side.var(ddof=1) / len(side) for side in (ours, theirs)]
    difference, spread = ours.mean() - theirs.mean(), math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / max(sum(error**2 / (count - 1) for error in errors), 1e-300)
    low = difference - (stats.t.ppf(effort.confidence, max(freedom, 1.0)) * spread if spread else 0.0)
    bar = -TOLERANCE * (theirs.mean() - random)
    return (
        f"| `{case.agent}` on {case.gymnasium} | {case.env_steps:,} | {count} | {random:.1f} | "
        f"{_spread(theirs)} | {_spread(ours)} | {difference:+.1f} | {low:+.1f} | {bar:+.1f} | "
        f"{'yes' if low > bar else '**no**'} |"
    )


def _spread(returns: np.ndarray) -> str:
    return f"{returns.mean():.1f} ({returns.std(ddof=1):.1f}; {returns.min():.0f})"


def _page(rows: list[str]) -> str:
    header = (
        "| agent | env_steps | runs a side | random | Stable-Baselines3 | meta_rl | difference | lower bound | bar | "
        "passes |"
    )
    checks, late = ", ".join(f"{part:.0%}" for part in USUAL.checks), LUNARLANDER.checks
    made = ", ".join(f"{package} {number}" for package, number in versions().items())
    return (
        "# Parity with Stable-Baselines3\n\n"
        "Same settings, loss, clipping and budget on the same environment, its default context. Returns are\n"
        f"means over runs of {USUAL.episodes} greedy episodes (Pendulum: {PENDULUM.episodes}) after each of {checks}\n"
        f"of the training (LunarLander: {len(late)} times, from {late[0]:.0%} on); in brackets\n"
        "their standard deviation over runs, and the lowest run. The lower bound of the difference is one-sided,\n"
        f"{USUAL.confidence:.0%} (Welch), and passes above the bar, -5% of what Stable-Baselines3 gains over random\n"
        f"(LunarLander: {LUNARLANDER.confidence:.1%}, as it was looked at after 35 runs already). It knows of\n"
        "collapses only as often as they happened here: where one run in fifty fails, twenty may show none.\n\n"
        "Settings: `CASES` in benchmarks/parity/cases.py. Three pairs are not Stable-Baselines3 as it comes: on\n"
        "CartPole its DQN has our squared error and no clipping, double Q-learning, which it lacks, is put into\n"
        "its target network, and on MountainCar both sides train on a reward shaped by a potential (returns are\n"
        "the plain ones). That updates from the same weights and data leave the same weights on both sides\n"
        f"is a test, tests/agents/test_updates.py. Ours train in stacks of {STACK}. A seed's test episodes start in\n"
        "the same states in every row of an environment, so that these rows share some of their luck. Written by\n"
        f"`make parity` ({made}).\n\n"
        f"{header}\n|{'---|' * header.count(' | ')}---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(CASES)
    if unknown:
        sys.exit(f"error: unknown case {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    sys.exit(main(sys.argv[1:]))
