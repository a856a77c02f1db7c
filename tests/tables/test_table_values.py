"""Values, columns and keys that a table must refuse are neither written nor read, and are named with their row."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_examples import DTYPES, RECORD, ROW, change_file, every_table, example, refused

from meta_rl.tables import contexts, evaluation, io, metrics, scores, trajectories
from meta_rl.tables.dictionary import TABLES
from meta_rl.tables.schema import Column, Table


def wrong_values(column: Column) -> list:
    """Values of the column's own type that it must refuse."""
    values: list[Any] = [] if column.nullable else [None]
    if column.kind == "float":
        values += [np.inf, -np.inf]
    if column.kind == "floats":
        values += [np.array([0, bad, 0], np.float32) for bad in (np.nan, np.inf, -np.inf)]
    if column.choices:
        values += ["", column.choices[0].upper()]
    if column.low is not None:
        values.append(int(column.low) - 1)
    return values


every_wrong_value = pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        pytest.param(table, column, value, id=f"{table.name}-{column.name}-{value}")
        for table in TABLES
        for column in table.columns
        for value in wrong_values(column)
    ],
)


@every_wrong_value
def test_a_wrong_value_is_not_written(table, column, value, path):
    frame = example(table)
    values = frame[column.name].tolist()
    values[ROW] = value
    nullable_types = {"int": "Int64", "bool": "boolean"}
    frame[column.name] = pd.Series(values, dtype=nullable_types.get(column.kind, DTYPES[column.kind]))
    refused(lambda: io.write(frame, table, path, RECORD), path, f"'{column.name}'", f"row {ROW}")
    assert not path.exists()


@every_wrong_value
def test_a_wrong_value_is_not_read(table, column, value, path):
    io.write(example(table), table, path, RECORD)
    change_file(path, column.name, value)
    refused(lambda: io.read(path, table), path, f"'{column.name}'", f"row {ROW}")


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [(evaluation.TABLE, "episode_return", np.nan), (trajectories.TABLE, "obs", [0.0, None, 0.0])],
    ids=["nan", "null in a vector"],
)
def test_what_only_another_writer_can_store_is_not_read(table, name, value, path):
    io.write(example(table), table, path, RECORD)
    change_file(path, name, value)
    refused(lambda: io.read(path, table), path, f"'{name}'", f"row {ROW}", "finite")


@pytest.mark.parametrize(("value", "right"), [(-0.5, "at least 0"), (1.5, "at most 1")])
def test_both_bounds_hold_and_belong_to_the_range(value, right, path):
    share = Table("shares", "", (), (Column("share", "float", "", nullable=True, low=0, high=1),), ("share",))
    frame = pd.DataFrame({"share": [0.0, 1.0, np.nan]})
    io.write(frame, share, path, RECORD)
    pd.testing.assert_frame_equal(io.read(path, share), frame)
    frame.loc[ROW, "share"] = value
    refused(lambda: io.write(frame, share, path, RECORD), path, "'share'", str(value), f"row {ROW}", right)


def test_a_null_stands_beside_choices_only_where_it_is_allowed(path):
    column = Column("side", "string", "", nullable=True, choices=("near", "far"))
    sides = Table("sides", "", (), (column,), ("side",))
    frame = pd.DataFrame({"side": ["near", None, "far"]}, dtype="str")
    io.write(frame, sides, path, RECORD)
    pd.testing.assert_frame_equal(io.read(path, sides), frame)
    strict = replace(sides, columns=(replace(column, nullable=False),))
    refused(lambda: io.read(path, strict), path, "'side'", "null", "row 1")


@pytest.mark.parametrize(
    ("table", "name", "values"),
    [
        (evaluation.TABLE, "seed", [0.0, 1.0, 2.0, 3.0, 4.0]),
        (evaluation.TABLE, "seed", list("01234")),
        (evaluation.TABLE, "seed", np.arange(5, dtype=np.uint64)),
        (evaluation.TABLE, "episode_return", [1, 2, 3, 4, 5]),
        (evaluation.TABLE, "agent", [0, 1, 2, 3, 4]),
        (evaluation.TABLE, "agent", ["dqn", "dqn", 1, "dqn", "dqn"]),
        (contexts.TABLE, "seed", [0.0, 1.0, np.nan, 3.0, 4.0]),
        (scores.TABLE, "informative", [0, 1, 0, 1, 0]),
        (trajectories.TABLE, "obs", [0.0, 1.0, 2.0, 3.0, 4.0]),
        (trajectories.TABLE, "obs", list(np.zeros((5, 3)))),
        (trajectories.TABLE, "obs", list(np.zeros((5, 3, 1), np.float32))),
        (trajectories.TABLE, "obs", [[0.0]] * 5),
    ],
)
def test_a_column_of_another_type_is_not_written(table, name, values, path):
    frame = example(table).assign(**{name: pd.Series(values)})
    refused(lambda: io.write(frame, table, path, RECORD), path, f"'{name}'", "must be")
    assert not path.exists()


