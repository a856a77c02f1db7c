"""The map of contexts shows the reference, each method's mean, and what is trained on."""

import numpy as np
import synthetic
from drawn_figures import Tables, draw, texts
from matplotlib import colormaps
from matplotlib.colors import Normalize

from meta_rl.figures import style


def test_a_map_shows_the_reference_and_each_methods_mean_over_runs(plane: Tables) -> None:
    figure = draw("context_map", plane)
    panels = [ax for ax in figure.axes if ax.get_xlabel()]  # the others are colour bars
    assert [ax.get_title(loc="left").strip() for ax in panels] == [
        "reference", *synthetic.METHODS[:4], "reference", *synthetic.METHODS[:4],
    ]  # fmt: skip
    own = plane["scores"].query("benchmark == 'cartpole_gravity_length_b' and split != 'train'")
    shown = own.groupby(["split", "context_id", "method"])["episode_return"].mean().unstack()
    reference = own.groupby(["split", "context_id"])["reference"].first()
    ends = [min(shown.min().min(), reference.min()), max(shown.max().max(), reference.max())]
    places = plane["contexts"].query("benchmark == 'cartpole_gravity_length_b'")
    x, y = (
        places[places["feature"] == feature].set_index(["split", "context_id"])["value"].loc[shown.index]
        for feature in ("gravity", "length")
    )
    for ax, values in ((panels[5], reference), (panels[8], shown["iida"])):
        dots = ax.collections[0]
        np.testing.assert_allclose(dots.get_offsets(), np.stack([-x, y], axis=1))  # the near end first
        np.testing.assert_allclose(dots.get_facecolors(), colormaps["viridis"](Normalize(*ends)(values)))
    assert panels[8].xaxis.get_major_formatter()(10) == f"{style.MINUS}10"
    assert panels[8].get_xlabel() == "gravity [m/s²]"
    assert panels[5].get_ylabel() == "length [m]"


def test_a_map_outlines_the_train_ranges_and_shades_what_is_trained_on(plane: Tables) -> None:
    panels = [ax for ax in draw("context_map", plane).axes if ax.get_xlabel()]
    for ax in panels:
        np.testing.assert_allclose(ax.patches[0].get_bbox().extents, [2, 0.1, 22, 1.1])
    box, l_shape = panels[1], panels[6]
    assert len(box.patches) == 2
    assert not box.get_lines()
    assert len(l_shape.patches) == 1
    assert len(l_shape.get_lines()[0].get_xdata()) == 5 * synthetic.TRAIN


def test_a_map_of_more_than_two_features_says_which_it_shows() -> None:
    figure = draw("context_map", synthetic.tables(benchmarks=0, planes="A", methods=1, runs=1, features=3))
    assert {ax.get_xlabel() for ax in figure.axes} == {"gravity [m/s²]", ""}
    assert "Of more than two features the first two are shown." in texts(figure)
