"""What a job asks of its machine, from the work in it: memory and time, with room to spare.

Schedulers of clusters want to know beforehand, and cut what takes more; a laptop does not ask. Rates are several
times those that were measured (docs/cluster.md), because queues punish too little harder than too much.
Standard library and registry only: the workflow calls this for every job that it starts.
"""

import math
from itertools import pairwise
from typing import Any

from meta_rl import registry
from meta_rl.study.budgets import specialists
from meta_rl.study.study import Study

_LEAST_MINUTES = 10
_STEP = 3e-4  # seconds per environment step of a seed: acting, memory
_UPDATE = 2e-9  # seconds per weight and transition of an update
_UNROLLED = 5e-4  # seconds per step of a sequence that one network's loss goes back through
_PRETRAIN = 1e-5  # seconds per transition that goes through an encoder
_WATCHED = 1e-4  # seconds per step of a seed that an estimator looks at
_CHUNK = 1e-2  # seconds per step of an environment's `chunk` of rows: simulators have small ones
_BASE_MB = 1500  # Snakemake, Python and PyTorch
_LOOPED = 5  # times as long as a batch takes
_SETS = 30  # copies of the activations of a pretraining: three times and more what its process grew by
_ROWS = 32  # transitions of each context in an update of a method that probes
_COPIES = 10  # of the weights of heads: gradients, moments, targets, priors; and of their activations
_FLOAT = 4  # bytes
_INDEX = 8  # numbers of that size that a transition takes in an index of contexts
_TABLE_ROW = 700  # bytes of a row of a table with vectors in its cells


def minutes(study: Study, rule: str, /, **wildcards: str) -> int:
    """Time limit of a job, in minutes."""
    return max(_LEAST_MINUTES, math.ceil(seconds(study, rule, **wildcards) / 60))


def seconds(study: Study, rule: str, /, **wildcards: str) -> float:
    """The work in a job, in seconds of a slow core; 0 for the cheap rules that no scheduler is asked for."""
    return _SECONDS[rule](study, study.spec(rule, **wildcards)) if rule in _SECONDS else 0.0


def mem_mb(study: Study, rule: str, /, **wildcards: str) -> int:
    """Memory of a job, in MB (10^6 bytes)."""
    spec = study.spec(rule, **wildcards)
    return math.ceil(_BASE_MB + _BYTES.get(rule, _no_bytes)(study, spec) / 1e6)


def _members(spec: dict[str, Any]) -> int:
    """Trainings in the stack of a job."""
    return int(spec["seeds"][1]) if isinstance(spec["seeds"], list) else specialists(spec, spec["features"])


def _train_seconds(study: Study, spec: dict[str, Any]) -> float:
    own = spec["agent_settings"]
    hidden = own["hidden"]
    weights = sum(a * b for a, b in zip([_width(spec), *hidden], [*hidden, 1], strict=True))
    # Transitions that go through an update, per environment step.
    used = own["epochs"] if "epochs" in own else own["batch"] * own["gradient_steps"] / own["train_every"]
    work = weights * own.get("heads", own.get("masks", 1)) + _pairs(spec) + 500 * _encoded(spec)
    step = _STEP + _UPDATE * used * work + _unrolled_seconds(spec, used)
    return _members(spec) * spec["env_steps"] * (step + _row_step(spec))


def _pairs(spec: dict[str, Any]) -> int:
    """Pairs of quantiles, found and wanted, for each transition of an update."""
    own = spec["agent_settings"]
    return int(own.get("heads", 0) * own.get("quantiles", 0) ** 2)


def _encoded(spec: dict[str, Any]) -> int:
    """Transitions that go through an encoder for each one of an update: what is pretrained is encoded only once.

    An on-policy agent reads by two windows where they are drawn across episodes: as it acted, and as its critic learns.
    """
    own = spec["method_settings"]
    drawn = 2 if "epochs" in spec["agent_settings"] and _of_context(spec) else 1
    return 0 if registry.METHODS[spec["method"]].pretrain else int(drawn * own.get("window", 0))


def _of_context(spec: dict[str, Any]) -> bool:
    return spec["method_settings"].get("transitions") == "context"


