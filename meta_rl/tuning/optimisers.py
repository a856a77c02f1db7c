"""Who proposes the next candidate: DEHB (Awad, Mallik & Hutter 2021), or random search as its baseline.

Both are asked and told one candidate at a time. What they propose follows from their seed and from what they were
told, so that a killed tuning goes on where it was by telling them its results again.
"""

import json
import tempfile
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from meta_rl.errors import UserError
from meta_rl.study.candidates import ETA

Search = dict[str, dict[str, Any]]  # setting: values and scale, as in a checked study


class Proposal(NamedTuple):
    """Settings to try, and the rung to try them at: 0 is the longest training, 1 a third of it, and so on."""

    settings: dict[str, Any]
    rung: int


class Optimiser(Protocol):
    """Minimises a loss."""

    def ask(self) -> Proposal: ...

    def tell(self, loss: float) -> None:
        """The loss of what was asked for last."""


def space(search: Search, types: dict[str, str], seed: int) -> Any:
    """The ConfigSpace of all settings that have more than one value; `types` are `int`, `float` or others."""
    import ConfigSpace

    made = ConfigSpace.ConfigurationSpace(seed=seed)
    for name, one in search.items():
        values, log = one["values"], one["scale"] == "log"
        if len(values) == 1:
            continue
        if one["scale"] == "choice":
            made.add(ConfigSpace.Categorical(name, [json.dumps(value) for value in values]))
        elif types[name] == "int":
            made.add(ConfigSpace.Integer(name, tuple(values), log=log))
        else:
            made.add(ConfigSpace.Float(name, (float(values[0]), float(values[1])), log=log))
    return made


def decoded(search: Search, configuration: Any) -> dict[str, Any]:
    """The settings of a configuration, with those that are fixed."""
    found = {name: one["values"][0] for name, one in search.items() if len(one["values"]) == 1}
    for name, value in dict(configuration).items():
        plain = value.item() if hasattr(value, "item") else value
        found[name] = json.loads(plain) if search[name]["scale"] == "choice" else plain
    return dict(sorted(found.items()))


class DEHB:
    """Differential evolution over Hyperband's brackets: many short candidates, and longer ones of what was good."""

    def __init__(self, search: Search, types: dict[str, str], rungs: int, seed: int) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of dask, which is not used
                from dehb import DEHB as Package
        except ImportError as error:
            raise UserError(
                f"tune.optimiser: DEHB cannot be imported ({error}); run `make install`"
            ) from error
        self._search, self._rungs = search, rungs
        with tempfile.TemporaryDirectory() as folder:  # for its log; its checkpoints are not used
            self._dehb = Package(
                cs=space(search, types, seed),
                min_fidelity=ETA ** -(rungs - 1) * (1 - 1e-9),  # it rounds a logarithm down
                max_fidelity=1.0,
                eta=ETA,
                n_workers=1,
                seed=seed,
                save_freq="end",
                output_path=folder,
                log_level="ERROR",
            )
        self._job: dict[str, Any] = {}

    def ask(self) -> Proposal:
        self._job = self._dehb.ask()
        fidelities = sorted(self._dehb.fidelities, reverse=True)
        rung = fidelities.index(self._job["fidelity"])
        return Proposal(decoded(self._search, self._job["config"]), rung)

    def tell(self, loss: float) -> None:
        self._dehb.tell(self._job, {"fitness": loss, "cost": float(self._job["fidelity"])})


class Random:
    """Independent draws from the same space, each trained to the end (Bergstra & Bengio 2012)."""

    def __init__(self, search: Search, types: dict[str, str], rungs: int, seed: int) -> None:
        self._search, self._space = search, space(search, types, seed)

    def ask(self) -> Proposal:
        return Proposal(decoded(self._search, self._space.sample_configuration()), 0)

    def tell(self, loss: float) -> None:
        """Nothing is learnt."""


OPTIMISERS: dict[str, Callable[[Search, dict[str, str], int, int], Optimiser]] = {
    "dehb": DEHB,
    "random": Random,
}
