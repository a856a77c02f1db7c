import pandas as pd

from meta_rl.metrics import counts

TIMES = "\N{MULTIPLICATION SIGN}"


def scores(solvable: list[str], split: str, benchmark: str = "cart") -> pd.DataFrame:
    """Two runs in as many contexts as there are answers; every context but the first is informative."""
    frame = pd.DataFrame({"solvable": solvable, "context_id": range(len(solvable))})
    frame = frame.assign(benchmark=benchmark, split=split, informative=frame["context_id"] > 0)
    return pd.concat([frame.assign(seed=seed) for seed in (0, 1)])


def contexts(multipliers: list[tuple[float, ...]], split: str, defaults: dict[str, float]) -> pd.DataFrame:
    """Trained from 0.2 to 2.2 times the defaults."""
    rows = [
        ("cart", split, i, feature, one * default, default, *sorted((0.2 * default, 2.2 * default)))
        for i, context in enumerate(multipliers)
        for one, (feature, default) in zip(context, defaults.items(), strict=True)
    ]
    names = ["benchmark", "split", "context_id", "feature", "value", "default", "train_low", "train_high"]
    return pd.DataFrame(rows, columns=names)


def test_each_context_counts_once_whatever_the_number_of_runs() -> None:
    both = pd.concat(
        [scores(["true", "true", "false", "unknown", "unknown"], "extrapolation"), scores(["true"], "train")]
    )
    assert counts.regions(both).to_dict("records") == [
        {"benchmark": "cart", "split": "extrapolation", "contexts": 5, "solvable": 2, "unsolvable": 1,
         "unknown": 2, "informative": 4},
        {"benchmark": "cart", "split": "train", "contexts": 1, "solvable": 1, "unsolvable": 0, "unknown": 0,
         "informative": 0},
    ]  # fmt: skip


def test_the_far_end_of_a_negative_feature_is_above() -> None:
    places = contexts([(0.15,), (4.0,), (3.0,)], "extrapolation", {"gravity": -10.0})
    found = counts.sides(scores(["true", "unknown", "true"], "extrapolation"), places)
    assert found.set_index("side")[["contexts", "solvable"]].T.to_dict("list") == {
        f"gravity above {TIMES}2.2": [2, 1],
        f"gravity below {TIMES}0.2": [1, 1],
    }


def test_corners_are_sides_and_features_inside_their_range_are_not_named() -> None:
    both = {"length": 0.5, "gravity": -10.0}
    single = contexts([(1.0, 3.0), (0.1, 0.5)], "single_extrapolation", both)
    corner = contexts([(3.0, 0.1)], "all_extrapolation", both)
    inside = contexts([(1.0, 1.0)], "combinatorial", both)
    solved = [
        scores(["true", "true"], "single_extrapolation"),
        scores(["false"], "all_extrapolation"),
        scores(["true"], "combinatorial"),
    ]
    found = counts.sides(pd.concat(solved), pd.concat([single, corner, inside]))
    assert found[["split", "side", "contexts", "solvable"]].to_numpy().tolist() == [
        ["all_extrapolation", f"gravity below {TIMES}0.2, length above {TIMES}2.2", 1, 0],
        ["single_extrapolation", f"gravity above {TIMES}2.2", 1, 1],
        ["single_extrapolation", f"length below {TIMES}0.2", 1, 1],
    ]
