"""Files of tables: what is written comes back, what is wrong is refused with file, column and row."""

import operator
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meta_rl.errors import UserError
from meta_rl.tables import contexts, evaluation, io, metrics, scores, trajectories
from meta_rl.tables.dictionary import TABLES
from meta_rl.tables.schema import Column, Table

RECORD = {"versions": {"numpy": "2"}, "code": "ab12", "seeds": [0, 1]}
DTYPES = {"string": "str", "int": "int64", "float": "float64", "bool": "bool", "floats": "object"}
ROW = 2  # the row that the tests below damage

every_table = pytest.mark.parametrize("table", TABLES, ids=operator.attrgetter("name"))
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def series(values: list, column: Column) -> pd.Series:
    """Values with the type in which `read` returns the column."""
    return pd.Series(
        values, dtype="Int64" if column.kind == "int" and column.nullable else DTYPES[column.kind]
    )


def example(table: Table, rows: int = 5) -> pd.DataFrame:
    """A valid frame without nulls."""
    filled: dict[str, list] = {
        "string": [f"name {row}" for row in range(rows)],
        "int": list(range(1, rows + 1)),
        "float": list(np.linspace(0.5, 2.5, rows)),
        "bool": [row % 2 == 0 for row in range(rows)],
        "floats": list(np.arange(3 * rows, dtype=np.float32).reshape(rows, 3)),
    }
    values = {
        column.name: [column.choices[0]] * rows if column.choices else filled[column.kind]
        for column in table.columns
    }
    return pd.DataFrame({column.name: series(values[column.name], column) for column in table.columns})


def valid_values(column: Column) -> st.SearchStrategy:
    if column.kind == "floats":
        numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
        return st.lists(numbers, max_size=4).map(lambda values: np.array(values, np.float32))
    values: st.SearchStrategy
    if column.choices is not None:
        values = st.sampled_from(column.choices)
    elif column.kind == "string":
        values = st.text(st.characters(codec="utf-8"), max_size=5)
    elif column.kind == "bool":
        values = st.booleans()
    elif column.kind == "int":
        values = st.integers(int(column.low or 0), 2**63 - 1)
    else:
        values = st.floats(column.low, column.high, allow_nan=False, allow_infinity=False)
    return st.none() | values if column.nullable else values


def valid_frames(table: Table) -> st.SearchStrategy[pd.DataFrame]:
    names = [column.name for column in table.columns]
    rows = st.lists(
        st.tuples(*map(valid_values, table.columns)),
        max_size=8,
        unique_by=operator.itemgetter(*map(names.index, table.key)),
    )
    return rows.map(
        lambda rows: pd.DataFrame(
            {column.name: series([row[i] for row in rows], column) for i, column in enumerate(table.columns)}
        )
    )


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


def refused(action: Callable[[], object], path: Path, *words: str) -> None:
    with pytest.raises(UserError) as caught:
        action()
    for word in (str(path), *words):
        assert word in str(caught.value)


