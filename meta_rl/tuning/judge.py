"""What a candidate is worth: its training with the steps of the workflow, and its returns in validation contexts."""

import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from meta_rl import context_frames, policy, registry
from meta_rl.contexts import DEVELOPMENT
from meta_rl.episodes import Cases, cases, play_agent, play_controller
from meta_rl.errors import UserError
from meta_rl.isolation import OF_THE_JOB
from meta_rl.steps import collect_trajectories, pretrain_encoder, train, train_generator
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table
from meta_rl.tuning.candidates import Spec, shortened

VALIDATION = DEVELOPMENT[0]


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
        self.spec, self._contexts = spec, contexts
        names = tuple(spec["features"])
        self.seeds, own, _ = context_frames.of_seeds(io.read(contexts, contexts_table.TABLE), names)
        self._keys = [f"run {seed}" for seed in self.seeds]
        first, count = spec["seeds"]
        if self.seeds.tolist() != list(range(first, first + count)):
            raise UserError(
                f"{contexts}: holds the seeds {self.seeds.tolist()}, not the tuning seeds; delete it"
            )
        self._count = own.shape[1]
        frame = io.read(validation, contexts_table.TABLE)
        if set(frame["split"]) != {VALIDATION}:
            raise UserError(f"{validation}: must hold validation contexts, and no others; delete it")
        environment = registry.load("environment", spec["environment"])
        ids, values = (np.repeat(one[None], count, axis=0) for one in context_frames.values(frame, names))
        episodes = np.arange(spec["episodes"])
        played = cases(spec["benchmark"], VALIDATION, ids, values, episodes, environment.noise)
        self._cases = list(played.chunks(environment.chunk))
        self._build = cache(lambda rows: policy.environments(spec, rows))
        self.random = self._random_return()

    def __call__(self, settings: dict[str, Any], env_steps: int) -> Verdict:
        """The verdict on the agent's `settings` after at most `env_steps` steps.

        A run that diverged, or could not be finished, counts with what the random policy returns.
        """
        start = time.process_time()
        spec, _ = shortened(self.spec, env_steps, self._count, settings)
        folder = Path(tempfile.mkdtemp(prefix="candidate-"))
        returns, sound = np.full(len(self.seeds), self.random), np.zeros(len(self.seeds), dtype=bool)
        spent = spec["env_steps"]
        try:
            weights, finite = self._train(spec, folder)
        except OF_THE_JOB:
            raise
        except Exception as error:  # whatever the settings have led to, in every run
            print(f"a candidate fails, {type(error).__name__}: {error}", flush=True)
        else:
            runs = [self._keys.index(key) for key in weights.keys]
            played = self._play(weights, runs)
            sound[runs] = finite & np.isfinite(played)
            returns[runs] = np.where(sound[runs], played, self.random)
            spent = max(weights.env_steps)
        finally:
            shutil.rmtree(folder)
        return Verdict(returns, sound, spent, time.process_time() - start)

    def _train(self, spec: Spec, folder: Path) -> tuple[policy.Weights, np.ndarray]:
        """The runs that could be trained, and which of them stayed finite, by the very steps that a study takes."""
        trajectories, checkpoint = folder / "trajectories.parquet", folder / "checkpoint.pt"
        encoder = generator = None
        if registry.entry("method", spec["method"]).pretrain:
            if steps := spec["method_settings"].get("generator_steps"):
                generator = folder / "generator.pt"
                alone = {"method": "none", "method_settings": {}, "env_steps": steps}
                train_generator.main(self._contexts, spec | alone, checkpoint, generator)
            encoder = folder / "encoder.pt"
            collect_trajectories.main(self._contexts, generator, spec, trajectories)
            pretrain_encoder.main(trajectories, self._contexts, spec, encoder)
        learning = folder / "learning.parquet"
        train.main(self._contexts, encoder, spec, checkpoint, folder / "policy.pt", learning)
        frame = io.read(learning, learning_table.TABLE)
        diverged = {f"run {seed}" for seed in frame.loc[frame["status"] == "diverged", "seed"]}
        weights = policy.load(folder / "policy.pt")
        return weights, policy.finite(weights) & np.array([key not in diverged for key in weights.keys])

    def _play(self, weights: policy.Weights, runs: list[int]) -> np.ndarray:
        """Mean return over contexts and episodes of each of the `runs`, which the weights are of."""
        agent, entry = weights.agent(), registry.entry("method", weights.spec["method"])
        chunks = [chunk.select(runs) for chunk in self._cases]
        played = [play_agent(agent, entry, self._build, chunk).episode_return for chunk in chunks]
        return np.concatenate(played, axis=1).mean(axis=1)

    def _random_return(self) -> float:
        first = [Cases(chunk.split, *(array[:1] for array in chunk[1:])) for chunk in self._cases]
        played = [
            play_controller("random", self.spec["benchmark"], self._build, chunk).episode_return
            for chunk in first
        ]
        return float(np.concatenate(played, axis=1).mean())
