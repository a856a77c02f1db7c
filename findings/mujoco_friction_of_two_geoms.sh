#!/usr/bin/env bash
# mujoco 3.3.0, gymnasium 1.3.0: the friction of a contact is the larger of two, so a slippery floor changes nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mujoco==3.3.0 'gymnasium[mujoco]==1.3.0' numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import gymnasium
import numpy as np

print("mujoco", version("mujoco"), "gymnasium", version("gymnasium"))


def hop(floor, foot=2.0):
    environment = gymnasium.make("Hopper-v5").unwrapped
    environment.model.geom("floor").friction[0] = floor
    environment.model.geom("foot_geom").friction[0] = foot
    environment.reset(seed=0)
    actions = np.random.default_rng(0).uniform(-1, 1, (60, 3))
    return np.array([environment.step(action)[0] for action in actions])


plain = hop(1.0)
for floor, foot in ((0.01, 2.0), (0.5, 2.0), (2.0, 2.0), (4.0, 2.0), (0.01, 0.01)):
    same = np.array_equal(plain, hop(floor, foot))
    print(f"floor {floor}, foot {foot}: 60 steps {'as' if same else 'not as'} with the floor of 1.0")
    assert same == (foot == 2.0 and floor <= 2.0), "another rule joins the two now"
print("Why it matters: a benchmark that varies the floor's friction below the foot's varies nothing, and every method")
print("generalises perfectly. The friction of all geoms of a contact has to change.")
PYTHON
