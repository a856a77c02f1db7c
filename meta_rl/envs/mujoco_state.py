"""The state of a MuJoCo simulation as one vector, from which it goes on to the last bit.

Only with the solver's warm start is it the same episode: from positions and velocities alone the next step differs
in its last digits, and a body with contacts soon is somewhere else.
"""

import mujoco
import numpy as np

_STATE = mujoco.mjtState.mjSTATE_INTEGRATION


def save(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """float64 [size]: time, positions, velocities, controls, applied forces, mocap poses and warm start."""
    state = np.empty(mujoco.mj_stateSize(model, _STATE))
    mujoco.mj_getState(model, data, state, _STATE)
    return state


def load(model: mujoco.MjModel, data: mujoco.MjData, state: np.ndarray) -> None:
    """Put a saved state in; it may come from a model with other physics.

    What follows from it (places of bodies, forces of contacts) is as it was until the next step computes it:
    `mj_forward` would do it at once, but it changes the warm start.
    """
    mujoco.mj_setState(model, data, state, _STATE)
