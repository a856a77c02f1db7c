#!/usr/bin/env bash
# mujoco 3.3.0, gymnasium 1.3.0: in MjSpec a body's mass is ignored where inertiafromgeom is true, explicit or not.
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

print("mujoco", version("mujoco"), "gymnasium", version("gymnasium"))
ASSETS = Path(gymnasium.__file__).parent / "envs/mujoco/assets"
for name, body, geom in (("hopper", "torso", "torso_geom"), ("walker2d", "torso", "torso_geom")):
    found = {}
    for how in ("plain", "body.mass", "explicitinertial", "geom.mass"):
        spec = mujoco.MjSpec.from_file(str(ASSETS / f"{name}.xml"))
        if how in ("body.mass", "explicitinertial"):
            spec.body(body).mass = 100.0
            spec.body(body).inertia = [1.0, 1.0, 1.0]
            spec.body(body).explicitinertial = how == "explicitinertial"
        if how == "geom.mass":
            spec.geom(geom).mass = 100.0
        found[how] = float(spec.compile().body(body).mass[0])
    print(name, "mass of the torso after asking for 100 by", found)
    assert found["body.mass"] == found["explicitinertial"] == found["plain"], "a body's own mass counts now"
    assert abs(found["geom.mass"] - 100) < 1e-9
print("Why it matters: a context that sets body.mass is compiled without a warning and is the default one. Set the geom's.")
PYTHON
