"""Episodes of CartPole in contexts of different gravity."""

import numpy as np

from meta_rl.training import episodes

Cases = episodes.Cases


def gravity_cases(count: int, played: int) -> Cases:
    values = np.tile(np.geomspace(0.98, 43, count)[:, None], (2, 1, 1))
    ids = np.tile(np.arange(count), (2, 1))
    return episodes.cases("small", "interpolation", ids, values, np.arange(played), 4)
