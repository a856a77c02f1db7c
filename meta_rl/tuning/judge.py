"""What a candidate is worth: trained as the workflow trains, it is played in validation contexts."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from meta_rl.contexts import TRAIN, VALIDATION
from meta_rl.errors import UserError
from meta_rl.methods import trajectory_frames
from meta_rl.study.candidates import Spec, shortened
from meta_rl.tables import context_frames, io
from meta_rl.tables import contexts as contexts_table
from meta_rl.training import policy
from meta_rl.training.block import encoders, finish, generator_streams, run_keys, start, train
from meta_rl.training.episodes import cases, play_agent, play_controller
from meta_rl.training.information import regimes_of
from meta_rl.training.isolation import OF_THE_JOB
from meta_rl.training.setup import Setup
from meta_rl.training.trajectories import collect


class Verdict(NamedTuple):
    """Per tuning seed [S] the mean return over the validation contexts, and whether its run stayed finite.

    `env_steps` is what each of them paid for, pretraining included; `seconds` are of CPU time, all together.
    """

    returns: np.ndarray
    sound: np.ndarray
    env_steps: int
    seconds: float


class Judge:
    """Trains a candidate on all tuning seeds as one stack, just as the study would, and plays it greedily.

    `contexts` are the train contexts of the tuning seeds, `validation` those to score on, and nothing else: a
    UserError if a file holds other seeds, or contexts that are for results.
    """

    def __init__(self, spec: Spec, contexts: Path, validation: Path) -> None:
        self.spec, setup = spec, Setup(spec)
        names = setup.names
        frame = io.read(contexts, contexts_table.TABLE)
        self.seeds, self._ids, self._contexts = context_frames.of_seeds(frame, names)
        first, count = spec["seeds"]
        if self.seeds.tolist() != list(range(first, first + count)):
            raise UserError(
                f"{contexts}: holds the seeds {self.seeds.tolist()}, not the tuning seeds; delete it"
            )
        frame = io.read(validation, contexts_table.TABLE)
        if set(frame["split"]) != {VALIDATION}:
            raise UserError(f"{validation}: must hold validation contexts, and no others; delete it")
        ids, values = (np.repeat(one[None], count, axis=0) for one in context_frames.values(frame, names))
        episodes = np.arange(spec["episodes"])
        self._cases = cases(spec["benchmark"], VALIDATION, ids, values, episodes, setup.environment.noise)
        self.random = self._random_return(setup)

    def __call__(self, settings: dict[str, Any], env_steps: int) -> Verdict:
        """The verdict on the agent's `settings` after at most `env_steps` steps.

        A run that diverged, or could not be finished, counts with what the random policy returns.
        """
        began = time.process_time()
        spec, paid = shortened(self.spec, env_steps, self._contexts.shape[1], settings)
        returns, sound = np.full(len(self.seeds), self.random), np.zeros(len(self.seeds), dtype=bool)
        spent = spec["env_steps"]
        try:
            weights, finite = self._train(spec, paid)
        except OF_THE_JOB:
            raise
        except Exception as error:  # whatever the settings have led to, in every run
            print(f"a candidate fails, {type(error).__name__}: {error}", flush=True)
        else:
            keys = run_keys(spec, self.seeds)
            runs = [keys.index(key) for key in weights.keys]
            played = self._play(weights, runs)
            sound[runs] = finite & np.isfinite(played)
            returns[runs] = np.where(sound[runs], played, self.random)
            spent = max(weights.env_steps)
        return Verdict(returns, sound, spent, time.process_time() - began)

    def _train(self, spec: Spec, paid: int) -> tuple[policy.Weights, np.ndarray]:
        """The runs that could be trained, and which of them stayed finite, trained just as a study does."""
        setup = Setup(spec)
        generator = encoder = None
        if setup.entry.pretrain:
            if steps := spec["method_settings"].get("generator_steps"):
                alone = spec | {"method": "none", "method_settings": {}, "env_steps": steps, "snapshots": 1}
                training = start(alone, self._contexts, generator_streams(spec, self.seeds))
                generator, _ = finish(training, alone, "generators", {})
            told = collect(spec, self.seeds, {TRAIN: (self._ids, self._contexts)}, generator)
            seen = trajectory_frames.tensors(told, "trajectories", setup.environment.spaces.rewarded)
            encoder, _ = encoders(spec, self.seeds, self._contexts, seen, paid, {})
        weights, curves = train(spec, self.seeds, self._contexts, encoder, {})
        diverged = run_keys(spec, curves.loc[curves["status"] == "diverged", "seed"].unique())
        return weights, policy.finite(weights) & np.array([key not in diverged for key in weights.keys])

    def _play(self, weights: policy.Weights, runs: list[int]) -> np.ndarray:
        """Mean return over contexts and episodes of each of the `runs`, which the weights are of."""
        frozen, count = weights.every_snapshot(), weights.snapshots
        size = max(1, frozen.setup.environment.chunk // count)
        chunks = self._cases.select(runs).by_snapshot(count).chunks(size)
        regime, *_ = regimes_of(frozen.setup.entry, frozen.agent.method, [])
        returns = [play_agent(frozen, chunk, regime).episode_return for chunk in chunks]
        return np.concatenate(returns, axis=1).reshape(len(runs), -1).mean(axis=1)

    def _random_return(self, setup: Setup) -> float:
        chunks = self._cases.select([0]).chunks(setup.environment.chunk)
        played = [
            play_controller("random", self.spec["benchmark"], setup.reused, chunk).episode_return
            for chunk in chunks
        ]
        return float(np.concatenate(played, axis=1).mean())
