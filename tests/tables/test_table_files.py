"""Damaged files and foreign ones are refused, and a write that fails leaves the old file."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import RECORD, example, few, refused

from meta_rl.tables import evaluation, io, scores


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
