"""Of every job, whose results it reads, and by what it knows them: see `meta_rl/inputs.py`."""

from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from meta_rl import registry
from meta_rl.contexts import VALIDATION
from meta_rl.inputs import Made
from meta_rl.study.paths import HELD_OUT
from meta_rl.study.provenance import digest
from meta_rl.study.study import Study

Wildcards = Mapping[str, str]

_RUN = ("benchmark", "agent", "method", "block")
# The wildcards that a job is known by.
_KEYS = {
    "sample_contexts": ("benchmark", "part"),
    "collect_trajectories": (*_RUN, "part"),
    "fit_monitor": (*_RUN, "estimator"),
    "score_uncertainty": (*_RUN, "estimator"),
    "solve_references": ("benchmark", "agent"),
    "evaluate_references": ("benchmark", "part"),
    "score": ("benchmark",),
    "aggregate": (),
    "plot": ("figure",),
    "summarise": (),
    "check_results": (),
    "report": (),
    "evaluate_external": ("benchmark", "agent", "external", "block"),
    "choose_settings": _RUN[:3],
    "summarise_tuning": (),
}
_BLOCK, _HELD_OUT = {"part": "{block}"}, {"part": HELD_OUT}
# By step and parameter: who makes the file, and in which wildcards that job differs from the one that reads.
_FILES: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "train_generator": {"contexts": ("sample_contexts", _BLOCK)},
    "collect_trajectories": {"contexts": ("sample_contexts", {}), "generator": ("train_generator", {})},
    "pretrain_encoder": {
        "trajectories": ("collect_trajectories", _BLOCK),
        "contexts": ("sample_contexts", _BLOCK),
    },
    "compare_predictors": {
        "encoder": ("pretrain_encoder", {}),
        "train_contexts": ("sample_contexts", _BLOCK),
        "held_out": ("sample_contexts", _HELD_OUT),
        "train_trajectories": ("collect_trajectories", _BLOCK),
        "held_out_trajectories": ("collect_trajectories", _HELD_OUT),
    },
    "train": {"contexts": ("sample_contexts", _BLOCK), "encoder": ("pretrain_encoder", {})},
    "evaluate": {
        "policy": ("train", {}),
        "held_out": ("sample_contexts", _HELD_OUT),
        "train_contexts": ("sample_contexts", _BLOCK),
    },
    "deploy": {
        "policy": ("train", {}),
        "held_out": ("sample_contexts", _HELD_OUT),
        "train_contexts": ("sample_contexts", _BLOCK),
    },
    "fit_monitor": {
        "watched": ("deploy", {}),
        "deployment": ("deploy", {}),
        "train_references": ("evaluate_references", _BLOCK),
        "held_out_references": ("evaluate_references", _HELD_OUT),
    },
    "score_uncertainty": {"watched": ("deploy", {}), "monitor": ("fit_monitor", {})},
    "evaluate_external": {
        "held_out": ("sample_contexts", _HELD_OUT),
        "train_contexts": ("sample_contexts", _BLOCK),
    },
    "evaluate_references": {"contexts": ("sample_contexts", {})},
    "tune_settings": {
        "contexts": ("sample_contexts", _BLOCK),
        "validation": ("sample_contexts", {"part": "validation"}),
    },
    "check_results": {"evaluation": ("aggregate", {}), "runs": ("aggregate", {})},
}
_OF_RUNS = "{benchmark}/{agent}/{method}/{block}"
_OTHERS = f"{_OF_RUNS}/uncertainty/{{other}}.parquet"
_PLAYED = (
    "{benchmark}/{agent}/{played}/{block}/evaluation.parquet"  # by `evaluate`, or by `evaluate_external`
)
# The same for lists: the files, below results/{study}/.
_LISTS: dict[str, dict[str, tuple[str, str]]] = {
    "evaluate_references": {"policies": ("solve_references", "{benchmark}/references/{agent}.pt")},
    "fit_monitor": {"doubts": ("score_uncertainty", _OTHERS)},
    "score_uncertainty": {"doubts": ("score_uncertainty", _OTHERS)},
    "score": {
        "evaluation": ("evaluate", _PLAYED),
        "references": ("evaluate_references", "{benchmark}/references/{part}.parquet"),
        "contexts": ("sample_contexts", "{benchmark}/contexts/{part}.parquet"),
    },
    "aggregate": {
        "contexts": ("sample_contexts", "{benchmark}/contexts/{part}.parquet"),
        "references": ("evaluate_references", "{benchmark}/references/{part}.parquet"),
        "predictions": (
            "compare_predictors",
            "{benchmark}/{agent}/{predicting}/{block}/predictions.parquet",
        ),
        "learning": ("train", f"{_OF_RUNS}/learning.parquet"),
        "evaluation": ("evaluate", _PLAYED),
        "encodings": ("evaluate", f"{_OF_RUNS}/encodings.parquet"),
        "scores": ("score", "{benchmark}/scores.parquet"),
        "deployment": ("deploy", "{benchmark}/{agent}/{deployed}/{block}/deployment.parquet"),
        "uncertainty": ("score_uncertainty", f"{_OF_RUNS}/uncertainty/{{estimator}}.parquet"),
    },
    "plot": {"tables": ("aggregate", "tables/{table}.parquet")},
    "summarise": {"tables": ("aggregate", "tables/{table}.parquet")},
    "choose_settings": {
        "trials": ("tune_settings", "tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet")
    },
    "summarise_tuning": {
        "trials": ("tune_settings", "tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet"),
        "tuned": ("choose_settings", "tuned/{benchmark}/{agent}/{method}/settings.json"),
    },
}
_known: WeakKeyDictionary[Study, dict[tuple[str, ...], Made]] = WeakKeyDictionary()


