"""A checked study as the workflow sees it: which files there are, and what each job must know.

A job's spec holds just the values that it uses, so that a changed value reruns what it touches.
"""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT, TRAIN
from meta_rl.study import budgets

HELD_OUT = "held_out"
VALIDATION = "validation"  # contexts for tuning alone, apart from those of results
RUN_FILES = ("policy.pt", "learning.parquet", "evaluation.parquet", "encodings.parquet")
TABLES = (
    "contexts", "references", "predictions", "learning", "runs", "evaluation", "encodings", "scores", "metrics",
)  # fmt: skip
_RUN = "results/{study}/{benchmark}/{agent}/{method}/{block}"
_PRETRAINED, _PREDICTING, _GENERATED = (
    _RUN.replace("method", which) for which in ("pretrained", "predicting", "generated")
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
    "evaluate_references": ("results/{study}/{benchmark}/references/{part}.parquet",),
    "score": ("results/{study}/{benchmark}/scores.parquet",),
    "aggregate": ("results/{study}/manifest.json",),
    "plot": ("results/{study}/figures/{figure}.pdf",),
    "summarise": ("results/{study}/summary.html",),
    "report": ("results/{study}/report.html",),
    "check_results": ("results/{study}/check.txt",),
}
Spec = dict[str, Any]


