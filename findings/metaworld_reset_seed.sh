#!/usr/bin/env bash
# metaworld 3.1.1 with gymnasium 1.3.0: reset(seed=...) of an environment does not decide where an episode starts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet metaworld==3.1.1 mujoco==3.3.0 gymnasium==1.3.0 numpy==2.4.6 packaging
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import metaworld
import numpy as np

print("metaworld", version("metaworld"), "gymnasium", version("gymnasium"))


def starts(seeds):
    benchmark = metaworld.MT1("push-v3", seed=0)
    environment = benchmark.train_classes["push-v3"]()
    environment.set_task(benchmark.train_tasks[0])
    environment._freeze_rand_vec = False  # each episode draws its own start, as in training
    return np.array([environment.reset(seed=seed)[0] for seed in seeds])


same = starts([3, 3])
puck = same[:, 4:7]
print("where the puck starts after two resets with seed 3:", *puck)
assert not np.array_equal(puck[0], puck[1]), "the seed of a reset decides now"
print("Why it matters: Gymnasium promises the same episode for the same seed of reset. Held-out episodes that are meant to")
print("be paired between methods are not, unless the environment's own generator is seeded.")
PYTHON
