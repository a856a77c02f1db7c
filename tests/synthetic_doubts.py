"""Tables of doubt for synthetic tables: estimators that know more or less of each shortfall."""

from itertools import product

import numpy as np
import pandas as pd
from synthetic import METHODS, schema

from meta_rl.contexts import INTERPOLATION, RESULTS, TRAIN
from meta_rl.metrics.scores import RUN
from meta_rl.tables.doubt_metrics import HELD_OUT

EPISODES = 4
# How much of the shortfall each doubt is; the rest is noise of its size.
SHARES = {
    "probe_return": 0.9,
    "rnd": 0.6,
    "ensemble": 0.4,
    "policy_confidence": 0.2,
    "dropout": 0.1,
    "mute": 0.0,
}
ESTIMATORS = ("constant", "random", "range_distance", *SHARES)
BOUNDED = "probe_return"  # the one with an interval
_PLACE = ["split", "context_id"]
_GROUP = ["benchmark", "agent", "method", "information"]


def add(
    made: dict[str, pd.DataFrame], budgets: tuple[str, ...] = ("0", "episode")
) -> dict[str, pd.DataFrame]:
    """The tables, and `deployment`, `uncertainty` and `doubt_metrics` for all of their runs, in the regime `cold`.

    The last of these holds numbers of its own, which do not follow from the other two.
    """
    draw = np.random.default_rng(1)
    scores = made["scores"][made["scores"]["information"] == "cold"]
    return made | {
        "deployment": _deployment(draw, scores),
        "uncertainty": _uncertainty(draw, scores, budgets),
        "doubt_metrics": _metrics(scores, budgets),
    }


def _deployment(draw: np.random.Generator, scores: pd.DataFrame) -> pd.DataFrame:
    noise = 0.02 * (scores["reference"] - scores["random"])
    frames = [
        scores[[*RUN, *_PLACE]].assign(
            episode=episode,
            episode_return=scores["episode_return"] + noise * draw.standard_normal(len(scores)),
            episode_length=100,
            discounted_return=60.0,
            initial_value=61.0,
            tail_value=0.0,
        )
        for episode in range(EPISODES)
    ]
    return pd.concat(frames, ignore_index=True)


def _uncertainty(draw: np.random.Generator, scores: pd.DataFrame, budgets: tuple[str, ...]) -> pd.DataFrame:
    shortfall, size = scores["shortfall"].to_numpy(), float(scores["shortfall"].std())
    outside = ~scores["split"].isin([TRAIN, INTERPOLATION])
    frames = []
    for estimator, budget in product(ESTIMATORS, budgets):
        noise = draw.standard_normal(len(scores)) * size
        share = SHARES.get(estimator, 0.0)
        known = {"constant": np.ones(len(scores)), "range_distance": outside.to_numpy(dtype=float)}
        ends = scores["episode_return"] if estimator == BOUNDED else pd.Series(np.nan, index=scores.index)
        frames.append(
            scores[[*RUN, *_PLACE]].assign(
                estimator=estimator,
                budget=budget,
                doubt=known.get(estimator, share * shortfall + (1 - share) * noise),
                lower=ends - 0.05 * size,
                upper=ends + 0.05 * size,
                reason=None,
            )
        )
    return pd.concat(frames, ignore_index=True).astype({"reason": "str"})


def _metrics(scores: pd.DataFrame, budgets: tuple[str, ...]) -> pd.DataFrame:
    """Areas of 1 less the share of an estimator, .5 for the distance, and a little more for each method."""
    groups = scores[scores["split"].isin(RESULTS)].groupby(_GROUP)
    rows = []
    for key, own in groups:
        later = 0.01 * METHODS.index(key[2])
        runs, contexts = own["seed"].nunique(), len(own) // own["seed"].nunique()
        counts = (runs, contexts, contexts, None)

        def said(
            metric: str,
            value: float,
            estimator: str | None = None,
            budget: str | None = None,
            compared: str | None = None,
            region: str = HELD_OUT,
            key: tuple[str, ...] = key,
            counts: tuple[int, int, int, None] = counts,
        ) -> None:
            half = 0.05 if counts[0] > 4 else np.nan
            ends = (
                (np.nan, np.nan) if metric.endswith(("p_value", "p_holm")) else (value - half, value + half)
            )
            rows.append((*key, region, estimator, budget, metric, compared, value, *ends, *counts))

        means = own.groupby("split")["episode_return"].mean()
        said("return_never", float(own["episode_return"].mean()))
        said("failure_rate", 0.3)
        for metric in ("naurc", "naugrc"):
            said(f"{metric}_floor", 0.02)
        for estimator, budget in product(ESTIMATORS, budgets):
            area = 1 - SHARES.get(estimator, 0.5 if estimator == "range_distance" else 0.0) + later
            asked = (estimator, budget)
            for metric in ("naurc", "naugrc"):
                said(metric, area, *asked)
            said("spearman", 1 - area, *asked)
            said("failure_auroc", 1 - area / 2, *asked)
            for baseline in ("random", "range_distance"):
                if estimator != baseline:
                    said("naurc_difference", area - 1.0, *asked, baseline)
                    said("naurc_p_holm", 0.01 if area < 0.5 else 0.2, *asked, baseline)
            for region in means.index if estimator == BOUNDED else ():
                inside = 0.91 if region == INTERPOLATION else 0.6
                said("coverage", inside - later, *asked, region=str(region))
                said("width", 0.3 + later, *asked, region=str(region))
    frame = pd.DataFrame(rows, columns=[column.name for column in schema("doubt_metrics").columns])
    return frame.astype(dict.fromkeys(("estimator", "budget", "compared_with", "reason"), "str"))
