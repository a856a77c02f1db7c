"""How much of the true context a linear probe reads from an encoding.

A ridge regression from z to the context is fitted on a run's train contexts and measured on held-out ones,
beside a control whose train contexts are shuffled: what the control reaches is chance.
"""

import numpy as np
import pandas as pd

PENALTY = 1.0  # on the squared weights of a standardised z, beside the summed squared error
_SHUFFLES = 20
_RUN = ["benchmark", "agent", "method", "information", "seed"]


def read(z: np.ndarray, context: np.ndarray, z_new: np.ndarray) -> np.ndarray:
    """What a ridge probe, fitted on z [N, Z] and context [N, F], reads from z_new [M, Z]: [M, F].

    z is standardised with the moments of the N contexts; the intercept bears no penalty.
    """
    centre, spread = z.mean(axis=0), np.where(z.std(axis=0) > 0, z.std(axis=0), 1.0)
    code, middle = (z - centre) / spread, context.mean(axis=0)
    gram = code.T @ code + PENALTY * np.eye(code.shape[1])
    return middle + (z_new - centre) / spread @ np.linalg.solve(gram, code.T @ (context - middle))


def ridge_r2(z: np.ndarray, context: np.ndarray, z_new: np.ndarray, context_new: np.ndarray) -> float:
    """R2 of the probe on new contexts, from their own mean; mean over the features that vary in both."""
    error = ((context_new - read(z, context, z_new)) ** 2).mean(axis=0)
    varies = (np.ptp(context, axis=0) > 0) & (np.ptp(context_new, axis=0) > 0)
    return float(np.mean(1 - error[varies] / context_new.var(axis=0)[varies]))


def encoding_r2(encodings: pd.DataFrame, contexts: pd.DataFrame) -> pd.DataFrame:
    """One row per run and held-out split: encoding_r2, encoding_r2_shuffled (mean over 20 shuffles)."""
    rows = []
    for run, group in encodings.groupby(_RUN):
        own = contexts[contexts["benchmark"] == run[0]]
        features = own.pivot(index=["split", "context_id"], columns="feature", values="value")
        codes = group.pivot(index=["split", "context_id"], columns="dimension", values="value")
        features = features.loc[codes.index]
        z, context = codes.loc["train"].to_numpy(), features.loc["train"].to_numpy()
        random = np.random.default_rng(0)
        shuffled = [random.permutation(context) for _ in range(_SHUFFLES)]
        for split in sorted(set(group["split"]) - {"train"}):
            new = codes.loc[split].to_numpy(), features.loc[split].to_numpy()
            control = np.mean([ridge_r2(z, other, *new) for other in shuffled])
            rows.append([*run, split, ridge_r2(z, context, *new), control])
    return pd.DataFrame(rows, columns=[*_RUN, "split", "encoding_r2", "encoding_r2_shuffled"])