def change_file(path: Path, name: str, value: object) -> None:
    """Put a value into the damaged row of a file, as a writer that does not check would."""
    arrow = pq.read_table(path)
    field = arrow.schema.field(name)
    values = arrow[name].to_pylist()
    values[ROW] = value
    arrow = arrow.set_column(arrow.schema.get_field_index(name), field, pa.array(values, field.type))
    pq.write_table(arrow, path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study" / "table.parquet"


@every_table
@given(data=st.data())
@few
def test_what_is_written_comes_back(table, path, data):
    frame = data.draw(valid_frames(table))
    io.write(frame, table, path, RECORD)
    pd.testing.assert_frame_equal(io.read(path, table), frame, check_exact=True)
    assert io.record(path) == RECORD


@every_table
def test_the_bytes_follow_from_rows_and_record_alone(table, tmp_path):
    frame = example(table)
    io.write(frame, table, tmp_path / "a.parquet", {"a": 1, "b": 2})
    io.write(frame.set_axis(range(7, 12)), table, tmp_path / "b.parquet", {"b": 2, "a": 1})
    io.write(frame, table, tmp_path / "c.parquet", {"a": 1, "b": 3})
    a, b, c = ((tmp_path / f"{name}.parquet").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@every_table
def test_no_rows_are_a_valid_table_whatever_types_pandas_gives_them(table, path):
    io.write(pd.DataFrame(columns=[column.name for column in table.columns]), table, path, RECORD)
    pd.testing.assert_frame_equal(io.read(path, table), example(table, rows=0))


def test_narrow_types_and_columns_of_nothing_but_none_are_widened(path):
    frame = example(scores.TABLE)
    types = {"benchmark": "object", "seed": "int32", "reference": "float32", "informative": "boolean"}
    io.write(frame.astype(types).assign(score=None), scores.TABLE, path, RECORD)
    pd.testing.assert_frame_equal(io.read(path, scores.TABLE), frame.assign(score=np.nan))


def test_nulls_are_nulls_in_the_file_and_no_nan(path):
    io.write(example(metrics.TABLE).assign(estimate=np.nan, compared_with=None), metrics.TABLE, path, RECORD)
    arrow = pq.read_table(path)
    assert arrow["estimate"].null_count == arrow["compared_with"].null_count == 5


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
    change_file(path, "obs", [0.0, 0.0, 0.0])
    pq.write_table(pq.read_table(path), path, row_group_size=2)
    assert len(io.read(path, trajectories.TABLE)) == 6
    change_file(path, "obs", [0.0, np.inf, 0.0])
    pq.write_table(pq.read_table(path), path, row_group_size=1)
    refused(lambda: io.read(path, trajectories.TABLE), path, "'obs'", f"row {ROW}")


@given(share=st.floats(0, 1, exclude_max=True))
@few
def test_a_truncated_file_is_refused(path, share):
    io.write(example(evaluation.TABLE), evaluation.TABLE, path, RECORD)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    refused(lambda: io.read(path, evaluation.TABLE), path, "delete it and run the workflow again")
    refused(lambda: io.record(path), path, "delete it and run the workflow again")


def test_one_flipped_bit_in_the_values_is_refused(path):
    io.write(example(evaluation.TABLE), evaluation.TABLE, path, RECORD)
    column = (
        pq.ParquetFile(path)
        .metadata.row_group(0)
        .column(
            evaluation.TABLE.columns.index(
                next(column for column in evaluation.TABLE.columns if column.name == "episode_return")
            )
        )
    )
    last = column.data_page_offset + column.total_compressed_size - 1
    content = bytearray(path.read_bytes())
    content[last] ^= 1
    path.write_bytes(content)
    refused(lambda: io.read(path, evaluation.TABLE), path, "delete it and run the workflow again")


def test_what_is_no_file_of_ours_is_refused(path):
    refused(lambda: io.read(path, evaluation.TABLE), path, "does not exist", "run the workflow")
    refused(lambda: io.record(path), path, "does not exist", "run the workflow")
    path.parent.mkdir()
    path.write_text("split,seed\ntrain,0\n")
    refused(lambda: io.read(path, evaluation.TABLE), path, "not a whole Parquet file", "delete it")
    pq.write_table(pa.table({"a": [1]}), path)
    refused(lambda: io.record(path), path, "no record", "delete")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(path, monkeypatch):
    io.write(example(scores.TABLE), scores.TABLE, path, RECORD)
    whole = path.read_bytes()

    def fill_the_disk(arrow: pa.Table, where: Path, **options: object) -> None:
        where.write_bytes(b"PAR1 and no more")
        raise OSError("No space left on device")

    monkeypatch.setattr(pq, "write_table", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        io.write(example(scores.TABLE, rows=3), scores.TABLE, path, RECORD)
    assert path.read_bytes() == whole
    assert list(path.parent.iterdir()) == [path]


def test_a_record_must_be_json(path):
    for wrong in ({"value": np.nan}, {"value": object()}):
        with pytest.raises((TypeError, ValueError), match="JSON"):
            io.write(example(scores.TABLE), scores.TABLE, path, wrong)
    assert not path.exists()
