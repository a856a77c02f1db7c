"""What an estimator is shown: just what its line in the registry declares."""

from torch import Tensor

from meta_rl.registry import Entry
from meta_rl.uncertainty.base import Shown
from meta_rl.uncertainty.watched import Watched

VALUE = "value"  # the signal that every agent has


def window(entry: Entry, watched: Watched) -> Watched:
    """The episodes, without signals and encodings that are not declared."""
    signals = {name: value for name, value in watched.signals.items() if name in entry.needs | {VALUE}}
    encoding = watched.encoding if "encoding" in entry.needs else None
    return watched._replace(signals=signals, encoding=encoding)


def context(entry: Entry, values: Tensor) -> Tensor | None:
    """The contexts, where they are declared."""
    return values if "context" in entry.needs else None


def shown(
    entry: Entry,
    watched: Watched,
    contexts: Tensor,
    returned: Tensor | None = None,
    shortfall: Tensor | None = None,
) -> Shown:
    """One set of contexts to be fitted on."""
    return Shown(
        window(entry, watched),
        context(entry, contexts),
        returned if entry.needs & {"validation", "calibration"} else None,
        shortfall if "shortfall" in entry.needs else None,
    )
