"""The figure of encodings reads them by the reported probe, with a panel for each feature."""

import numpy as np
import pytest
import synthetic
from drawn_figures import Tables, draw, lines, texts

from meta_rl import registry
from meta_rl.figures import style
from meta_rl.metrics.probe import ridge_r2


def test_encodings_are_read_by_the_probe_that_is_reported(tables: Tables) -> None:
    encoding = registry.load("figure", "encoding")
    run = tables["encodings"].query("benchmark == 'cartpole_tau' and method == 'iida' and seed == 0")
    value = tables["contexts"].set_index(["benchmark", "split", "context_id"])["value"]["cartpole_tau"]
    z = run.pivot(index=["split", "context_id"], columns="dimension", values="value")
    codes = [z.loc[split].to_numpy() for split in ("train", "extrapolation")]
    truth = [value[z.loc[[split]].index].to_numpy() for split in ("train", "extrapolation")]
    reading = encoding._readings(run, tables["contexts"]).query("split == 'extrapolation'")
    error = ((reading["reading"] - reading["value"]) ** 2).sum()
    r2 = 1 - error / ((truth[1] - truth[1].mean()) ** 2).sum()
    assert r2 == pytest.approx(ridge_r2(codes[0], truth[0][:, None], codes[1], truth[1][:, None]))


def test_encoding_titles_name_the_method_and_both_r2(tables: Tables) -> None:
    figure = draw("encoding", tables)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "cartpole_length, iida", "cartpole_tau, iida", "cartpole_length, jrpl", "cartpole_tau, jrpl",
    ]  # fmt: skip
    own = tables["metrics"].query(
        "benchmark == 'cartpole_tau' and method == 'jrpl' and split == 'interpolation'"
    )
    r2, control = (
        own.set_index("metric")["estimate"][name] for name in ("encoding_r2", "encoding_r2_shuffled")
    )
    assert f"interpolation R² {r2:.2f} ({control:.2f})".replace("-", style.MINUS) in texts(figure)
    assert "mean over the features" not in texts(figure)


def test_encodings_of_several_features_have_a_panel_and_a_train_range_each(plane: Tables) -> None:
    figure = draw("encoding", plane)
    panels = {ax.get_title(loc="left"): ax for ax in figure.axes}
    assert len(panels) == 2 * 2 * 2  # benchmarks, methods, features
    ax = panels["cartpole_gravity_length_b, iida, gravity"]
    shade = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([shade.x0, shade.x1], [-22, -2])
    drawn = lines(ax)
    assert {"combinatorial", "single_extrapolation", "all_extrapolation"} <= drawn.keys()
    assert len(drawn["combinatorial"].get_xdata()) == 20
    assert "R², mean over the features: in brackets that of the shuffled control." in texts(figure)


def test_contexts_that_share_a_features_value_are_all_drawn() -> None:
    axes = synthetic.tables(benchmarks=0, planes="C", methods=3, runs=2)
    drawn = lines(draw("encoding", axes).axes[0])["interpolation"]
    assert len(drawn.get_xdata()) == 20
    assert len(np.unique(drawn.get_xdata())) == 11  # half of them keep the default
