"""Ridge regression whose penalty is chosen by leaving one out, which two estimators share: no estimator itself."""

import numpy as np
from sklearn.linear_model import RidgeCV

_PENALTIES = np.logspace(-2, 4, 13)
_LEAST = 3  # contexts


def check(contexts: int) -> None:
    """Raises ValueError if there are too few to be fitted on."""
    if contexts < _LEAST:
        raise ValueError(
            f"{contexts} validation contexts with a target are too few; {_LEAST} or more are needed"
        )


def ridge(inputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights [D] and the constant, of inputs [N, D] of about unit size and targets [N] of N contexts.

    The penalty is that of a grid whose predictions of what each was left out of have the least squared error. Raises
    ValueError if there are too few.
    """
    check(len(target))
    model = RidgeCV(_PENALTIES).fit(inputs, target)
    return model.coef_, float(model.intercept_)
