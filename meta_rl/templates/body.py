"""Gymnasium's Pusher over MuJoCo: an arm that pushes a cylinder to a goal, with its dynamics as context.

Features, bounds, contexts and the reference are those of every body (meta_rl/envs/mujoco.py). What is written here is
what a step returns, of many rows at once: Gymnasium's own methods take longer than the physics.
"""

from typing import Any

import numpy as np

from meta_rl.envs.mujoco import Body
from meta_rl.envs.mujoco_outcomes import Outcome, Read, Returned

# Read and not run, so keep it a literal. What may stand here: meta_rl/entries.py.
ENVS = {"mine": {"object": "BODY"}}


def _outcome(task: Any, was: Read, now: Read, action: np.ndarray) -> Returned:
    """Observation [R, O], reward [R] and terminated [R], in Gymnasium's order of operations."""
    arm, cylinder, goal = (
        now["xpos"][:, task.model.body(name).id] for name in ("tips_arm", "object", "goal")
    )
    near, far = (np.sqrt([one.dot(one) for one in cylinder - other]) for other in (arm, goal))
    effort = np.square(action).sum(1) * task._reward_control_weight
    reward = -far * task._reward_dist_weight - effort - near * task._reward_near_weight
    seen = [now["qpos"][:, :7], now["qvel"][:, :7], arm, cylinder, goal]
    return np.concatenate(seen, axis=1), reward, np.zeros(len(reward), dtype=bool)


# What `meta_rl gate` finds to change nothing, with the reason.
_INERT = {
    f"{kind}_{part}": "nothing moves the goal"
    if "goal" in part
    else "random actions do not reach the cylinder"
    for kind, parts in {
        "mass": ("object", "goal"),
        "damping": ("obj_slidex", "obj_slidey", "goal_slidex", "goal_slidey"),
        "armature": ("obj_slidex", "obj_slidey", "goal_slidex", "goal_slidey"),
    }.items()
    for part in parts
}
# Gymnasium's threshold, 0, is more than anybody can reach.
BODY = Body("Pusher-v5", Outcome(_outcome, ("qpos", "qvel", "xpos")), _INERT, success=-30.0)
