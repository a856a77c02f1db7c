"""Contexts that no member solves: unknown, or ruled out by a limit that the environment declares."""

import metric_frames as frames
import numpy as np
import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.metrics.references import reference_values, rule_out
from meta_rl.metrics.scores import scores

SEEDS = range(2)
CONTEXTS = frames.contexts(SEEDS)  # context i of a split has length i + 1; the default is 1
REFERENCES = frames.references(CONTEXTS)  # whose best member returns 100
LIMITS = {"length": (3.0, "the force does not suffice"), "gravity": (0.1, "not varied here")}


def solvable(success: float, limits: dict[str, tuple[float, str]], contexts: pd.DataFrame) -> dict[int, str]:
    values = rule_out(reference_values(REFERENCES, success), contexts, limits)
    return values[values["split"] == "extrapolation"].set_index("context_id")["solvable"].to_dict()


def test_beyond_a_limit_an_unsolved_context_is_unsolvable_and_at_it_unknown() -> None:
    found = solvable(101, LIMITS, CONTEXTS)
    assert found == {0: "unknown", 1: "unknown", 2: "unknown", 3: "false", 4: "false", 5: "false"}


def test_a_limit_is_a_multiple_of_the_default_also_of_a_negative_one() -> None:
    scaled = CONTEXTS.assign(value=-10 * CONTEXTS["value"], default=-10.0)
    assert solvable(101, LIMITS, scaled) == solvable(101, LIMITS, CONTEXTS)


def test_rounding_puts_no_context_beyond_its_limit() -> None:
    assert 0.1 * 3 / 0.1 > 3
    tenths = CONTEXTS.assign(value=0.1 * CONTEXTS["value"], default=0.1)
    assert solvable(101, LIMITS, tenths)[2] == "unknown"


def test_without_limits_nothing_is_ruled_out() -> None:
    assert set(solvable(101, {}, CONTEXTS).values()) == {"unknown"}


def test_a_limit_says_nothing_where_another_feature_is_changed() -> None:
    """Here gravity is within its limit, and changed in one of the contexts beyond that of length."""
    other = CONTEXTS.assign(feature="gravity", value=np.where(CONTEXTS["context_id"] == 3, 0.05, 1.0))
    limits = LIMITS | {"gravity": (2.0, "not reached here")}
    found = solvable(101, limits, pd.concat([CONTEXTS, other]))
    assert [found[i] for i in range(6)] == ["unknown", "unknown", "unknown", "unknown", "false", "false"]


def test_any_feature_beyond_its_limit_alone_rules_a_context_out() -> None:
    length = CONTEXTS.assign(value=1.0)
    other = length.assign(feature="gravity", value=np.where(CONTEXTS["context_id"] == 0, 2.0, 0.05))
    found = solvable(101, LIMITS, pd.concat([length, other]))
    assert [found[i] for i in range(4)] == ["false", "unknown", "unknown", "unknown"]


def test_a_limit_that_a_member_breaks_is_wrong() -> None:
    with pytest.raises(
        UserError, match=r"beyond 3 times the default length \(the force does not suffice\)"
    ) as error:
        solvable(100, LIMITS, CONTEXTS)
    assert "returns 100 in context 3 of split 'extrapolation', at 4 times the default" in str(error.value)


def test_scores_know_the_limits() -> None:
    evaluation = frames.evaluation(CONTEXTS, SEEDS, {"none": 40.0})
    found = scores(evaluation, REFERENCES, CONTEXTS, 101, LIMITS)
    assert set(found.loc[found["context_id"].isin([3, 4]) & (found["split"] != "train"), "solvable"]) == {
        "false"
    }
    assert set(scores(evaluation, REFERENCES, CONTEXTS, 101)["solvable"]) == {"unknown"}
