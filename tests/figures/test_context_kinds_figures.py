"""Figures of lists, signs, ties and boxes: all are drawn, and none shades what is not trained on."""

import numpy as np
import pytest
import synthetic
import synthetic_doubts
from drawn_figures import OBSERVED, Tables, draw

from meta_rl import registry
from meta_rl.contexts import EXTRAPOLATION, ContextSpace
from meta_rl.figures import context_space, style

LIST = {"values": [0.5, 1.0, 2.0], "interpolation": [0.75, 1.5], "extrapolation": [4.0]}
SIGN = {"values": [-1.0, 1.0]}
RANGE = {"train": [0.5, 2.0]}
UNION = {"train": [{"tau": [0.5, 0.8]}, {"tau": [1.5, 2]}], "extrapolation": [{"tau": [3, 4]}]}
BOXES = {
    "extrapolation": [{"length": [0.2, 0.4], "masspole": [0.2, 0.4]}, {"length": [2.5, 3], "masspole": 1.0}]
}
SPACES = {
    name: ContextSpace.of(synthetic.FEATURES, ranges, boxes=boxes)
    for name, ranges, boxes in (
        ("listed", {"length": LIST}, {}),
        ("union", {"tau": RANGE}, UNION),
        ("signed", {"gravity": SIGN, "length": synthetic.RANGES}, {}),
        ("cells", {"length": LIST, "masspole": LIST}, {}),
        ("boxed", {"length": RANGE, "masspole": RANGE}, BOXES),
        ("tied", {"poles": RANGE | {"features": ["length", "masspole"], "extrapolation": [[2, 3]]}}, {}),
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def kinds() -> Tables:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(synthetic, "_spaces", lambda *_: SPACES)
        return synthetic.tables(methods=3, runs=3, observed=OBSERVED)


@pytest.mark.parametrize("name", sorted(set(registry.FIGURES) - {"tuning_traces"}))
def test_every_figure_draws_every_kind(kinds: Tables, name: str) -> None:
    if name not in registry.figures(doubts=False):
        one = kinds["scores"][kinds["scores"]["method"] == "none"]
        kinds = synthetic_doubts.add(kinds | {"scores": one}, ("episode",))
    figure = draw(name, kinds)
    figure.canvas.draw()
    assert figure.axes


def test_the_values_of_a_list_are_marked_and_no_span_is_shaded(kinds: Tables) -> None:
    listed, union = draw("return_vs_context", kinds).axes[:2]
    for ax, values in (
        (listed, [0.25, 0.5, 1.0]),
        (union, np.unique(kinds["contexts"].query("benchmark == 'union' and split == 'train'")["value"])),
    ):
        assert not ax.patches
        (marks,) = (lines for lines in ax.collections if lines.get_zorder() == 0)
        np.testing.assert_allclose(sorted(segment[0, 0] for segment in marks.get_segments()), values)


def test_a_map_shows_what_is_trained_on_as_it_is(kinds: Tables) -> None:
    panels = [ax for ax in draw("context_map", kinds).axes if ax.get_xlabel()]
    (signed,) = (
        ax for ax in panels if ax.get_xlabel().startswith("gravity") and "reference" in ax.get_title("left")
    )
    np.testing.assert_allclose(signed.patches[0].get_bbox().extents, [-10, 0.1, 10, 1.1])
    assert set(signed.get_lines()[0].get_xdata()) == {-10, 10}
    assert len(signed.patches) == 1


@pytest.mark.parametrize(
    ("name", "shades"),
    [
        ("listed", [[0.25] * 2, [0.5] * 2, [1.0] * 2]),
        ("union", [[0.01, 0.016], [0.03, 0.04]]),
        ("signed", [[0.1, 1.1, -10, -10], [0.1, 1.1, 10, 10]]),
        ("cells", None),
        ("boxed", [[0.25, 1.0, 0.05, 0.2]]),
        ("tied", [[0.25, 1.0, 0.05, 0.2]]),
    ],
)
def test_a_picture_of_a_space_shades_its_train_ranges(name: str, shades: list | None) -> None:
    space = SPACES[name]
    with style.context():
        figure = context_space.draw(space)
    figure.canvas.draw()
    (ax,) = figure.axes
    ends = [
        [patch.get_x(), patch.get_x() + patch.get_width(), patch.get_y(), patch.get_y() + patch.get_height()]
        for patch in ax.patches
    ]
    if shades is None:
        assert len(ends) == 9
    else:
        marks = np.repeat(0.03 * np.subtract(*space.bounds()[::-1])[:2], 2)  # of values, half as wide at most
        for own, expected in zip(sorted(ends), shades, strict=True):
            shown = len(expected)
            assert (np.abs(np.subtract(own[:shown], expected)) <= marks[:shown]).all()
    assert EXTRAPOLATION in space.regions or name == "cells"
