"""A checked study as the workflow sees it: what each job must know.

A job's spec holds just the values that it uses, so that a changed value reruns what it touches.
"""

import math
from collections.abc import Callable
from typing import Any

from meta_rl import registry
from meta_rl.contexts import DEVELOPMENT, TRAIN, VALIDATION
from meta_rl.study import budgets, provenance, variants
from meta_rl.study import external as foreign
from meta_rl.study.paths import HELD_OUT, Paths

Spec = dict[str, Any]


class Study(Paths):
    """The names and files of a study, and the specs of its jobs."""

    def spec(self, rule: str, **wildcards: str) -> Spec:
        """What the job of `rule` with these wildcards must know.

        Of a run it has `method`, the registered one, and `variant`, the study's own name, which tables have.
        """
        spec = _SPECS[rule](self, **wildcards)
        # Where its members are that stand in files of the study's own.
        files = sorted({*spec.get("plugins", ()), *provenance.plugins(spec)})
        return spec | ({"plugins": files} if files else {})

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
        returns = {name: self._returns(name) for name in self.benchmarks}
        said = {key: self.config[key] for key in ("tune", "seeds", "plugins") if key in self.config}
        return self._itself() | said | {"methods": list(self.methods), "tuned": tuned, "returns": returns}

    def _returns(self, benchmark: str) -> list[float | None]:
        """The least and the greatest possible, None where none is known."""
        ends = registry.load("environment", self.benchmarks[benchmark]["environment"]).returns
        return [end if math.isfinite(end) else None for end in ends]

    def _evaluate(self, benchmark: str, agent: str, method: str, **_: str) -> Spec:
        episodes = self._settings(benchmark, "evaluate")
        shown = episodes["observed"] if "window" in self.entry(method).needs else []
        return self._run(benchmark, agent, method) | episodes | {"observed": shown}

    def _deploy(self, benchmark: str, agent: str, method: str, **_: str) -> Spec:
        return self._run(benchmark, agent, method) | {"episodes": self.config["uncertainty"]["episodes"]}

    def _estimate(self, benchmark: str, agent: str, method: str, estimator: str, **_: str) -> Spec:
        said = self.config["uncertainty"]
        return self._run(benchmark, agent, method) | {
            "estimator": estimator,
            "estimator_settings": said["settings"][estimator],
            "budgets": said["budgets"],
        }

    def _evaluate_external(self, benchmark: str, agent: str, external: str, block: str, **_: str) -> Spec:
        """`runs` have the checksums of their files, so that a job runs again when one changes."""
        one, (first, count) = self.external[external], self.blocks[block]
        return {
            **self._benchmark(benchmark),
            **self._space(benchmark),
            "agent": agent,
            "variant": external,
            **{key: one.get(key) for key in ("loader", "trusted", "observe", "env_steps")},
            "episodes": self._settings(benchmark, "evaluate")["episodes"],
            "runs": foreign.runs(one, benchmark, range(first, first + count)),
        }

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
            "development": [VALIDATION] if self.measured(VALIDATION) else [],
        }

    def _tables(self, **_: str) -> Spec:
        """All of the study but for what is drawn from its tables, and how it was tuned; and its `controls`."""
        kept = {key: value for key, value in self.config.items() if key not in ("figures", "tune")}
        return kept | {"controls": variants.controls(self.config)}

    def _figure(self, figure: str, **_: str) -> Spec:
        return {"figure": figure}

    def _itself(self, **_: str) -> Spec:
        smoke = [name for name, benchmark in self.benchmarks.items() if benchmark["smoke"]]
        return {"study": self.name, "smoke": smoke}

    def _summarise(self, **_: str) -> Spec:
        """`wrong`: the methods that are told a wrong context; `controls`: each method's, or what it would be."""
        wrong = [name for name in self.methods if "wrong_context" in self.entry(name).needs]
        missing = {name: self.entry(name).control for name in self.methods if self.entry(name).control}
        return self._itself() | {"wrong": wrong, "controls": missing | variants.controls(self.config)}

    def _report(self, **_: str) -> Spec:
        return {"study": self.name}

    def _expected(self, **_: str) -> Spec:
        """The runs and episodes that a complete study has."""
        seeds = self.config["seeds"]["test"]
        return {
            "study": self.name,
            "methods": list(self.methods),
            "seeds": [seeds["first"], seeds["count"]],
            "external": [
                [benchmark, one["agent"], name]
                for name, one in self.external.items()
                for benchmark in one["benchmarks"]
            ],
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
    "deploy": Study._deploy,
    "fit_monitor": Study._estimate,
    "score_uncertainty": Study._estimate,
    "solve_references": Study._solve_references,
    "evaluate_external": Study._evaluate_external,
    "evaluate_references": Study._evaluate_references,
    "score": Study._benchmark,
    "aggregate": Study._tables,
    "plot": Study._figure,
    "summarise": Study._summarise,
    "report": Study._report,
    "check_results": Study._expected,
}
