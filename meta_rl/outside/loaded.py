"""A policy file of ours, for use in a script."""

from pathlib import Path

from meta_rl.errors import UserError
from meta_rl.outside.player import Player
from meta_rl.training import policy
from meta_rl.training.policy import Weights


class Policies:
    """The runs of a policy file: `benchmark`, `agent` and `method` as in the tables, and the seed of each run."""

    def __init__(self, weights: Weights) -> None:
        spec = weights.spec
        self.weights = weights
        self.benchmark: str = spec["benchmark"]
        self.agent: str = spec["agent"]
        self.method: str = spec.get("variant", spec["method"])
        self.seeds = seeds_of(weights)

    def player(self, run: int | None = None) -> Player:
        """What acts as the run with this seed does at the end of its training; of a single run it need not be named.

        Raises UserError if there is no such run.
        """
        if run is None and len(self.seeds) == 1:
            run = self.seeds[0]
        if run not in self.seeds:
            known = ", ".join(map(str, self.seeds))
            asked = "say which run" if run is None else f"there is no run {run}"
            raise UserError(f"{self.weights.path}: {asked}; it holds those of the seeds {known}")
        return Player(self.weights.select(self.seeds.index(run)).runs())

    def __repr__(self) -> str:
        return (
            f"<{self.agent} with {self.method} on {self.benchmark}, seeds {', '.join(map(str, self.seeds))}>"
        )


def load(path: str | Path) -> Policies:
    """The runs of a `policy.pt`, read without running code from it. A UserError if it is not whole, or none of ours."""
    weights = policy.load(path)
    if not {"agent", "env_steps"} <= weights.spec.keys() or not seeds_of(weights):
        raise UserError(f"{path}: holds no runs of an agent; give the policy.pt of a study")
    return Policies(weights)


def seeds_of(weights: Weights) -> tuple[int, ...]:
    """The seeds of the runs, which their keys end in (see `streams.run_key`); none of specialists and generators."""
    start = f"{weights.spec.get('benchmark')} run "
    return tuple(int(key.removeprefix(start)) for key in weights.keys if key.startswith(start))
