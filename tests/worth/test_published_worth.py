"""docs/worth: the table follows from the published returns, computed here in another way."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

FOLDER = Path(__file__).parents[2] / "docs/worth"
REGION = ["benchmark", "region"]


@pytest.fixture(scope="module")
def returns() -> pd.DataFrame:
    """With a column that tells in whose context a specialist plays."""
    frame = pd.read_csv(FOLDER / "returns.csv")
    return frame.assign(own=(frame["policy"] == "specialists") & (frame["member"] == frame["context_id"]))


def by_run(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Mean return over a region's contexts of each policy's runs, those of single per member."""
    told = frame[frame["policy"] == "told"].groupby("seed")["episode_return"].mean()
    blind = frame[frame["policy"] == "blind"].groupby("seed")["episode_return"].mean()
    own = frame[frame["own"]].groupby("seed")["episode_return"].mean()
    alone = frame[frame["policy"] == "specialists"].pivot_table(
        index="seed", columns="member", values="episode_return", aggfunc="mean"
    )
    return {
        "told": told,
        "blind": blind,
        "specialists": own,
        **{f"single {one}": alone[one] for one in alone},
    }


def recomputed(frame: pd.DataFrame) -> dict[str, float]:
    chooses, measures = (by_run(frame[frame["half"] == half]) for half in ("chooses", "measures"))
    single = max(
        (name for name in chooses if name.startswith("single")), key=lambda name: chooses[name].mean()
    )
    knows = max("specialists", "told", key=lambda name: chooses[name].mean())
    blind = max("blind", single, key=lambda name: chooses[name].mean())
    gained = measures[knows] - measures[blind]
    half = t.ppf(0.975, len(gained) - 1) * gained.std() / np.sqrt(len(gained))
    return {
        "told": measures[knows].mean(),
        "blind": measures[blind].mean(),
        "worth": gained.mean(),
        "low": gained.mean() - half,
        "high": gained.mean() + half,
    }


def test_worth_and_tier_follow_from_the_returns(returns: pd.DataFrame) -> None:
    table = pd.read_csv(FOLDER / "worth.csv").set_index(REGION)
    assert set(table.index) == set(returns.groupby(REGION).groups)
    for where, frame in returns.groupby(REGION):
        line, again = table.loc[where], recomputed(frame)
        for name, value in again.items():
            assert line[name] == pytest.approx(value, rel=1e-3, abs=1e-3), (where, name)
        bar = 0.1 * (line["reference"] - line["random"])
        assert (line["tier"] == "A") == (again["low"] > 0 and again["worth"] >= bar > 0), where


def test_the_page_has_a_line_for_each_region_sorted_by_share() -> None:
    table = pd.read_csv(FOLDER / "worth.csv")
    lines = [line for line in (FOLDER / "table.md").read_text().splitlines() if line.startswith("| ")][2:]
    assert len(lines) == len(table)
    for line, row in zip(lines, table.itertuples(), strict=True):
        assert line.split(" | ")[0].strip("| ") == row.benchmark
    shares = table["share"].to_numpy()
    assert (np.diff(shares[np.isfinite(shares)]) <= 0).all()
    assert table["runs"].min() >= 3
