#!/usr/bin/env bash
# minari 0.5.4: an environment that was changed after make is recovered unchanged; an array among the arguments of make
# makes the data set unrecoverable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'minari[create]==0.5.4' gymnasium==1.3.0 numpy==2.4.6 pyarrow==26.0.1 pillow
cd "$folder" && env -u PYTHONPATH MINARI_DATASETS_PATH="$folder/data" "$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version
from pathlib import Path

import gymnasium as gym
import minari
import numpy as np

warnings.simplefilter("ignore")
print("minari", version("minari"), "gymnasium", version("gymnasium"))


Path("cart.py").write_text("""
import numpy as np
from gymnasium.envs.classic_control import CartPoleEnv


class Cart(CartPoleEnv):
    def __init__(self, gravity=9.8, **kwargs):
        super().__init__(**kwargs)
        self.gravity = float(np.asarray(gravity).item())
""")
gym.register("Cart-v0", "cart:Cart", max_episode_steps=20)


def recovered(name, change, **kwargs):
    environment = gym.make("Cart-v0", **kwargs)
    if change:
        environment.unwrapped.gravity = 3.0
    recorder = minari.DataCollector(environment, data_format="arrow")
    for seed in (0, 1):
        recorder.reset(seed=seed)
        done = False
        while not done:
            _, _, terminated, truncated, _ = recorder.step(0)
            done = terminated or truncated
    recorder.create_dataset(dataset_id=f"cart/{name}-v0")
    return minari.load_dataset(f"cart/{name}-v0").recover_environment().unwrapped.gravity


told, changed = recovered("told", False, gravity=3.0), recovered("changed", True)
print(f"gravity 3 given to make: recovered with {told}")
print(f"gravity 3 set after make: recovered with {changed}")
try:
    recovered("array", False, gravity=np.array([3.0]))
    raised = None
except Exception as error:
    raised = f"{type(error).__name__}: {error}"
print(f"gravity as an array given to make: {raised}")
assert told == 3.0
assert changed == 9.8, "what was set after make is recovered now"
assert raised is not None, "an array can be recovered now"
print("Why it matters: recorded in a context that was set on the environment, a data set evaluates in the default one. A")
print("context must go through make, as plain numbers, or stand in every episode's infos.")
PYTHON
