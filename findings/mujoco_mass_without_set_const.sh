#!/usr/bin/env bash
# mujoco 3.3.0, gymnasium 1.3.0: an edit of body_mass leaves what MuJoCo derived from the masses as it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mujoco==3.3.0 'gymnasium[mujoco]==1.3.0' numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import gymnasium
import mujoco
import numpy as np

print("mujoco", version("mujoco"), "gymnasium", version("gymnasium"))
DERIVED = ("body_subtreemass", "dof_M0", "dof_invweight0", "body_invweight0")


def heavy(consistent):
    environment = gymnasium.make("Hopper-v5").unwrapped
    model = environment.model
    before = {name: getattr(model, name).copy() for name in DERIVED}
    model.body_mass *= 2
    model.body_inertia *= 2
    if consistent:
        mujoco.mj_setConst(model, environment.data)
    stale = [name for name in DERIVED if np.array_equal(before[name], getattr(model, name))]
    environment.reset(seed=0)
    return stale, environment.step(np.zeros(3))[0]


(stale, without), (none, with_it) = heavy(False), heavy(True)
print("masses and inertias doubled; unchanged without mj_setConst:", *stale)
print("largest difference of the first observation:", np.abs(without - with_it).max())
assert stale == list(DERIVED), "some follow by themselves now"
assert none == []
assert np.abs(without - with_it).max() > 1e-6, "limits and contacts do not use them any more"
print("Why it matters: limits, contacts and friction are softened by the derived weights, so a context of another mass that")
print("is set without mj_setConst is a body that no model file describes. No error or warning says so.")
PYTHON
