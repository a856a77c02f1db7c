"""Striker: a swing of the arm per row, planned by the cross-entropy method (Rubinstein 1999) on simulations.

A swing pulls the joints towards a pose behind the ball, then towards a pose beyond it, brakes and rests. The
planner tries swings in a scene of its own, in the context that it believes the row to have.
"""

from typing import Any

import numpy as np

from meta_rl.controllers.base import Controller
from meta_rl.envs.simulator import SimulatorRows
from meta_rl.spaces import Environments

STARTS = 1  # that conformance tests compare: plans take their time
POPULATION, ELITE, ROUNDS = 32, 6, 8
STILL = 0.01  # m/s: with a slower ball, every further step has the same reward
PULL, BRAKE, BRAKING = 4.5, 0.8, 15  # N m/rad, N m s/rad, steps
# Two poses [rad], the steps at which the second one and the braking begin, and the logarithm of its pull: the
# middle of what long searches found, and the spread of the first round.
BEHIND, BEYOND = (0.2, 0.9, -1.4, -1.3, 0.9, -0.1, 0.2), (0.8, 0.8, -1.4, -0.8, 1.0, -0.1, 0.4)
MEAN = np.array([*BEHIND, *BEYOND, 8.0, 17.0, 1.5])
SPREAD = np.array([0.4] * 14 + [4.0, 5.0, 0.4])


class Swing:
    """Plans in the first step of an episode, which must be that of all rows."""

    def __init__(self) -> None:
        self._swings: list[np.ndarray] = []
        self._time = 0

    def __call__(self, environments: Environments, chance: np.ndarray) -> np.ndarray:
        assert isinstance(environments, SimulatorRows)
        simulator, workers = environments.simulator, environments.workers
        if not self._swings:
            scene = simulator.make()
            for row, (worker, seed) in enumerate(zip(workers, chance[..., 0].ravel(), strict=True)):
                believed = {name: values.item(row) for name, values in environments.context.items()}
                simulator.apply(scene, believed)
                rng = np.random.default_rng(int(seed * 2**53))
                self._swings.append(_planned(scene, worker.snapshot(), simulator.horizon, rng))
        pairs = zip(workers, self._swings, strict=True)
        actions = np.array([_torque(worker, swing, self._time) for worker, swing in pairs])
        self._time += 1
        return actions.reshape(*environments.rows, -1)


def _planned(scene: Any, start: Any, horizon: int, rng: np.random.Generator) -> np.ndarray:
    """The best of POPULATION * ROUNDS swings [17] from a snapshot on."""

    def episode_return(swing: np.ndarray) -> float:
        scene.restore(start)
        total = 0.0
        for time in range(horizon):
            reward = scene.step(_torque(scene, swing, time))[1]
            total += reward
            if time > swing[15] + BRAKING and abs(scene.data.qvel[7:9]).max() < STILL:
                return total + (horizon - 1 - time) * reward
        return total

    mean, spread, best, highest = MEAN, SPREAD, MEAN, -np.inf
    for _ in range(ROUNDS):
        swings = mean + spread * rng.standard_normal((POPULATION, len(MEAN)))
        returns = np.array([episode_return(swing) for swing in swings])
        elite = swings[returns.argsort()[-ELITE:]]
        if returns.max() > highest:
            best, highest = elite[-1], returns.max()
        mean, spread = elite.mean(axis=0), 0.3 * spread + 0.7 * elite.std(axis=0)
    return best


def _torque(scene: Any, swing: np.ndarray, time: int) -> np.ndarray:
    """float32 [7] in step `time` of a swing."""
    angles, speeds = scene.data.qpos[:7], scene.data.qvel[:7]
    strike, brake, pull = swing[14:]
    if time < strike:
        wanted = PULL * (swing[:7] - angles) - BRAKE * speeds
    elif time < brake:
        wanted = np.exp(pull) * (swing[7:14] - angles)
    else:
        wanted = -BRAKE * speeds * (time < brake + BRAKING)
    return wanted.clip(-scene.limit, scene.limit).astype(np.float32)


def build() -> Controller:
    return Swing()
