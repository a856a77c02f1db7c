import numpy as np
import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.metrics.references import context_value, reference_values, rule_out


def table(returns: dict[str, list[list[float]]], split: str = "interpolation") -> pd.DataFrame:
    """`returns`: member -> [context][episode]."""
    rows = [
        ("cart", split, context, member, 0, episode, value, 0)
        for member, contexts in returns.items()
        for context, episodes in enumerate(contexts)
        for episode, value in enumerate(episodes)
    ]
    names = ["benchmark", "split", "context_id", "member", "seed", "episode", "episode_return", "env_steps"]
    return pd.DataFrame(rows, columns=names)


def test_a_member_is_chosen_on_the_first_half_and_reported_without_its_luck() -> None:
    frame = reference_values(
        table({"random": [[0, 0, 2, 4]], "lucky": [[90, 90, 10, 20]], "steady": [[50, 50, 50, 50]]}), 100
    )
    assert frame.loc[0, "reference"] == 15
    assert frame.loc[0, "random"] == 3


def test_the_best_of_equal_noisy_members_is_not_biased_upwards() -> None:
    random = np.random.default_rng(0)
    noisy = {f"specialist_{i}": random.normal(0, 1, (400, 4)).tolist() for i in range(8)}
    frame = reference_values(table({"random": [[-9.0] * 4] * 400, **noisy}), 100)
    assert abs(frame["reference"].mean()) < 4 * np.sqrt(1 / 2 / 400)


def test_a_members_seeds_are_pooled() -> None:
    one = table({"random": [[0.0] * 2], "a": [[100, 100]], "b": [[60, 60]]})
    two = table({"random": [[0.0] * 2], "a": [[0, 0]], "b": [[60, 60]]}).assign(seed=1)
    frame = reference_values(pd.concat([one, two]), 100)
    assert frame.loc[0, "reference"] == 60


def test_random_may_be_the_best_and_then_the_context_is_not_informative() -> None:
    frame = reference_values(table({"random": [[5, 5], [0, 0]], "a": [[1, 1], [10, 10]]}), 5)
    assert frame["reference"].tolist() == [5, 10]
    assert frame["solvable"].tolist() == ["true", "true"]
    assert frame["informative"].tolist() == [False, True]


def test_informative_from_a_tenth_of_the_median_gain_on() -> None:
    reached = [100.0, 100, 100, 10, 9.9]
    frame = reference_values(table({"random": [[0, 0]] * 5, "a": [[value] * 2 for value in reached]}), 50)
    assert frame["informative"].tolist() == [True, True, True, True, False]
    assert frame["solvable"].tolist() == ["true", "true", "true", "unknown", "unknown"]


def test_nothing_is_informative_where_nobody_beats_random() -> None:
    frame = reference_values(table({"random": [[7, 7]] * 3, "a": [[7, 7]] * 3}), 50)
    assert not frame["informative"].any()


def test_train_contexts_do_not_move_the_scale() -> None:
    held_out = table({"random": [[0, 0]] * 2, "a": [[10, 10]] * 2})
    train = table({"random": [[0, 0]] * 9, "a": [[1000, 1000]] * 9}, "train")
    alone = reference_values(held_out, 5)
    frame = reference_values(pd.concat([train, held_out]), 5)
    assert frame.query("split != 'train'").reset_index(drop=True).equals(alone)


A, B = "specialist_dqn_0", "specialist_dqn_1"


def test_context_value_is_what_the_best_single_specialist_lacks() -> None:
    returns = {"random": [[0, 0]] * 2, A: [[100, 100], [20, 20]], B: [[10, 10], [90, 90]]}
    outside = {"random": [[0, 0]], A: [[5, 5]], B: [[1, 1]]}
    both = pd.concat([table(returns), table(outside, "extrapolation")])
    assert context_value(both).to_dict() == {"interpolation": 95 - 60, "extrapolation": 0}


def test_a_controller_that_knows_the_context_is_a_reference_but_no_single_policy() -> None:
    returns = {"random": [[0, 0]], "lqr_lookahead": [[100, 100]], A: [[40, 40]]}
    assert context_value(table(returns)).to_dict() == {"interpolation": 60}


def test_order_of_rows_does_not_matter() -> None:
    returns = np.random.default_rng(1).normal(size=(3, 5, 4))
    frame = table({name: values.tolist() for name, values in zip(("random", A, B), returns, strict=True)})
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(reference_values(frame, 0.5), reference_values(shuffled, 0.5))
    pd.testing.assert_series_equal(context_value(frame), context_value(shuffled))


def ruled(multipliers: list[float], returns: list[float]) -> pd.DataFrame:
    """One context per multiplier of a gravity of -10, of which nothing more than 2 times is feasible."""
    values = reference_values(table({"random": [[0, 0]] * len(returns), A: [[x, x] for x in returns]}), 50)
    rows = [("interpolation", i, "gravity", -10.0 * x, -10.0) for i, x in enumerate(multipliers)]
    contexts = pd.DataFrame(rows, columns=["split", "context_id", "feature", "value", "default"])
    return rule_out(values, contexts, {"gravity": (2.0, "the engine is too weak")})


def test_beyond_a_limit_of_its_environment_a_context_is_not_solvable() -> None:
    frame = ruled([1.0, 1.0, 2.0, 2.1, 3.0], [60, 40, 40, 40, 40])
    assert frame["solvable"].tolist() == ["true", "unknown", "unknown", "false", "false"]


def test_a_limit_that_a_reference_breaks_is_wrong() -> None:
    with pytest.raises(
        UserError, match=r"beyond 2 times .* gravity \(the engine is too weak\).* in context 1"
    ):
        ruled([1.0, 2.5], [60, 50])


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        ({"random": [[1.0]], "a": [[1.0]]}, "one episode"),
        ({"random": [[1.0, 1.0]] * 2, "a": [[1.0, 1.0]]}, "'a' lacks episodes in context 1"),
        ({"random": [[1.0, 1.0]], "a": [[1.0]]}, "'a' lacks episodes in context 0"),
        ({"a": [[1.0, 1.0]]}, "no member 'random'"),
    ],
)
def test_incomplete_references_are_refused(returns: dict[str, list[list[float]]], words: str) -> None:
    with pytest.raises(UserError, match=words):
        reference_values(table(returns), 1)
