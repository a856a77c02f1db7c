import metric_frames as frames
import pandas as pd
import pytest

from meta_rl.errors import UserError
from meta_rl.metrics.scores import scores
from meta_rl.tables.scores import TABLE

SEEDS = range(3)
CONTEXTS = frames.contexts(SEEDS)
REFERENCES = frames.references(CONTEXTS)
EVALUATION = frames.evaluation(CONTEXTS, SEEDS, {"none": 40.0, "iida": 60.0})


def test_scores_are_measured_between_random_and_reference() -> None:
    frame = scores(EVALUATION, REFERENCES, CONTEXTS, success=100)
    assert list(frame.columns) == [column.name for column in TABLE.columns]
    assert len(frame) == 2 * 3 * (4 + 5 + 6)
    row = frame.query("method == 'iida' and seed == 2 and split == 'interpolation' and context_id == 3").iloc[
        0
    ]
    assert row["episode_return"] == 60 + 2 - 4
    assert (row["reference"], row["random"], row["shortfall"]) == (100, 20, 42)
    assert row["score"] == pytest.approx(38 / 80)
    assert (row["solvable"], row["informative"]) == ("true", True)


def test_no_score_where_the_context_is_not_informative() -> None:
    easy = REFERENCES["member"].eq("random") & REFERENCES["context_id"].eq(1)
    references = REFERENCES.assign(episode_return=REFERENCES["episode_return"].mask(easy, 99.0))
    frame = scores(EVALUATION, references, CONTEXTS, success=100)
    assert frame.loc[frame["context_id"].eq(1), "score"].isna().all()
    assert frame.loc[frame["context_id"].ne(1), "score"].notna().all()
    assert frame["shortfall"].notna().all()


def test_diverged_runs_count() -> None:
    diverged = EVALUATION.assign(status="diverged")
    assert scores(diverged, REFERENCES, CONTEXTS, 100).equals(scores(EVALUATION, REFERENCES, CONTEXTS, 100))


def test_order_of_rows_does_not_matter() -> None:
    shuffled = (frame.sample(frac=1, random_state=1) for frame in (EVALUATION, REFERENCES, CONTEXTS))
    pd.testing.assert_frame_equal(scores(*shuffled, 100), scores(EVALUATION, REFERENCES, CONTEXTS, 100))


def test_a_run_without_one_of_its_contexts_is_refused() -> None:
    lacking = EVALUATION.query(
        "not (method == 'iida' and seed == 1 and split == 'train' and context_id == 6)"
    )
    with pytest.raises(UserError, match="dqn with iida, seed 1, lacks context 6 of split 'train'"):
        scores(lacking, REFERENCES, CONTEXTS, 100)


def test_a_run_on_another_seeds_train_context_is_refused() -> None:
    other = EVALUATION.query("seed == 0 and split == 'train'").assign(seed=1)
    with pytest.raises(UserError, match="seed 1, has undeclared context 0 of split 'train'"):
        scores(pd.concat([EVALUATION, other]), REFERENCES, CONTEXTS, 100)


def test_a_context_without_references_is_refused() -> None:
    partial = REFERENCES.query("not (split == 'extrapolation' and context_id == 5)")
    with pytest.raises(UserError, match="references: context 5 of split 'extrapolation'"):
        scores(EVALUATION, partial, CONTEXTS, 100)
