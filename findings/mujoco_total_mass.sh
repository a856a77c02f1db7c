#!/usr/bin/env bash
# mujoco 3.3.0, gymnasium 1.3.0: HalfCheetah's settotalmass undoes densities: twice all of them is the same model.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mujoco==3.3.0 'gymnasium[mujoco]==1.3.0' numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from pathlib import Path

import gymnasium
import mujoco
import numpy as np

print("mujoco", version("mujoco"), "gymnasium", version("gymnasium"))
FILE = Path(gymnasium.__file__).parent / "envs/mujoco/assets/half_cheetah.xml"


def masses(factor, geoms, keep_total=True):
    spec = mujoco.MjSpec.from_file(str(FILE))
    if not keep_total:
        spec.compiler.settotalmass = -1
    for geom in spec.geoms:
        if geoms is None or geom.name in geoms:
            geom.density *= factor
    return spec.compile().body_mass[1:]


plain = masses(1, None)
twice, torso, free = masses(2, None), masses(2, {"torso"}), masses(2, None, keep_total=False)
print("masses:", plain.round(3), "sum", plain.sum())
print("all densities twice as large, factor of each mass:", (twice / plain).round(3))
print("the torso's alone:", (torso / plain).round(3))
print("all, with settotalmass = -1:", (free / masses(1, None, keep_total=False)).round(3))
assert np.array_equal(plain, twice), "densities act now"
assert (torso / plain)[0] < 1.5 and ((torso / plain)[1:] < 0.8).all(), "the other bodies keep their masses now"
assert np.allclose(free / masses(1, None, keep_total=False), 2)
print("Why it matters: a context feature 'density' is inert, and 'torso density' makes the legs lighter. Set")
print("settotalmass to -1 first, or scale the compiled masses and inertias.")
PYTHON
