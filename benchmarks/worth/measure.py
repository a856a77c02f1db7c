"""Policies of one class and total budget, some of which know the context: what they return in a region.

In a frozen sample of a region's contexts there are

- specialists: in every context agents that met no other, each with a part of the budget;
- told: one agent with the method `explicit`, trained in all of them with the whole budget;
- blind: one agent with the method `none`, trained like that;
- single: the one context's specialists that do best in all of them, who are blind, too.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.worth.candidates import EPISODES, POINTS, SEEDS, SNAPSHOTS, Candidate
from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.streams import Streams
from meta_rl.training import curves
from meta_rl.training.block import Spec, finish, start
from meta_rl.training.curves import Point
from meta_rl.training.episodes import Cases, cases, play_agent, play_controller
from meta_rl.training.policy import Weights
from meta_rl.training.setup import Setup

SPECIALISTS, TOLD, BLIND, CONTROLLER = "specialists", "told", "blind", "controller"
METHODS = ("none", "explicit")


def regions(benchmark: str) -> list[str]:
    """Those of a published benchmark."""
    return list(space_of(benchmark).regions)


def space_of(benchmark: str) -> ContextSpace:
    published = BENCHMARKS[benchmark]
    environment = registry.load("environment", published.environment)
    return ContextSpace.of(environment.features, *published.space)


class Measured(NamedTuple):
    """What a region's policies return.

    `returns`: a row per policy, run, context and half of the episodes, with the mean return there. `policy` is one of
    those above, `member` tells specialists (by their context) and controllers apart. `learning`: mean return of the
    training's own episodes, a row per policy, run and tenth of the training; that of all specialists together.
    """

    returns: pd.DataFrame
    learning: pd.DataFrame


def measure(candidate: Candidate, region: str, points: int = POINTS, seeds: int = SEEDS) -> Measured:
    """Train and play all policies in a frozen sample of the region: `points` contexts, or the next number that its
    parts divide."""
    spec = specification(candidate)
    setup = Setup(spec)
    parts = setup.task.contexts.regions[region]
    contexts = setup.task.contexts.draw_held_out(region, -(-points // parts) * parts)
    ids, count = np.arange(len(contexts))[None], len(contexts)
    noise, episodes = setup.environment.noise, np.arange(EPISODES)
    whole = cases(candidate.benchmark, region, ids, contexts[None], episodes, noise)
    played, learnt = [*_controllers(candidate, setup, whole)], []
    name = f"{candidate.benchmark} {region}"
    everywhere = np.repeat(contexts[None], seeds, axis=0)
    alone = np.repeat(contexts[:, None, None], seeds, axis=1).reshape(count * seeds, 1, -1)
    runs = [(0, seed) for seed in range(seeds)]
    members = [(point, seed) for point in range(count) for seed in range(seeds)]
    whole_budget = {"env_steps": count * candidate.env_steps}
    for policy, own, places, who in (
        (BLIND, whole_budget, everywhere, runs),
        (TOLD, whole_budget | {"method": "explicit"}, everywhere, runs),
        (SPECIALISTS, {}, alone, members),
    ):
        keys = [f"{name} {policy} {member} run {seed}" for member, seed in who]
        weights, points_of_curve = _trained(spec | own, places, keys)
        played.append(_played(weights, whole, policy, who))
        learnt.append(_learning(points_of_curve, policy, np.array([seed for _, seed in who])))
    rows = pd.concat(played, ignore_index=True)
    half = np.where(rows["episode"] < EPISODES // 2, "chooses", "measures")
    key = ["policy", "member", "seed", "context_id", "half"]
    returns = rows.assign(half=half).groupby(key)["episode_return"].mean().reset_index()
    return Measured(returns, pd.concat(learnt, ignore_index=True))


def specification(candidate: Candidate) -> Spec:
    """The spec of a specialist."""
    published = BENCHMARKS[candidate.benchmark]
    features, train_set, boxes = published.space
    return {
        "benchmark": candidate.benchmark, "environment": published.environment, "features": features,
        "train_set": train_set, "boxes": boxes, "agent": candidate.agent, "agent_settings": candidate.settings,
        "method": "none", "method_settings": {}, "env_steps": candidate.env_steps, "snapshots": SNAPSHOTS,
    }  # fmt: skip


def _trained(spec: Spec, contexts: np.ndarray, keys: list[str]) -> tuple[Weights, list[Point]]:
    return finish(start(spec, contexts, Streams(keys)), spec, keys[0], {})


def _learning(points: list[Point], policy: str, seeds: np.ndarray) -> pd.DataFrame:
    rows = curves.rows(points, {"policy": policy}, seeds, 0)
    rows = rows[rows["metric"] == "episode_return"]
    tenth = np.ceil(10 * rows["env_steps"] / rows["env_steps"].max()).astype(int)
    means = rows.assign(tenth=tenth).groupby(["policy", "seed", "tenth"])["value"].mean()
    return means.rename("episode_return").reset_index()


def _played(weights: Weights, whole: Cases, policy: str, members: list[tuple[int, int]]) -> pd.DataFrame:
    """The episodes of every run, its snapshots in turns; `members` are their member and seed."""
    count, runs, frames = weights.snapshots, weights.every_snapshot(), []
    member, seed = (np.repeat(column, count) for column in zip(*members, strict=True))
    for chunk in whole.by_snapshot(count).chunks(max(1, runs.setup.environment.chunk // count)):
        each = chunk.repeat(len(members))
        frames.append(_rows(each, policy, member, seed, play_agent(runs, each).episode_return))
    return pd.concat(frames)


def _controllers(candidate: Candidate, setup: Setup, whole: Cases) -> Iterator[pd.DataFrame]:
    for number, name in enumerate(("random", *setup.environment.controllers)):
        for chunk in whole.chunks(setup.environment.chunk):
            returns = play_controller(name, candidate.benchmark, setup.reused, chunk).episode_return
            policy = name if name == "random" else CONTROLLER
            yield _rows(chunk, policy, np.array([number]), np.zeros(1, dtype=int), returns)


def _rows(
    chunk: Cases, policy: str, member: np.ndarray, seed: np.ndarray, returns: np.ndarray
) -> pd.DataFrame:
    episodes = chunk.context_id.shape[1]
    return pd.DataFrame(
        {
            "policy": policy,
            "member": np.repeat(member, episodes),
            "seed": np.repeat(seed, episodes),
            "context_id": chunk.context_id.ravel(),
            "episode": chunk.episode.ravel(),
            "episode_return": returns.ravel(),
        }
    )
