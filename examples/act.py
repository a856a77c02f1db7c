"""A policy of ours in a loop of your own: what a trained run does in contexts that it never saw.

    python examples/act.py results/quick/cartpole_tau/dqn/jrpl/seeds_0-4/policy.pt [--run 3]

The player keeps the window or the state of its method itself. Rows of a vector are told from each other; those whose
episode has ended begin anew with the observation after it.
"""

import argparse

import gymnasium
import numpy as np

import meta_rl
import meta_rl.gym  # registers the ids


def main() -> None:
    parser = argparse.ArgumentParser(description="Play a trained run.")
    parser.add_argument("policy", help="the policy.pt of a study, of a published benchmark")
    parser.add_argument("--run", type=int, help="its seed; may be left out of a single run")
    parser.add_argument("--split", default="extrapolation")
    parser.add_argument("--rows", type=int, default=10, help="contexts, one row each")
    given = parser.parse_args()
    policies = meta_rl.load(given.policy)
    player = policies.player(given.run)
    print(policies)
    environments = gymnasium.make_vec(
        f"meta_rl/{policies.benchmark}-v0", num_envs=given.rows, split=given.split, n_contexts=given.rows
    )
    observation, info = environments.reset(seed=0)
    reward, expected = None, None
    returned, ended = np.zeros(given.rows), np.zeros(given.rows, dtype=bool)
    running = ~ended
    while running.any():
        action = player.act(observation, info, reward)
        expected = player.value() if expected is None else expected
        fresh = ended  # these rows begin anew in this step
        observation, reward, terminated, truncated, info = environments.step(action)
        ended = terminated | truncated
        returned += reward * running
        running &= ~ended
        player.reset(fresh)
    for row in range(given.rows):
        print(f"row {row}: returned {returned[row]:.1f}; it had expected {expected[row]:.1f}, discounted")


if __name__ == "__main__":
    main()