class Study:
    """Names and files of a study, from its checked config.

    A block is the seeds that one job trains, `seeds_{first}-{last}`; a part is a block or `held_out`. A tuning has
    a block of tuning seeds, each repetition another one, and the part `validation`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.name: str = config["study"]
        self.benchmarks: dict[str, Any] = config["benchmarks"]
        self.methods = _ordered(config["methods"])
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
                    paths.append(pattern.format(**dict(zip(fields, names, strict=True))))
        return list(dict.fromkeys(paths))

    def wildcards(self, path: Path) -> dict[str, str]:
        """Of the job that made a result.

        It is .../{benchmark}/{agent}/{method}/{block}/FILE, the same with KIND/{part} for the file, or
        .../{benchmark}/KIND/{part or agent}.
        """
        parts = path.parts[path.parts.index(self.name, 1) + 1 : -1]
        if len(parts) >= 4:
            own = dict(zip(("benchmark", "agent", "method", "block"), parts[:4], strict=True))
            return own | ({"part": path.stem} if len(parts) == 5 else {})
        if not parts or parts[0] not in self.benchmarks:
            return {}
        last = {"agent" if path.suffix == ".pt" else "part": path.stem} if len(parts) == 2 else {}
        return {"benchmark": parts[0], **last}

    def entry(self, method: str) -> registry.Entry:
        """The registry's line behind a method of the study."""
        return registry.METHODS[self.methods[method]]

    def spec(self, rule: str, **wildcards: str) -> Spec:
        """What the job of `rule` with these wildcards must know.

        Of a run it has `method`, the registered one, and `variant`, the study's own name, which tables have.
        """
        return _SPECS[rule](self, **wildcards)

    def _settings(self, benchmark: str, key: str) -> Spec:
        return self.benchmarks[benchmark]["settings"][key]

    def _benchmark(self, benchmark: str, **_: str) -> Spec:
        return {"benchmark": benchmark, "environment": self.benchmarks[benchmark]["environment"]}

    def _run(self, benchmark: str, agent: str, method: str) -> Spec:
        return self._benchmark(benchmark) | {"agent": agent} | self._named(method)

    def _named(self, method: str) -> Spec:
        return {"method": self.methods[method], "variant": method}

    def _space(self, benchmark: str) -> Spec:
        return {key: self.benchmarks[benchmark][key] for key in ("features", "train_set", "boxes")}

    def _train_space(self, benchmark: str) -> Spec:
        """Without what is held out."""
        space = self._space(benchmark)
        kept = {"features", "train", "values"}
        trained = {
            name: {key: value for key, value in said.items() if key in kept}
            for name, said in space["features"].items()
        }
        boxes = {region: union for region, union in space["boxes"].items() if region == TRAIN}
        return space | {"features": trained, "boxes": boxes}

    def _sample_contexts(self, benchmark: str, part: str, **_: str) -> Spec:
        counts = dict(self.benchmarks[benchmark]["contexts"])
        count = counts.pop("train")
        if part == HELD_OUT:
            return self._benchmark(benchmark) | self._space(benchmark) | {"counts": counts}
        drawn: Spec
        if part == VALIDATION:
            drawn = {"counts": {part: counts[part]}}
        else:
            drawn = {"seeds": (self.blocks | self.tuning_blocks)[part], "count": count}
        return self._benchmark(benchmark) | self._train_space(benchmark) | drawn

    def _method(self, benchmark: str, method: str, block: str, **_: str) -> Spec:
        return {
            **self._benchmark(benchmark),
            **self._train_space(benchmark),
            **self._named(method),
            "method_settings": self._settings(benchmark, "method_settings")[method],
            "seeds": (self.blocks | self.tuning_blocks)[block],
        }

    def generated(self, benchmark: str, method: str) -> bool:
        """Whether an agent collects the trajectories of a method, and not a random policy."""
        return self._settings(benchmark, "method_settings")[method].get("generator_steps", 0) > 0

    def _collect(self, benchmark: str, agent: str, method: str, block: str, **_: str) -> Spec:
        spec = self._method(benchmark, method, block)
        return spec | {"agent": agent} if self.generated(benchmark, method) else spec

    def _compare(self, benchmark: str, agent: str, method: str, **_: str) -> Spec:
        return self._run(benchmark, agent, method)

    def _train_generator(self, benchmark: str, agent: str, method: str, block: str, **_: str) -> Spec:
        return self._train(benchmark, agent, method, block) | {
            "method": "none",
            "method_settings": {},
            "env_steps": self._settings(benchmark, "method_settings")[method].get("generator_steps", 0),
            "snapshots": 1,
        }

    def _train(self, benchmark: str, agent: str, method: str, block: str, **_: str) -> Spec:
        tuned = self._settings(benchmark, "tuned").get(method, {}).get(agent, {})
        untuned = self._train_untuned(benchmark, agent, method, block)
        return untuned | {"agent_settings": untuned["agent_settings"] | tuned}

    def _train_untuned(self, benchmark: str, agent: str, method: str, block: str) -> Spec:
        return self._method(benchmark, method, block) | {
            "agent": agent,
            "agent_settings": self._settings(benchmark, "agents")[agent],
            "env_steps": budgets.total(
                self._settings(benchmark, "train"),
                self.methods[method],
                self._settings(benchmark, "method_settings")[method],
                self.benchmarks[benchmark]["contexts"]["train"],
            ),
            "snapshots": self._settings(benchmark, "train")["snapshots"],
        }

    def _tune_settings(self, benchmark: str, agent: str, method: str, block: str, **_: str) -> Spec:
        """A training with the study's own settings, and how candidates differ from it; on tuning seeds alone."""
        if block not in self.tuning_blocks:
            raise ValueError(f"{block} are no tuning seeds")
        tune = self.config["tune"]
        own = tune["benchmarks"][benchmark]
        return self._train_untuned(benchmark, agent, method, block) | {
            "tune": own["env_steps"] | {"optimiser": tune["optimiser"]},
            "search": own["search"][agent],
            **self._settings(benchmark, "evaluate"),
        }

    def _choose_settings(self, benchmark: str, agent: str, method: str, **_: str) -> Spec:
        test = self.config["seeds"]["test"]
        seeds = {"test_seeds": [test["first"], test["count"]]}
        return self._run(benchmark, agent, method) | seeds

    def _summarise_tuning(self, **_: str) -> Spec:
        """What the page says beside what was measured."""
        tuned = {name: self._settings(name, "tuned") for name in self.benchmarks}
        said = {key: self.config[key] for key in ("tune", "seeds")}
        return self._itself() | said | {"methods": list(self.methods), "tuned": tuned}

    def _evaluate(self, benchmark: str, agent: str, method: str, **_: str) -> Spec:
        episodes = self._settings(benchmark, "evaluate")
        shown = episodes["observed"] if "window" in self.entry(method).needs else []
        return self._run(benchmark, agent, method) | episodes | {"observed": shown}

    def _solve_references(self, benchmark: str, agent: str, **_: str) -> Spec:
        """Specialists know their context by living in it: they train with the method `none`."""
        return {
            **self._benchmark(benchmark),
            **self._space(benchmark),
            "agent": agent,
            "agent_settings": self._settings(benchmark, "agents")[agent],
            "method": "none",
            "method_settings": {},
            "snapshots": self._settings(benchmark, "train")["snapshots"],
            **self._settings(benchmark, "references"),
        }

    def _evaluate_references(self, benchmark: str, **_: str) -> Spec:
        """Twice the episodes of a policy: one half chooses the best member, the other half measures it."""
        settings = self.benchmarks[benchmark]
        controllers = registry.load("environment", settings["environment"]).controllers
        return self._benchmark(benchmark) | {
            "controllers": ["random", *controllers],
            "agents": settings["agents"],
            "method": "none",
            "episodes": 2 * self._settings(benchmark, "evaluate")["episodes"],
        }

    def _tables(self, **_: str) -> Spec:
        """All of the study but for what is drawn from its tables, and how it was tuned."""
        return {key: value for key, value in self.config.items() if key not in ("figures", "tune")}

    def _figure(self, figure: str, **_: str) -> Spec:
        return {"figure": figure}

    def _itself(self, **_: str) -> Spec:
        smoke = [name for name, benchmark in self.benchmarks.items() if benchmark["smoke"]]
        return {"study": self.name, "smoke": smoke}

    def _summarise(self, **_: str) -> Spec:
        """`wrong`: the methods that are told a wrong context."""
        wrong = [name for name in self.methods if "wrong_context" in self.entry(name).needs]
        return self._itself() | {"wrong": wrong}

    def _report(self, **_: str) -> Spec:
        return {"study": self.name}

    def _expected(self, **_: str) -> Spec:
        """The runs and episodes that a complete study has."""
        seeds = self.config["seeds"]["test"]
        return {
            "study": self.name,
            "methods": list(self.methods),
            "seeds": [seeds["first"], seeds["count"]],
            "benchmarks": {
                name: {
                    "agents": benchmark["agents"],
                    "contexts": {
                        split: count
                        for split, count in benchmark["contexts"].items()
                        if split not in DEVELOPMENT
                    },
                    **self._settings(name, "evaluate"),
                }
                for name, benchmark in self.benchmarks.items()
            },
        }


def _ordered(methods: dict[str, str]) -> dict[str, str]:
    """The registered method by every name: in the registry's order, each before its variants."""
    place = list(registry.METHODS).index
    return dict(sorted(methods.items(), key=lambda one: (place(one[1]), one[0] != one[1], one[0])))


_SPECS: dict[str, Callable[..., Spec]] = {
    "sample_contexts": Study._sample_contexts,
    "train_generator": Study._train_generator,
    "collect_trajectories": Study._collect,
    "pretrain_encoder": Study._method,
    "compare_predictors": Study._compare,
    "train": Study._train,
    "tune_settings": Study._tune_settings,
    "choose_settings": Study._choose_settings,
    "summarise_tuning": Study._summarise_tuning,
    "evaluate": Study._evaluate,
    "solve_references": Study._solve_references,
    "evaluate_references": Study._evaluate_references,
    "score": Study._benchmark,
    "aggregate": Study._tables,
    "plot": Study._figure,
    "summarise": Study._summarise,
    "report": Study._report,
    "check_results": Study._expected,
}
