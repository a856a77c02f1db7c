"""An example of each table, a file of it with a value damaged, and what a refusal must say."""

import operator
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings

from meta_rl.errors import UserError
from meta_rl.tables.dictionary import TABLES
from meta_rl.tables.schema import Column, Table

RECORD = {"versions": {"numpy": "2"}, "code": "ab12", "seeds": [0, 1]}
DTYPES = {"string": "str", "int": "int64", "float": "float64", "bool": "bool", "floats": "object"}
ROW = 2  # the row that tests damage

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
