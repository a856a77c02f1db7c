#!/usr/bin/env bash
# mujoco 3.3.0, gymnasium 1.3.0: mujoco.rollout from a full physics state is another episode without the warm start.
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
from mujoco import rollout

print("mujoco", version("mujoco"), "gymnasium", version("gymnasium"))
KIND = mujoco.mjtState.mjSTATE_FULLPHYSICS
environment = gymnasium.make("Ant-v5").unwrapped
environment.reset(seed=0)
model, data, repeat = environment.model, environment.data, environment.frame_skip


def state():
    held = np.empty(mujoco.mj_stateSize(model, KIND))
    mujoco.mj_getState(model, data, held, KIND)
    return held


start, warm = state(), data.qacc_warmstart.copy()
actions = np.random.default_rng(0).uniform(-1, 1, (300, model.nu))
stepped = []
for action in actions:
    environment.step(action)
    stepped.append(state())


def difference(**options):
    states, _ = rollout.rollout(model, mujoco.MjData(model), start[None], actions.repeat(repeat, 0)[None], **options)
    return np.abs(states[0, repeat - 1 :: repeat] - np.array(stepped)).max(1)


without, with_it = difference(), difference(initial_warmstart=warm[None])
print("largest difference from Gymnasium's own steps, after 1 and 300 steps")
print("  without initial_warmstart:", without[0], without[-1])
print("  with data.qacc_warmstart: ", with_it[0], with_it[-1])
assert with_it.max() == 0
assert 0 < without[0] < 1e-6 and without[-1] > 1e-2, "the state alone is enough now"
print("Why it matters: 'full physics' leaves out what the solver starts from. A rollout that should continue an episode is")
print("another one after some hundred chaotic steps, and a check of the first step does not see it.")
PYTHON
