"""Any policy, evaluated as our studies evaluate theirs: the same contexts, starts, references and tables."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import RESULTS, TRAIN, ContextSpace
from meta_rl.errors import UserError, unknown
from meta_rl.gym.contexts import check_whole
from meta_rl.gym.observations import PLAIN
from meta_rl.outside import playing
from meta_rl.outside.adapt import adapted
from meta_rl.outside.loaded import load
from meta_rl.outside.rows import RowPolicy
from meta_rl.outside.scored import Evaluation, scored
from meta_rl.tables import context_frames
from meta_rl.training import evaluation as of_ours

CONTEXTS, EPISODES = 100, 20  # of each split and run, and in each: as most studies have

Spec = dict[str, Any]


def evaluate(
    policy: Any,
    benchmark: str,
    *,
    seeds: Iterable[int] | None = None,
    contexts: int | Mapping[str, int] = CONTEXTS,
    episodes: int = EPISODES,
    observe: str = PLAIN,
    name: str = "policy",
    agent: str = "outside",
    vec_normalize: Any = None,
    trusted: bool = False,
) -> Evaluation:
    """Play a policy in its train contexts and all held-out ones of a published benchmark, and score it.

        print(meta_rl.evaluate(model, "cartpole_length", observe="flat"))

    `policy`: a function of observations [N, O] that returns actions (see `rows.Called`: also with a state, a `reset`,
    or of one observation at a time), a PyTorch module, a model of Stable-Baselines3 or the like, the path of its zip,
    or of our `policy.pt`. A list, or {seed: policy}, has one for each run; else it is the one of all `seeds` (0). The
    seed of a run says which its train contexts are, as in a study and in the ids of `meta_rl.gym`.

    `contexts`: how many of each split, or {split: number}. `observe`: what it sees, as in the ids. `name` and `agent`
    stand in the columns `method` and `agent`. `vec_normalize`: the VecNormalize that a model was trained with, or its
    path, or one for each run. A zip or pickle is unpickled, which can run code: only if it is `trusted`. Of a
    `policy.pt`, seeds, names and what it sees are in the file.

    Raises UserError for what does not exist, does not fit, or returns no actions.
    """
    check_whole(benchmark, "episodes", episodes, 1)
    if benchmark not in BENCHMARKS:
        raise UserError(unknown("benchmark", benchmark, BENCHMARKS))
    if isinstance(policy, str | Path) and Path(policy).suffix == ".pt":
        return _of_ours(Path(policy), benchmark, contexts, episodes)
    published = BENCHMARKS[benchmark]
    described = dict(zip(("features", "train_set", "boxes"), published.space, strict=True))
    spec = {
        "benchmark": benchmark,
        "environment": published.environment,
        **described,
        "agent": agent,
        "variant": name,
        "observe": observe,
        "episodes": episodes,
    }
    stage = playing.Stage(spec)
    policies = _by_seed(policy, seeds, benchmark)
    statistics = _statistics(vec_normalize, list(policies))
    ready: dict[int, RowPolicy] = {}
    known: dict[tuple[int, int], RowPolicy] = {}  # of one policy for all there is one
    for seed, one in policies.items():
        key = id(one), id(statistics[seed])
        if key not in known:
            known[key] = adapted(one, stage, statistics[seed], trusted)
        ready[seed] = known[key]
    train, held_out = _contexts(stage.setup.task.contexts, benchmark, list(policies), contexts)
    numbers, sets = of_ours.sets_of(train, held_out, stage.setup.names)
    frame = playing.evaluate(ready, sets, numbers, stage, spec)
    notes = []
    if any(one.looped for one in ready.values()):
        notes.append(
            "the policy takes one observation at a time, so its rows were played one after the other"
        )
    if any(one.remembers for one in ready.values()):
        notes.append("the policy remembers, so it was played in `cold` alone: without unscored steps before")
    return scored(frame, of_ours.no_encodings(), pd.concat([train, held_out]), stage.environment, notes)


def _of_ours(path: Path, benchmark: str, contexts: int | Mapping[str, int], episodes: int) -> Evaluation:
    """The runs of a policy file, as the step `evaluate` of its study has them."""
    loaded = load(path)
    weights, spec = loaded.weights, loaded.weights.spec
    if loaded.benchmark != benchmark:
        raise UserError(f"{path}: was trained on '{loaded.benchmark}'; evaluate it there")
    if episodes % weights.snapshots:
        raise UserError(
            f"{path}: holds {weights.snapshots} snapshots of each run, which share the episodes; give a multiple"
        )
    environment, (first, count) = weights.setup.environment, spec["seeds"]
    # The file knows what was trained on, and not what is held out.
    space = ContextSpace.of(environment.features, *BENCHMARKS[benchmark].space)
    train, held_out = _contexts(space, benchmark, list(range(first, first + count)), contexts)
    told = {"episodes": episodes, "observed": [], "variant": loaded.method}
    found = of_ours.evaluate(weights, train, held_out, spec | told)
    notes = [f"seed {seed}: {reason}" for seed, reason in found.failures.items()]
    played = found.evaluation["seed"].unique()
    train = train[train["seed"].isin(played)]
    return scored(found.evaluation, found.encodings, pd.concat([train, held_out]), environment, notes)


def _contexts(
    space: ContextSpace, benchmark: str, seeds: list[int], contexts: int | Mapping[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `contexts` tables of the runs and of the held-out splits."""
    splits = (TRAIN, *(split for split in RESULTS if split in space.regions))
    counts = dict(contexts) if isinstance(contexts, Mapping) else dict.fromkeys(splits, contexts)
    for split, count in counts.items():
        if split not in splits:
            raise UserError(f"{benchmark}: {unknown('split', split, splits)}")
        check_whole(benchmark, f"contexts of '{split}'", count, 1)
    if TRAIN not in counts or len(counts) < 2:
        raise UserError(
            f"{benchmark}: contexts are {counts}, but must name '{TRAIN}' and a held-out split at least"
        )
    train = context_frames.trained(space, benchmark, seeds, counts.pop(TRAIN))
    return train, context_frames.held_out(space, benchmark, dict(sorted(counts.items())))


def _by_seed(policy: Any, seeds: Iterable[int] | None, benchmark: str) -> dict[int, Any]:
    """The policy of each run."""
    if isinstance(policy, Mapping):
        given = dict(policy)
    elif isinstance(policy, Sequence) and not isinstance(policy, str):
        given = dict(zip(range(len(policy)) if seeds is None else seeds, policy, strict=False))
        if len(given) != len(policy):
            raise UserError(
                f"{benchmark}: there are {len(policy)} policies for {len(given)} seeds; give one each"
            )
    else:
        given = dict.fromkeys([0] if seeds is None else seeds, policy)
    if not given:
        raise UserError(f"{benchmark}: there is no policy, or no seed; give at least one")
    for seed in given:
        check_whole(benchmark, "a seed", seed, 0)
    return {int(seed): given[seed] for seed in sorted(given)}


def _statistics(given: Any, seeds: list[int]) -> dict[int, Any]:
    """The VecNormalize of each run."""
    if isinstance(given, Mapping):
        return {seed: given.get(seed) for seed in seeds}
    if isinstance(given, Sequence) and not isinstance(given, str):
        if len(given) != len(seeds):
            raise UserError(
                f"policy: there are {len(given)} vec_normalize for {len(seeds)} runs; give one each"
            )
        return dict(zip(seeds, given, strict=True))
    return dict.fromkeys(seeds, given)