def made(study: Study, rule: str, wildcards: Wildcards) -> Made:
    """What the results of a job say of it."""
    named = {key: wildcards[key] for key in _KEYS.get(rule, _RUN)}
    key = rule, *named.values()
    known = _known.setdefault(study, {})
    if key not in known:
        read = {name: [made(study, *one)] for name, one in _single(study, rule, named).items()}
        for name, (source, pattern) in _LISTS.get(rule, {}).items():
            paths = study.files(f"results/{{study}}/{pattern}", **named)
            read[name] = _of_files(study, source, paths)
        known[key] = Made(" ".join(key), digest(study.spec(rule, **named)), digest(read))
    return known[key]


def inputs(
    study: Study, rule: str, wildcards: Wildcards, lists: Mapping[str, list[str]]
) -> dict[str, list[Made]]:
    """What the files that a job reads must say, by parameter; of its `lists` in their order.

    Figures and pages, which the report shows, say nothing of themselves.
    """
    found = {name: [made(study, *one)] for name, one in _single(study, rule, wildcards).items()}
    listed = _LISTS.get(rule, {}).items()
    return found | {
        name: _of_files(study, source, lists[name]) for name, (source, _) in listed if name in lists
    }


def _single(study: Study, rule: str, wildcards: Wildcards) -> dict[str, tuple[str, Wildcards]]:
    """The jobs behind the files that are no lists, without those that the method does without."""
    found: dict[str, tuple[str, Wildcards]] = {}
    for name, (source, differs) in _FILES.get(rule, {}).items():
        if _present(study, name, source, wildcards):
            changed = {key: value.format(**wildcards) for key, value in differs.items()}
            found[name] = source, {**wildcards, **changed}
    return found


def _present(study: Study, name: str, source: str, wildcards: Wildcards) -> bool:
    """Whether the job reads the file: what the method or the estimator does without is left out."""
    if source == "train_generator":
        return study.generated(wildcards["benchmark"], wildcards["method"])
    if source == "pretrain_encoder":
        return bool(study.entry(wildcards["method"]).pretrain)
    if source == "fit_monitor":
        return registry.ESTIMATORS[wildcards["estimator"]].fits
    if name.endswith("_references"):
        needs = registry.ESTIMATORS[wildcards["estimator"]].needs
        return "shortfall" in needs and (name == "train_references" or VALIDATION in needs)
    return True


def _of_files(study: Study, source: str, paths: list[str]) -> list[Made]:
    found = []
    for path in paths:
        wildcards = study.wildcards(Path(path))
        found.append(made(study, "evaluate_external" if "external" in wildcards else source, wildcards))
    return found