def _unrolled_seconds(spec: dict[str, Any], used: float) -> float:
    """Seconds per environment step in sequences, of which each step costs about the same, however many there are.

    Four passes at most: of two networks, and of what their targets are made of.
    """
    told, own = spec["method_settings"], spec["agent_settings"]
    if "sequence" not in told:
        return 0.0
    updates = used / own.get("minibatch", own.get("batch", 1))
    numbers = _UPDATE * used * 4 * 3 * told["size"] ** 2
    return 4 * (updates * _UNROLLED * (told["sequence"] + told["burn_in"]) + numbers)


def _tune_seconds(study: Study, spec: dict[str, Any]) -> float:
    """Many trainings, one after the other; what candidates change may make them slower."""
    return 3 * _train_seconds(study, spec | {"env_steps": spec["tune"]["total"]})


def _collect_seconds(study: Study, spec: dict[str, Any]) -> float:
    steps = _members(spec) * _contexts(study, spec)["train"] * spec["method_settings"]["transitions"]
    return steps * (_STEP + _row_step(spec))


def _pretrain_seconds(study: Study, spec: dict[str, Any]) -> float:
    own = spec["method_settings"]
    fits = own["probes"] / own["refit"] + 2 if "probes" in own else 1  # a method that probes is fitted anew
    return _members(spec) * fits * own["updates"] * _sets(study, spec) * _PRETRAIN


def _predictors_seconds(study: Study, spec: dict[str, Any]) -> float:
    """Two predictors with a pretraining's updates each, on single transitions; their block is as large as any."""
    own = study.benchmarks[spec["benchmark"]]["settings"]["method_settings"][spec["variant"]]
    return 2 * study.config["seeds"]["per_job"] * own["updates"] * own["batch"] * _PRETRAIN


def _evaluate_seconds(study: Study, spec: dict[str, Any]) -> float:
    """A method that infers the context plays in each regime, after an episode at most that is not scored."""
    infers = registry.METHODS[spec["method"]].infers
    regimes = 2 * (2 + len(spec["observed"])) if infers else 1
    return study.config["seeds"]["per_job"] * regimes * _played(study, spec)


def _deploy_seconds(study: Study, spec: dict[str, Any]) -> float:
    """Scored episodes, and one that is watched, which takes several times as long."""
    return study.config["seeds"]["per_job"] * _played(study, spec | {"episodes": spec["episodes"] + 5})


def _estimate_seconds(study: Study, spec: dict[str, Any]) -> float:
    """Ensembles of networks, which look at every step that was watched."""
    return study.config["seeds"]["per_job"] * (60 + _WATCHED * _watched_steps(study, spec))


def _watched_bytes(study: Study, spec: dict[str, Any]) -> float:
    """What was watched, three times: as it is stored, padded, and as one estimator is shown it."""
    settings = study.benchmarks[spec["benchmark"]]["settings"]["method_settings"][spec["variant"]]
    told = spec | {"features": study.benchmarks[spec["benchmark"]]["features"], "method_settings": settings}
    return 3 * study.config["seeds"]["per_job"] * _watched_steps(study, spec) * (_width(told) + 6) * _FLOAT


def _watched_steps(study: Study, spec: dict[str, Any]) -> float:
    """Of one policy, at most."""
    horizon = registry.load("environment", spec["environment"]).horizon
    return float(sum(_contexts(study, spec).values()) * horizon)


def _external_seconds(study: Study, spec: dict[str, Any]) -> float:
    """Rows are played one after the other where a policy takes one observation at a time."""
    return _LOOPED * study.config["seeds"]["per_job"] * _played(study, spec)


def _references_seconds(study: Study, spec: dict[str, Any]) -> float:
    own = study.benchmarks[spec["benchmark"]]
    each = specialists(own["settings"]["references"], own["features"])
    return (len(spec["controllers"]) + len(spec["agents"]) * each) * _played(study, spec)


def _played(study: Study, spec: dict[str, Any]) -> float:
    """Seconds for one policy's episodes in all contexts."""
    horizon = registry.load("environment", spec["environment"]).horizon
    return sum(_contexts(study, spec).values()) * spec["episodes"] * horizon * _row_step(spec)


def _row_step(spec: dict[str, Any]) -> float:
    """Seconds for a step of one row."""
    return _CHUNK / registry.load("environment", spec["environment"]).chunk


