#!/usr/bin/env bash
# stable-baselines3 2.9.2, gymnasium 1.3.0: evaluate_policy resets an environment once more than it plays episodes. An
# environment that takes its next task at each reset skips one in every evaluation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet stable-baselines3==2.9.2 gymnasium==1.3.0 numpy==2.4.6 torch==2.13.0
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import gymnasium
import numpy as np
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

TASKS = 10
print("stable-baselines3", version("stable-baselines3"), "gymnasium", version("gymnasium"))


class Tasks(gymnasium.Env):
    """The tasks 0 to 9 in turn, a new one at each reset; an episode is one step, and its reward the task's number."""

    observation_space, action_space = gymnasium.spaces.Box(0, 1, (1,)), gymnasium.spaces.Discrete(2)
    resets = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.task, self.resets = self.resets % TASKS, self.resets + 1
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        return np.zeros(1, dtype=np.float32), float(self.task), True, False, {}


class Still:
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.zeros(len(observation), dtype=int), None


environment = Monitor(Tasks())
played = []
for _ in range(3):
    rewards, _ = evaluate_policy(Still(), environment, n_eval_episodes=TASKS, return_episode_rewards=True)
    played.append([int(reward) for reward in rewards])
    print(f"played {played[-1]}, {environment.unwrapped.resets} resets so far")
assert environment.unwrapped.resets == 3 * (TASKS + 1), "as many resets as episodes now"
# The eleventh reset takes a task, and the next evaluation's reset another one.
assert [tasks[0] for tasks in played] == [0, 1, 2]

part = Monitor(Tasks())
halves = [evaluate_policy(Still(), part, n_eval_episodes=5, return_episode_rewards=True)[0] for _ in range(2)]
met = sorted({int(reward) for rewards in halves for reward in rewards})
print(f"two evaluations of five episodes over ten tasks played {met}")
assert met == [0, 1, 2, 3, 4, 6, 7, 8, 9], "nothing is skipped now"
print("Why it matters: evaluations of as many episodes as tasks meet other tasks each time where the order is drawn anew, and")
print("halves of a test set are not the whole. What comes next must follow from the episodes that were played, not resets.")
PYTHON
