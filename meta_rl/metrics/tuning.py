"""From the trials of tunings to scores, incumbents, and what the settings matter.

A trial's score is what the tuning maximises: the IQM over its tuning seeds of their mean return over the
validation contexts. The incumbent is the best so far among the trials that were trained to the end (rung 0):
shorter ones tell DEHB where to look, but their scores are of another training.
"""

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from meta_rl.metrics.returns import iqm

TUNED = ["benchmark", "agent", "method"]
TUNING = [*TUNED, "repetition"]
_FEWEST = 20  # trials from which importances are estimated
_TREES, _REPEATS, _FOLDS = 100, 10, 5


def scores(trials: pd.DataFrame) -> pd.DataFrame:
    """One row per trial: TUNING, trial, source, settings, rung, score, failures, env_steps, seconds, spent.

    `failures` are the seeds that diverged; `env_steps` and `seconds` are of all seeds together, `spent` are the
    env_steps of the tuning up to and with this trial.
    """
    groups = trials.groupby([*TUNING, "trial"], sort=True)
    frame = groups.agg(
        source=("source", "first"),
        settings=("settings", "first"),
        rung=("rung", "first"),
        score=("validation_return", lambda returns: float(iqm(returns.to_numpy()))),
        failures=("status", lambda status: int((status == "diverged").sum())),
        env_steps=("env_steps", "sum"),
        seconds=("seconds", "sum"),
    ).reset_index()
    return frame.assign(spent=frame.groupby(TUNING)["env_steps"].cumsum())


def traces(scored: pd.DataFrame) -> pd.DataFrame:
    """The incumbent's score after each trial: TUNING, trial, spent, score. The first trial is the default's."""
    whole = scored["score"].where(scored["rung"] == 0)
    best = whole.groupby([scored[key] for key in TUNING]).cummax()
    return scored[[*TUNING, "trial", "spent"]].assign(
        score=best.groupby([scored[key] for key in TUNING]).ffill()
    )


def incumbents(scored: pd.DataFrame) -> pd.DataFrame:
    """The row of `scored` that each repetition ends with; the earliest of equals."""
    whole = scored[scored["rung"] == 0].sort_values([*TUNING, "trial"])
    return scored.loc[whole.groupby(TUNING)["score"].idxmax()].reset_index(drop=True)


def chosen(scored: pd.DataFrame) -> pd.DataFrame:
    """Of all repetitions the incumbent with the most gain over the default, both on the repetition's own seeds."""
    best = incumbents(scored)
    default = scored[scored["source"] == "default"].set_index(TUNING)["score"]
    gain = best["score"] - default.loc[pd.MultiIndex.from_frame(best[TUNING])].to_numpy()
    best = best.assign(default=best["score"] - gain, gain=gain)
    return best.loc[best.groupby(TUNED)["gain"].idxmax()].reset_index(drop=True)


def importance(scored: pd.DataFrame, search: dict[str, Any]) -> pd.DataFrame:
    """How much the settings matter to the score of one benchmark, agent and method: setting, importance, std, fit.

    Permutation importance (Breiman 2001; scikit-learn) of random forests from settings to a trial's rank among
    those of its tuning that were trained as long, all on settings that the forest has not seen (cross-validation):
    how much of R^2 is lost when a setting is shuffled. `fit` is that R^2; near 0 or below it, importances say
    nothing. Empty with too few trials, or if all score the same.
    """
    names = [name for name, one in search.items() if len(one["values"]) > 1]
    rows = scored.drop_duplicates([*TUNING, "rung", "settings"])
    target = rows.groupby([*TUNING, "rung"])["score"].rank(pct=True).to_numpy()
    if len(rows) < _FEWEST or rows["score"].nunique() == 1:
        return pd.DataFrame(columns=["setting", "importance", "std", "fit"])
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import GroupKFold

    values = [json.loads(text) for text in rows["settings"]]
    inputs = np.array([[_coordinate(row[name], search[name]) for name in names] for row in values])
    predicted, lost = np.empty(len(target)), []
    for seen, unseen in GroupKFold(_FOLDS).split(inputs, target, rows["settings"]):
        forest = RandomForestRegressor(_TREES, random_state=0).fit(inputs[seen], target[seen])
        predicted[unseen] = forest.predict(inputs[unseen])
        found = permutation_importance(
            forest, inputs[unseen], target[unseen],
            scoring="neg_mean_squared_error", n_repeats=_REPEATS, random_state=0,
        )  # fmt: skip
        lost.append(found.importances / target.var())
    shuffled = np.concatenate(lost, axis=1)
    frame = pd.DataFrame(
        {
            "setting": names,
            "importance": shuffled.mean(1),
            "std": shuffled.std(1),
            "fit": 1 - np.square(predicted - target).mean() / target.var(),
        }
    )
    return frame.sort_values("importance", ascending=False, ignore_index=True)


def _coordinate(value: Any, dimension: dict[str, Any]) -> float:
    """Where a value lies in its dimension: its number among the choices, or its place on the scale.

    What a study sets may lie outside: before the first choice, or beyond an end.
    """
    values = dimension["values"]
    if dimension["scale"] == "choice":
        return float(values.index(value)) if value in values else -1.0
    if dimension["scale"] == "log":
        return math.log(max(value, values[0]))
    return float(value)