def _sets(study: Study, spec: dict[str, Any]) -> int:
    """Transitions that go through networks in one update of a pretraining, per seed."""
    own = spec["method_settings"]
    return int(own["batch"] * own["window"] if "window" in own else _ROWS * _contexts(study, spec)["train"])


def _replay_bytes(study: Study, spec: dict[str, Any]) -> float:
    """The memory of off-policy agents, and as much again while it is written to a checkpoint.

    Of a method that learns from sequences, states of two networks are kept at the first step of each.
    """
    told = spec["method_settings"]
    states = 2 * (_width(spec) + 2) / told["sequence"] if "sequence" in told else 0
    each = 2 * (_width(spec) + 4) + states + (_INDEX if _of_context(spec) else 0)
    return 2 * _members(spec) * spec["agent_settings"].get("replay", 0) * each * _FLOAT


def _train_bytes(study: Study, spec: dict[str, Any]) -> float:
    """The memory of transitions, and heads: their weights, and what an update makes of a batch, for two critics."""
    own = spec["agent_settings"]
    wide = [_width(spec), *own["hidden"], own.get("quantiles", 1)]
    weights = sum(a * b for a, b in pairwise(wide))
    batch = own.get("batch", own.get("minibatch", 0))
    numbers = own.get("heads", 0) * (weights + batch * sum(wide)) + batch * _pairs(spec)
    return _replay_bytes(study, spec) + 2 * _members(spec) * _COPIES * numbers * _FLOAT


def _trajectory_bytes(study: Study, spec: dict[str, Any]) -> float:
    rows = _members(spec) * _contexts(study, spec)["train"] * spec["method_settings"]["transitions"]
    return rows * (_TABLE_ROW + 8 * _FLOAT * _width(spec))


def _predictors_bytes(study: Study, spec: dict[str, Any]) -> float:
    """The trajectories of a block in all contexts, as a table and as arrays."""
    own = study.benchmarks[spec["benchmark"]]["settings"]["method_settings"][spec["variant"]]
    contexts = sum(_contexts(study, spec).values())
    return 2 * study.config["seeds"]["per_job"] * contexts * own["transitions"] * _TABLE_ROW


def _pretrain_bytes(study: Study, spec: dict[str, Any]) -> float:
    own = spec["method_settings"]
    activations = _members(spec) * _sets(study, spec) * max([*own["encoder"], own["size"]]) * _FLOAT
    return _trajectory_bytes(study, spec) + _SETS * activations


def _no_bytes(study: Study, spec: dict[str, Any]) -> float:
    return 0.0


def _contexts(study: Study, spec: dict[str, Any]) -> dict[str, int]:
    return study.benchmarks[spec["benchmark"]]["contexts"]


def _width(spec: dict[str, Any]) -> int:
    """About what a policy sees at a time: observation, action and encoding."""
    spaces = registry.load("environment", spec["environment"]).spaces
    told = sum(len(said.get("features", [name])) for name, said in spec["features"].items())
    own = spec["method_settings"]
    if "window" in own and "size" not in own:  # the window itself is told
        told = own["window"] * (spaces.observation + spaces.action + spaces.rewarded)
    return int(spaces.observation + spaces.action + own.get("size", told))


_SECONDS = {
    "collect_trajectories": _collect_seconds,
    "pretrain_encoder": _pretrain_seconds,
    "tune_settings": _tune_seconds,
    "train": _train_seconds,
    "train_generator": _train_seconds,
    "compare_predictors": _predictors_seconds,
    "solve_references": _train_seconds,
    "evaluate": _evaluate_seconds,
    "deploy": _deploy_seconds,
    "fit_monitor": _estimate_seconds,
    "score_uncertainty": _estimate_seconds,
    "evaluate_external": _external_seconds,
    "evaluate_references": _references_seconds,
}
_BYTES = {
    "tune_settings": _train_bytes,
    "collect_trajectories": _trajectory_bytes,
    "pretrain_encoder": _pretrain_bytes,
    "compare_predictors": _predictors_bytes,
    "deploy": _watched_bytes,
    "fit_monitor": _watched_bytes,
    "score_uncertainty": _watched_bytes,
    "train": _train_bytes,
    "train_generator": _train_bytes,
    "solve_references": _train_bytes,
}
