"""Encoders that are pretrained as in the quick study, without the files of its jobs."""

import numpy as np

from benchmarks.scale.method_costs import quick
from meta_rl.contexts import EXTRAPOLATION, INTERPOLATION, TRAIN
from meta_rl.methods import trajectory_frames
from meta_rl.methods.base import Trajectories
from meta_rl.streams import run_key
from meta_rl.training.block import encoders, finish, generator_streams, start
from meta_rl.training.policy import Weights
from meta_rl.training.setup import Setup
from meta_rl.training.trajectories import Sets, collect

SEEDS = np.arange(5)
HELD_OUT = 20  # contexts of each region


class Pretrained:
    """The encoders of all seeds, and the trajectories of their generators, by split."""

    def __init__(self, benchmark: str, method: str, contexts: int = 20) -> None:
        study = quick()
        agent, block = study.benchmarks[benchmark]["agents"][0], next(iter(study.blocks))
        self.spec = study.spec("train", benchmark=benchmark, agent=agent, method=method, block=block)
        outside = Setup(study.spec("sample_contexts", benchmark=benchmark, part="held_out")).task.contexts
        setup = Setup(self.spec)
        space = setup.task.contexts
        own = np.stack([space.draw_train(run_key(benchmark, seed), contexts) for seed in SEEDS.tolist()])
        ids = np.arange(own[..., 0].size).reshape(own.shape[:2])
        self.sets: Sets = {TRAIN: (ids, own)}
        generator = self._generator(own)
        if generator is not None:
            for split in (INTERPOLATION, EXTRAPOLATION):
                drawn = np.repeat(outside.draw_held_out(split, HELD_OUT)[None], len(SEEDS), 0)
                self.sets[split] = (np.tile(np.arange(HELD_OUT), (len(SEEDS), 1)), drawn)
        frame = collect(self.spec, SEEDS, self.sets, generator)
        rewarded = setup.environment.spaces.rewarded
        self.trajectories: dict[str, Trajectories] = {
            split: trajectory_frames.tensors(frame[frame["split"] == split], split, rewarded)
            for split in self.sets
        }
        weights, self.figures = encoders(self.spec, SEEDS, own, self.trajectories[TRAIN], 0, {})
        self.setup, self.method = weights.method()

    def _generator(self, contexts: np.ndarray) -> Weights | None:
        steps = self.spec["method_settings"].get("generator_steps")
        if not steps:
            return None
        alone = self.spec | {"method": "none", "method_settings": {}, "env_steps": steps, "snapshots": 1}
        training = start(alone, contexts, generator_streams(self.spec, SEEDS))
        return finish(training, alone, "generators", {})[0]
