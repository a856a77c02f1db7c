"""Which files a study has: its methods, its blocks of seeds, and what the jobs of each rule leave."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT
from meta_rl.entries import SIGNALS

HELD_OUT, TUNED = "held_out", "tuned"
RUN_FILES = ("policy.pt", "learning.parquet", "evaluation.parquet", "encodings.parquet")
TABLES = (
    "contexts", "references", "predictions", "learning", "runs", "evaluation", "encodings", "scores", "metrics",
    "deployment", "uncertainty", "doubt_metrics",
)  # fmt: skip
MONITORS, UNCERTAINTY = "monitors", "uncertainty"  # folders of a block, with a file for each estimator
_RUN = "results/{study}/{benchmark}/{agent}/{method}/{block}"
_PRETRAINED, _PREDICTING, _GENERATED, _DEPLOYED = (
    _RUN.replace("method", which) for which in ("pretrained", "predicting", "generated", "deployed")
)
# The first result of every rule's jobs.
OUTPUTS = {
    "sample_contexts": ("results/{study}/{benchmark}/contexts/{part}.parquet",),
    "train_generator": (f"{_GENERATED}/generator.pt",),
    "collect_trajectories": (
        f"{_PRETRAINED}/trajectories/{{block}}.parquet",
        f"{_PREDICTING}/trajectories/held_out.parquet",
    ),
    "pretrain_encoder": (f"{_PRETRAINED}/encoder.pt",),
    "compare_predictors": (f"{_PREDICTING}/predictions.parquet",),
    "train": (f"{_RUN}/policy.pt",),
    "solve_references": ("results/{study}/{benchmark}/references/{agent}.pt",),
    "evaluate": (f"{_RUN}/evaluation.parquet",),
    "evaluate_external": ("results/{study}/{benchmark}/{agent}/{external}/{block}/evaluation.parquet",),
    "evaluate_references": ("results/{study}/{benchmark}/references/{part}.parquet",),
    "deploy": (f"{_DEPLOYED}/deployment.parquet",),
    "fit_monitor": (f"{_RUN}/{MONITORS}/{{fitted}}.pt",),
    "score_uncertainty": (f"{_RUN}/{UNCERTAINTY}/{{estimator}}.parquet",),
    "score": ("results/{study}/{benchmark}/scores.parquet",),
    "aggregate": ("results/{study}/manifest.json",),
    "plot": ("results/{study}/figures/{figure}.pdf",),
    "summarise": ("results/{study}/summary.html",),
    "report": ("results/{study}/report.html",),
    "check_results": ("results/{study}/check.txt",),
}


_ESTIMATING = {"estimator", "fitted", "other"}  # wildcards


class Paths:
    """Names and files of a study, from its checked config.

    A block is the seeds that one job trains, `seeds_{first}-{last}`; a part is a block or `held_out`. A tuning has
    a block of tuning seeds, each repetition another one, and the part `validation`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.name: str = config["study"]
        self.benchmarks: dict[str, Any] = config["benchmarks"]
        self.methods = _ordered(config["methods"])
        self.estimators: list[str] = config.get("uncertainty", {}).get("estimators", [])
        self.external: dict[str, Any] = config.get("external", {})
        test, step = config["seeds"]["test"], config["seeds"]["per_job"]
        firsts = range(test["first"], test["first"] + test["count"], step)
        self.blocks = {f"seeds_{first}-{first + step - 1}": [first, step] for first in firsts}
        first, step = config["seeds"]["tuning"]["first"], config["seeds"]["tuning"]["count"]
        firsts = range(first, first + step * config.get("tune", {}).get("repetitions", 0), step)
        self.tuning_blocks = {f"seeds_{first}-{first + step - 1}": [first, step] for first in firsts}

    def files(self, pattern: str, **chosen: str) -> list[str]:
        """All the paths of a pattern such as `results/{study}/{benchmark}/contexts/{part}.parquet`.

        `chosen` wildcards are fixed.
        """
        fields = [field for _, field, _, _ in Formatter().parse(pattern) if field]
        paths = []
        for benchmark, settings in self.benchmarks.items():
            values = {
                "study": [self.name],
                "benchmark": [benchmark],
                "agent": settings["agents"],
                "method": self.methods,
                "pretrained": [name for name in self.methods if self.entry(name).pretrain],
                "predicting": [name for name in self.methods if self.entry(name).predicts],
                "generated": [name for name in self.methods if self.generated(benchmark, name)],
                "deployed": self.methods if self.estimators else [],
                "estimator": self.estimators,
                "fitted": [name for name in self.estimators if registry.ESTIMATORS[name].fits],
                "other": self.others(chosen.get("estimator", "")),
                "external": self.external,
                "played": [*self.methods, *self.external],
                "block": self.blocks,
                "part": [HELD_OUT, *self.blocks],
                "tuning_block": self.tuning_blocks,
                "figure": self.config["figures"],
                "run_file": RUN_FILES,
                "table": TABLES,
            }
            if chosen.get("benchmark", benchmark) == benchmark:
                values |= {name: [value] for name, value in chosen.items()}
                for names in product(*(values[field] for field in fields)):
                    named = dict(zip(fields, names, strict=True))
                    if self._present(benchmark, named):
                        paths.append(pattern.format(**named))
        return list(dict.fromkeys(paths))

    def _present(self, benchmark: str, names: dict[str, str]) -> bool:
        """Whether there are such files.

        Runs from outside stand beside one agent, in their own benchmarks; an estimator may not be defined for a run.
        """
        if not all(self.doubts(names, names[of]) for of in _ESTIMATING & names.keys()):
            return False
        one = self.external.get(names.get("external", names.get("played", "")))
        return one is None or (benchmark in one["benchmarks"] and names["agent"] == one["agent"])

    def wildcards(self, path: Path) -> dict[str, str]:
        """Of the job that made a result.

        It is .../{benchmark}/{agent}/{method}/{block}/FILE, the same with KIND/{part} for the file,
        .../{benchmark}/KIND/{part or agent}, or in .../tuned/{benchmark}/{agent}/{method}.
        """
        parts = path.parts[path.parts.index(self.name, 1) + 1 : -1]
        tuned = parts[:1] == (TUNED,)
        parts = parts[tuned:]
        if len(parts) >= 4 or tuned:
            which = "external" if parts[2] in self.external else "method"
            own = dict(zip(("benchmark", "agent", which, "block"), parts[:4], strict=False))
            kind = "estimator" if parts[-1] in (MONITORS, UNCERTAINTY) else "part"
            return own | ({kind: path.stem} if len(parts) == 5 else {})
        if not parts or parts[0] not in self.benchmarks:
            return {}
        last = {"agent" if path.suffix == ".pt" else "part": path.stem} if len(parts) == 2 else {}
        return {"benchmark": parts[0], **last}

    def entry(self, method: str) -> registry.Entry:
        """The registry's line behind a method of the study."""
        return registry.METHODS[self.methods[method]]

    def doubts(self, run: Mapping[str, str], estimator: str) -> bool:
        """Whether an estimator is defined for the `agent` and the `method` of a run."""
        return doubts(run["agent"], self.methods[run["method"]], estimator)

    def others(self, estimator: str) -> list[str]:
        """The estimators of the study whose doubts this one is fitted on."""
        fitted = estimator and "doubts" in registry.ESTIMATORS[estimator].needs
        return others(self.estimators) if fitted else []

    def measured(self, split: str) -> bool:
        """Whether an estimator of the study is fitted on shortfalls in a split that is held out for development."""
        return any({"shortfall", split} <= registry.ESTIMATORS[name].needs for name in self.estimators)

    def generated(self, benchmark: str, method: str) -> bool:
        """Whether an agent collects the trajectories of a method, and not a random policy."""
        return self._settings(benchmark, "method_settings")[method].get("generator_steps", 0) > 0

    def _settings(self, benchmark: str, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.benchmarks[benchmark]["settings"][key]
        return found


def doubts(agent: str, method: str, estimator: str) -> bool:
    """Whether an estimator is defined for an agent, which may lack its signal, and for a registered method."""
    needs = registry.ESTIMATORS[estimator].needs
    infers = registry.METHODS[method].infers
    return needs & SIGNALS <= registry.AGENTS[agent].signals and (infers or "encoding" not in needs)


def others(estimators: list[str]) -> list[str]:
    """Those of the estimators that doubts can be fitted on: all but the floors that see nothing but windows."""
    told = {"context", "shortfall", "doubts", *DEVELOPMENT}
    return [
        name
        for name in estimators
        if name not in registry.FLOORS and not registry.ESTIMATORS[name].needs & told
    ]


def _ordered(methods: dict[str, str]) -> dict[str, str]:
    """The registered method by every name: in the registry's order, each before its variants."""
    place = list(registry.METHODS).index
    return dict(sorted(methods.items(), key=lambda one: (place(one[1]), one[0] != one[1], one[0])))