@every_table
def test_a_column_of_another_type_is_not_read(table, path):
    io.write(example(table), table, path, RECORD)
    arrow = pq.read_table(path)
    for i, column in enumerate(table.columns):
        pq.write_table(arrow.set_column(i, column.name, pa.array([b"x"] * 5)), path)
        refused(lambda: io.read(path, table), path, f"'{column.name}'", "binary", "delete")


@every_table
def test_columns_are_those_of_the_table_in_its_order(table, path):
    frame = example(table)
    first, last = frame.columns[0], frame.columns[-1]
    lacking = frame.drop(columns=last)
    renamed = frame.rename(columns={last: "lost"})
    reordered = frame[frame.columns[::-1]]
    twice = pd.concat([frame, frame[[first]]], axis="columns")
    for wrong, word in ((lacking, last), (renamed, "lost"), (reordered, last), (twice, first)):
        refused(
            lambda wrong=wrong: io.write(wrong, table, path, RECORD), path, f"'{table.name}'", f"'{word}'"
        )
    assert not path.exists()


@every_table
def test_another_table_is_not_read(table, path):
    other = next(other for other in TABLES if other != table)
    io.write(example(other), other, path, RECORD)
    refused(lambda: io.read(path, table), path, f"no table '{table.name}'", "delete")


@every_table
def test_a_repeated_key_is_neither_written_nor_read(table, path):
    frame = example(table)
    io.write(frame, table, path, RECORD)
    whole = path.read_bytes()
    repeating = pd.concat([frame, frame.iloc[[1]]], ignore_index=True)
    refused(lambda: io.write(repeating, table, path, RECORD), path, "row 5", *table.key)
    assert path.read_bytes() == whole

    arrow = pq.read_table(path)
    pq.write_table(pa.concat_tables([arrow, arrow.slice(1, 1)]), path)
    refused(lambda: io.read(path, table), path, "row 5", *table.key)


def test_a_key_with_a_null_is_unique_too(path):
    frame = example(metrics.TABLE, rows=2).assign(
        compared_with=None, benchmark="a", agent="b", method="c", metric="d"
    )
    refused(lambda: io.write(frame, metrics.TABLE, path, RECORD), path, "row 1", "compared_with")


def test_a_file_of_several_row_groups_is_checked_whole(path):
    frame = example(trajectories.TABLE, rows=6)
    io.write(frame, trajectories.TABLE, path, RECORD)
    pq.write_table(pq.read_table(path), path, row_group_size=2)
    assert len(io.read(path, trajectories.TABLE)) == 6
    change_file(path, "obs", [0.0, np.inf, 0.0])
    pq.write_table(pq.read_table(path), path, row_group_size=1)
    refused(lambda: io.read(path, trajectories.TABLE), path, "'obs'", f"row {ROW}")


def test_rows_that_were_changed_afterwards_are_not_read(path):
    io.write(example(trajectories.TABLE, rows=6), trajectories.TABLE, path, RECORD)
    change_file(path, "obs", [0.0, 0.0, 0.0])
    refused(lambda: io.read(path, trajectories.TABLE), path, "its rows are not those that were written")
    held = pq.read_table(path)
    io.write(example(trajectories.TABLE, rows=6), trajectories.TABLE, path, RECORD)
    pq.write_table(pq.read_table(path).slice(0, 5), path)
    refused(lambda: io.read(path, trajectories.TABLE), path, "its rows are not those that were written")
    pq.write_table(held.replace_schema_metadata(None), path)
    refused(lambda: io.read(path, trajectories.TABLE), path, "its rows are not those that were written")
