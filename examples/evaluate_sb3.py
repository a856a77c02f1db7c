"""Saved models of Stable-Baselines3, one per run, played and scored as our studies do it.

    python examples/evaluate_sb3.py cartpole_length model_0.zip model_1.zip [--vec-normalize stats_0.pkl stats_1.pkl]

The n-th model is that of the run n: its train contexts are those of `seed=n` of the ids. A zip is unpickled, which can
run code that is in it: give files of your own only. Writes the tables where `--tables` says.
"""

import argparse
from pathlib import Path

import meta_rl


def main() -> None:
    parser = argparse.ArgumentParser(description="Score saved models of Stable-Baselines3.")
    parser.add_argument("benchmark")
    parser.add_argument("models", nargs="+", metavar="ZIP")
    parser.add_argument("--vec-normalize", nargs="+", metavar="PKL", help="one for each model that had one")
    parser.add_argument("--observe", choices=("plain", "flat"), default="plain", help="as in training")
    parser.add_argument("--episodes", type=int, default=20, help="greedy episodes per context")
    parser.add_argument("--tables", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    found = meta_rl.evaluate(
        given.models,
        given.benchmark,
        observe=given.observe,
        episodes=given.episodes,
        vec_normalize=given.vec_normalize,
        trusted=True,
    )
    print(found)
    if given.tables:
        given.tables.mkdir(parents=True, exist_ok=True)
        for name in ("evaluation", "scores", "metrics"):
            getattr(found, name).to_csv(given.tables / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
