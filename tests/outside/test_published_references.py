"""The references that come with the package, and scores against them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import meta_rl
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.errors import UserError
from meta_rl.outside import publish, published

FEW = {"train": 100, "interpolation": 3, "extrapolation": 3}


def lean(observation: np.ndarray) -> np.ndarray:
    return (observation[:, 2] + 0.5 * observation[:, 3] > 0).astype(int)


@pytest.mark.parametrize("name", published.index())
def test_each_file_has_the_contexts_that_the_index_says(name: str) -> None:
    found = published.references(name)
    assert found is not None
    values, said = found
    assert said["members"] == ["random", *publish.controllers(name)]
    regions = values.groupby("split")["context_id"]
    for split, ids in regions:
        assert sorted(ids) == list(range(said["contexts"] * (said["seeds"] if split == "train" else 1)))
    assert len(regions) > 1
    assert np.isfinite(values[["reference", "random"]]).all(axis=None)
    assert values["reference"].mean() > values["random"].mean()


def test_the_command_makes_what_is_there(tmp_path: Path) -> None:
    """Of the first contexts of each region, whose episodes do not depend on how many there are."""
    found = published.references("cartpole_length")
    assert found is not None
    again = publish.measure("cartpole_length", contexts=3, seeds=0, episodes=found.said["episodes"])
    both = again.merge(found.values, on=["split", "context_id"], suffixes=("", "_there"))
    assert len(both) == 6
    for column in ("reference", "random"):
        assert np.allclose(both[column], both[f"{column}_there"], rtol=1e-9)


def test_the_command_writes_files_and_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTEXTS", "EPISODES", "SEEDS"):
        monkeypatch.setattr(publish, name, 2)
    monkeypatch.setattr(
        publish, "measure", lambda name: pd.DataFrame({"split": ["train"], "reference": [1.0]})
    )
    publish.main(["pendulum_length"], tmp_path)
    publish.main(["cartpole_tau"], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cartpole_tau.csv", "index.json", "pendulum_length.csv",
    ]  # fmt: skip
    for name, message in (("cartpole_ta", "unknown benchmark"), ("hopper_epi", "has no controller")):
        with pytest.raises(UserError, match=message):
            publish.main([name], tmp_path)


def scores(benchmark: str, **given: Any) -> Any:
    return meta_rl.evaluate(lean, benchmark, episodes=1, **given)


def test_a_score_is_the_share_of_what_is_possible_beyond_random() -> None:
    found = scores("cartpole_length", contexts=FEW, seeds=[0, 2])
    known = published.references("cartpole_length")
    assert known is not None
    rows = found.scores.merge(known.values, on=["split", "context_id"], suffixes=("", "_there"))
    assert len(rows) == len(found.scores) == 2 * 2 * 106  # both regimes
    right = (rows["episode_return"] - rows["random_there"]) / (rows["reference_there"] - rows["random_there"])
    assert np.allclose(rows["score"], right)
    one = found.metrics[(found.metrics["metric"] == "mean_score") & (found.metrics["split"] == "train")]
    assert one["estimate"].iloc[0] == pytest.approx(found.scores.query("split == 'train'")["score"].mean())
    assert "scores: against references v1, the best of random, lqr_lookahead" in str(found)


@pytest.mark.parametrize(
    ("benchmark", "given", "split", "said"),
    [
        ("cartpole_length", {"contexts": FEW, "seeds": [5]}, "train", "no scores in train: .* runs 0 to 4"),
        ("cartpole_length", {"contexts": 3}, "train", "no scores in train: .* 100 contexts a split"),
        (
            "cartpole_length",
            {"contexts": FEW | {"extrapolation": 101}},
            "extrapolation",
            "no scores in extra",
        ),
        ("cartpole_packer", {"contexts": 2}, "interpolation", "no references for cartpole_packer"),
    ],
)
def test_where_there_is_no_reference_there_is_no_score_and_that_is_said(
    benchmark: str, given: dict[str, Any], split: str, said: str
) -> None:
    found = scores(benchmark, **given)
    rows = found.scores[found.scores["split"] == split]
    assert rows["score"].isna().any()
    assert rows["episode_return"].notna().all()
    assert not rows.loc[rows["reference"].isna(), "informative"].any()
    assert pd.Series(found.notes).str.contains(said).any()
    headline = found.metrics[(found.metrics["metric"] == "iqm_return") & (found.metrics["split"] == split)]
    assert headline["estimate"].notna().all()


def test_fewer_contexts_are_judged_as_all_are() -> None:
    all_, few = (
        scores("cartpole_length", contexts=FEW | {"extrapolation": count}).scores for count in (100, 3)
    )
    columns = ["split", "context_id", "score", "informative", "solvable"]
    merged = few[columns].merge(all_[columns].drop_duplicates(), how="left", indicator=True)
    assert (merged["_merge"] == "both").all()


def test_no_benchmark_has_references_that_nobody_could_make() -> None:
    assert set(published.index()) <= {name for name in BENCHMARKS if publish.controllers(name)}
