import metric_frames as frames
import numpy as np
import pandas as pd
import pytest

from meta_rl.metrics.probe import encoding_r2, read, ridge_r2


def test_probe_finds_a_linear_code_and_the_shuffled_control_does_not() -> None:
    seeds = range(2)
    contexts = frames.contexts(seeds)
    contexts = pd.concat(
        contexts.assign(context_id=contexts["context_id"] + 100 * i, value=contexts["value"] + 0.1 * i)
        for i in range(20)
    )
    frame = encoding_r2(frames.encodings(contexts, seeds), contexts)
    assert len(frame) == 4
    assert set(frame["split"]) == {"interpolation", "extrapolation"}
    assert (frame["encoding_r2"] > 0.99).all()
    # further out the control is negative, as it says the train mean
    assert (frame["encoding_r2_shuffled"] < 0.05).all()
    assert (frame.loc[frame["split"].eq("interpolation"), "encoding_r2_shuffled"] > -0.1).all()


def test_ridge_agrees_with_the_closed_form_of_one_dimension() -> None:
    z, context = np.array([[-1.0], [1.0]]), np.array([[-1.0], [1.0]])
    # the weight is 2 / (2 + 1), so a third of every deviation is left
    assert read(z, context, np.array([[3.0]])) == pytest.approx(2.0)
    assert ridge_r2(z, context, z, context) == pytest.approx(1 - 1 / 9)


def test_scale_and_shift_of_code_and_context_do_not_matter() -> None:
    random = np.random.default_rng(0)
    z, context = random.normal(size=(2, 30, 3)), random.normal(size=(2, 30, 2))
    plain = ridge_r2(z[0], context[0], z[1], context[1])
    scaled = ridge_r2(z[0] * 7 - 3, context[0] * 9 + 1, z[1] * 7 - 3, context[1] * 9 + 1)
    assert scaled == pytest.approx(plain)


def test_a_constant_encoding_knows_nothing_and_a_missing_one_stays_missing() -> None:
    context = np.arange(10.0)[:, None]
    assert ridge_r2(np.ones((10, 2)), context, np.ones((10, 2)), context) == pytest.approx(0)
    assert np.isnan(ridge_r2(np.full((10, 2), np.nan), context, np.ones((10, 2)), context))


def test_features_that_do_not_vary_are_left_out() -> None:
    z = np.arange(40.0)[:, None]
    both = np.hstack([z, np.ones_like(z)])
    assert ridge_r2(z, both, z, both) == pytest.approx(ridge_r2(z, z, z, z))
