"""On the page each method stands beside its control, and none is praised without it."""

import pandas as pd
import pytest
import synthetic
from page_words import words

from meta_rl.pages import summary

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return synthetic.tables(benchmarks=2, methods=4, runs=5)


def test_each_method_stands_beside_its_control() -> None:
    made = synthetic.tables(benchmarks=1, methods=8, runs=12)
    text = words(summary.page("full", made, controls=synthetic.CONTROLS))
    gains = made["metrics"].query("metric == 'return_difference' and compared_with == 'random_encoder'")
    assert len(gains) == 2
    for row in gains.itertuples():
        assert (
            f"{row.estimate:.0f} [{row.low:.0f}, {row.high:.0f}], random_encoder".replace("-", MINUS) in text
        )
    assert "not here" not in text


def test_a_method_without_its_control_is_not_praised(tables: dict[str, pd.DataFrame]) -> None:
    metrics = tables["metrics"].copy()
    metrics.loc[metrics["metric"] == "p_holm", "estimate"] = 0.01
    metrics.loc[metrics["metric"] == "return_difference", ["low", "high"]] = 3.0, 9.0
    text = words(summary.page("quick", tables | {"metrics": metrics}, controls=synthetic.CONTROLS))
    assert text.count("better, but not shown to be better than its control random_encoder |") == 8
    assert text.count("better, but not shown to be better than its control shuffled |") == 4
    assert text.count("| not here with the same settings: shuffled |") == 4
    assert text.count("| better |") == 8, "iida has no control here"


def test_a_method_that_beats_its_control_is() -> None:
    made = synthetic.tables(benchmarks=1, methods=8, runs=12)
    metrics = made["metrics"].copy()
    metrics.loc[metrics["metric"] == "p_holm", "estimate"] = 0.01
    metrics.loc[metrics["metric"] == "return_difference", ["low", "high"]] = 3.0, 9.0
    assert "not shown" not in words(
        summary.page("f", made | {"metrics": metrics}, controls=synthetic.CONTROLS)
    )
    lost = (metrics["metric"] == "return_difference") & (metrics["compared_with"] == "random_encoder")
    metrics.loc[lost, ["low", "high"]] = -3.0, 9.0
    text = words(summary.page("f", made | {"metrics": metrics}, controls=synthetic.CONTROLS))
    assert text.count("better, but not shown to be better than its control random_encoder |") == 4
