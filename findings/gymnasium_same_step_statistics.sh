#!/usr/bin/env bash
# gymnasium 1.3.0: the vector wrapper RecordEpisodeStatistics reports every episode but the first one a step short where
# environments are reset in the step in which they end. 1.4.0 does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat > "$folder/episodes.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics


class Three(gymnasium.Env):
    """Each episode is three steps of reward 1."""

    observation_space = action_space = gymnasium.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action):
        self.steps += 1
        return self.steps, 1.0, self.steps == 3, False, {}


def lengths(mode):
    vector = RecordEpisodeStatistics(SyncVectorEnv([Three], autoreset_mode=mode))
    vector.reset(seed=0)
    while len(vector.length_queue) < 4:
        vector.step(np.zeros(1, dtype=int))
    return [int(length) for length in vector.length_queue]


found = {mode.name: lengths(mode) for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)}
print("gymnasium", version("gymnasium"), json.dumps(found))
expected = {"NEXT_STEP": [3, 3, 3, 3], "SAME_STEP": json.loads(sys.argv[1])}
assert found == expected, f"other lengths than {expected}"
PYTHON
for expected in "gymnasium==1.3.0 [3,2,2,2]" "gymnasium==1.4.0 [3,3,3,3]"; do
    read -r package lengths <<< "$expected"
    "$folder/venv/bin/pip" install --quiet "$package" numpy==2.4.6
    env -u PYTHONPATH "$folder/venv/bin/python" "$folder/episodes.py" "$lengths"
done
echo "Why it matters: returns that are read from this wrapper lack a step's reward, and lengths a step, in every episode but"
echo "the first one; with 1.3.0 such returns cannot be compared with those of other modes."
