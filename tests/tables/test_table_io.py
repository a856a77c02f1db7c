"""What is written as a table comes back, with its types, its nulls and its record."""

import operator

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import RECORD, every_table, example, few, series

from meta_rl.tables import io, metrics, scores
from meta_rl.tables.schema import Column, Table


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


def test_a_record_must_be_json(path):
    for wrong in ({"value": np.nan}, {"value": object()}):
        with pytest.raises((TypeError, ValueError), match="JSON"):
            io.write(example(scores.TABLE), scores.TABLE, path, wrong)
    assert not path.exists()
