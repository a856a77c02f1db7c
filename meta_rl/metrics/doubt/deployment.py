"""What is saved if the contexts of most doubt are handed over: to nobody (abstain), or to the reference.

Acting on a good detector may still cost return (arXiv 2602.03338), so this stands beside AUROC.
Arrays are [C]; equal doubt counts by expectation over its orders. Hand-over to the reference is what YRC-Bench
(arXiv 2502.09583) measures, whose two fixed rules (always, never ask) stand beside it.
"""

import numpy as np

from meta_rl.metrics.doubt.selective import in_order

PRICES = np.linspace(0.0, 1.0, 11)  # of one hand-over, in Delta


def abstaining(doubt: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Mean return over the contexts kept, with 0, 1, ..., C - 1 put aside: [C]."""
    return (np.cumsum(in_order(doubt, returns)) / np.arange(1, len(doubt) + 1))[::-1]


def to_reference(doubt: np.ndarray, returns: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Mean return over all contexts, where the reference plays 0, 1, ..., C of them: [C + 1].

    The mean of all but the last is the mean reference less the AUGRC.
    """
    lost = np.append(0.0, np.cumsum(in_order(doubt, reference - returns)))
    return ((np.sort(reference).sum() - lost) / len(doubt))[::-1]


def priced(planned: np.ndarray, actual: np.ndarray, delta: float) -> float:
    """Mean over prices of the return less what hand-overs cost, for curves of `to_reference`, [C + 1].

    For each price the number handed over is the best by `planned`, from episodes that are not those of `actual`: it
    is what a threshold chosen on these contexts reaches, so an upper end of what one chosen elsewhere does.
    """
    share = np.arange(len(planned)) / (len(planned) - 1)
    net = [(planned - price * share).argmax() for price in PRICES * delta]
    return float(np.mean(actual[net] - PRICES * delta * share[net]))
