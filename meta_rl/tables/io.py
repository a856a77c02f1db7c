"""Tables as files: what is written or read is checked against its schema, value by value.

A file is Parquet (zstd, page checksums), written atomically. Its bytes follow from the rows and the record
alone: no time, path or index is stored. The pandas types that `read` returns:

    string  str        (null is NaN)
    int     int64      (Int64 if nullable)
    float   float64    (null is NaN)
    bool    bool
    floats  object, a float32 vector per row

`write` takes these and narrower ones (float32, int32, strings as objects).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pandas.api import types

from meta_rl import inputs
from meta_rl.errors import UserError, told
from meta_rl.files import atomic, checksum
from meta_rl.tables.schema import Column, Table

_RECORD, _CONTENT = b"meta_rl", b"meta_rl_content"


class _Kind(NamedTuple):
    arrow: pa.DataType
    accepts: Callable[[pd.Series], bool]
    right: str  # what to tell whose column is not accepted


def _are_vectors(cells: pd.Series) -> bool:
    return all(isinstance(cell, np.ndarray) and cell.dtype == np.float32 and cell.ndim == 1 for cell in cells)


_KINDS = {
    "string": _Kind(pa.string(), types.is_string_dtype, "str"),
    "int": _Kind(pa.int64(), types.is_signed_integer_dtype, "int64 (Int64 if null)"),
    "float": _Kind(pa.float64(), types.is_float_dtype, "float64"),
    "bool": _Kind(pa.bool_(), types.is_bool_dtype, "bool"),
    "floats": _Kind(pa.list_(pa.float32()), _are_vectors, "a one-dimensional float32 array in every row"),
}


def write(frame: pd.DataFrame, table: Table, path: str | Path, record: dict[str, Any]) -> None:
    """Write the rows of `frame`, without its index, and `record` (JSON: how the rows were made).

    Raises UserError, and leaves `path` as it was, if the frame is not a valid `table`.
    """
    if wrong := _misnamed(list(frame.columns), table):
        raise UserError(f"{path}: {wrong}")
    arrow = pa.table({column.name: _to_arrow(frame[column.name], column, path) for column in table.columns})
    _check_values(arrow, table, path)
    _check_key(frame, table, path)
    metadata = {_RECORD: json.dumps(record, sort_keys=True, allow_nan=False), _CONTENT: _digest(arrow)}
    with atomic(path) as temporary:
        pq.write_table(
            arrow.replace_schema_metadata(metadata), temporary, compression="zstd", write_page_checksum=True
        )


def read(path: str | Path, table: Table) -> pd.DataFrame:
    """The rows of a file, in the order in which they were written.

    Raises UserError if there is no file, if it is damaged, holds another table, other rows than were written or is not
    what the job takes, or if a value is not valid.
    """
    arrow = _load(path, lambda file: file.read())
    wrong = _misnamed(arrow.column_names, table) or _mistyped(arrow.schema, table)
    if wrong:
        raise UserError(f"{path}: {wrong}; delete the file and run the workflow again")
    inputs.check(path, _stored(arrow.schema) or {})
    _check_values(arrow, table, path)
    frame = pd.DataFrame({column.name: _to_pandas(arrow[column.name], column) for column in table.columns})
    _check_key(frame, table, path)
    if (arrow.schema.metadata or {}).get(_CONTENT) != _digest(arrow):
        raise UserError(
            f"{path}: its rows are not those that were written; delete the file and run the workflow again"
        )
    return frame


def record(path: str | Path) -> dict[str, Any]:
    """The record that `write` stored. Raises UserError if the file is missing or damaged, or has none."""
    stored: dict[str, Any] | None = _load(path, lambda file: _stored(file.schema_arrow))
    if stored is None:
        raise UserError(f"{path}: holds no record of its making; delete the file and run the workflow again")
    inputs.check(path, stored)
    return stored


def _digest(arrow: pa.Table) -> bytes:
    """Of all values, in their order."""

    def parts() -> Iterator[bytes]:
        for name, column in zip(arrow.column_names, arrow.columns, strict=True):
            values = column.combine_chunks()
            yield name.encode()
            yield values.is_null().to_numpy(zero_copy_only=False).tobytes()
            if pa.types.is_string(values.type):
                encoded = values.dictionary_encode()
                yield json.dumps(encoded.dictionary.to_pylist()).encode()
                values = encoded.indices
            elif pa.types.is_list(values.type):
                yield pc.list_value_length(values).to_numpy(zero_copy_only=False).tobytes()
                values = values.flatten()
            filled = pc.fill_null(values, False if pa.types.is_boolean(values.type) else 0)
            yield filled.to_numpy(zero_copy_only=False).tobytes()

    return checksum(parts()).encode()


def _stored(schema: pa.Schema) -> dict[str, Any] | None:
    held: dict[str, Any] | None = json.loads((schema.metadata or {}).get(_RECORD, "null"))
    return held


def _load(path: str | Path, get: Callable[[pq.ParquetFile], Any]) -> Any:
    try:
        with told(path, "read"), pq.ParquetFile(path, page_checksum_verification=True) as file:
            return get(file)
    except FileNotFoundError:
        raise UserError(f"{path}: does not exist; run the workflow to make it") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"{path}: is not a whole Parquet file ({reason}); delete it and run the workflow again"
        ) from error


def _misnamed(names: list[str], table: Table) -> str | None:
    expected = [column.name for column in table.columns]
    if names == expected:
        return None
    missing = [name for name in expected if name not in names]
    excess = [name for name in names if name not in expected]
    found = f"lacks {missing}, has {excess} too many" if missing or excess else f"has them as {names}"
    return f"is no table '{table.name}', whose columns are {expected}: it {found}"


def _mistyped(schema: pa.Schema, table: Table) -> str | None:
    for column in table.columns:
        found, right = schema.field(column.name).type, _KINDS[column.kind].arrow
        if found != right:
            return f"column '{column.name}' of table '{table.name}' is of type {found}, but must be {right}"
    return None


def _to_arrow(values: pd.Series, column: Column, path: str | Path) -> pa.Array:
    kind = _KINDS[column.kind]
    present = values.dropna()
    if present.empty:  # pandas gives an empty column, or one of nothing but None, any type it likes
        return pa.nulls(len(values), kind.arrow)
    if not kind.accepts(present):
        raise UserError(f"{path}: column '{column.name}' is of type {values.dtype}, but must be {kind.right}")
    return pa.array(values, type=kind.arrow, from_pandas=True)


def _to_pandas(values: pa.ChunkedArray, column: Column) -> pd.Series:
    # named, because pandas makes a column of nothing but nulls, or of no rows, an object one
    mapped: dict[pa.DataType, Any] = {pa.string(): pd.StringDtype(na_value=np.nan)}
    if column.nullable:
        mapped[pa.int64()] = pd.Int64Dtype()
    return values.to_pandas(types_mapper=mapped.get)


def _check_values(arrow: pa.Table, table: Table, path: str | Path) -> None:
    for column in table.columns:
        values = arrow[column.name]
        for wrong, right in _violations(values, column):
            row = pc.index(wrong, True).as_py()
            if row >= 0:
                value = values[row].as_py()
                found = "null" if value is None else repr(value)
                raise UserError(f"{path}: column '{column.name}' holds {found} in row {row}, but {right}")


def _violations(values: pa.ChunkedArray, column: Column) -> Iterator[tuple[pa.ChunkedArray, str]]:
    """Per rule of the column, which rows break it (true; null where the rule says nothing), and the rule."""
    if not column.nullable:
        yield pc.is_null(values), "must not be null"
    if column.kind == "float":
        yield pc.invert(pc.is_finite(values)), "must be finite"
    if column.kind == "floats":
        finite = pc.fill_null(pc.is_finite(pc.list_flatten(values)), False)
        rows = pc.filter(pc.list_parent_indices(values), pc.invert(finite))
        wrong = np.zeros(len(values), bool)
        wrong[rows.to_numpy()] = True
        yield pa.chunked_array([wrong]), "every entry must be finite"
    if column.choices is not None:
        allowed = pa.array([*column.choices, None], pa.string())
        yield pc.invert(pc.is_in(values, allowed)), f"must be one of {', '.join(column.choices)}"
    if column.low is not None:
        yield pc.less(values, column.low), f"must be at least {column.low}"
    if column.high is not None:
        yield pc.greater(values, column.high), f"must be at most {column.high}"


def _check_key(frame: pd.DataFrame, table: Table, path: str | Path) -> None:
    keys = frame[list(table.key)]
    repeated = keys.duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        found = ", ".join(f"{name}={value}" for name, value in keys.iloc[row].items())
        raise UserError(
            f"{path}: row {row} repeats the key of a row before it ({found}), but a key must be unique"
        )
