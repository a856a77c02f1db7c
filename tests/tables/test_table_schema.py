"""Schemas: a mistake in one shows at import, and all tables follow the same conventions."""

import ast
import operator
from pathlib import Path

import pytest

from meta_rl import tables
from meta_rl.tables import columns
from meta_rl.tables.dictionary import TABLES
from meta_rl.tables.schema import Column, Table

FOLDER = Path(tables.__file__).parent
SHARED = {column.name: column for column in vars(columns).values() if isinstance(column, Column)}
every_table = pytest.mark.parametrize("table", TABLES, ids=operator.attrgetter("name"))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"kind": "int", "choices": ("a",)}, "only a string column has choices"),
        ({"kind": "string", "low": 0}, "only an int or float column has bounds"),
        ({"kind": "floats", "high": 0}, "only an int or float column has bounds"),
        ({"kind": "bool", "nullable": True}, "a bool column cannot be null"),
        ({"kind": "floats", "nullable": True}, "a floats column cannot be null"),
    ],
)
def test_a_column_whose_rules_could_not_be_checked_is_refused(rules, message):
    with pytest.raises(ValueError, match=f"'speed': {message}"):
        Column("speed", meaning="", **rules)


@pytest.mark.parametrize(
    ("names", "key", "message"),
    [(("a", "a"), ("a",), "occurs twice"), (("a",), ("b",), "key"), (("a",), (), "key")],
)
def test_a_table_with_a_wrong_key_or_a_column_twice_is_refused(names, key, message):
    with pytest.raises(ValueError, match=f"'speeds'.*{message}"):
        Table("speeds", "", (), tuple(Column(name, "int", "") for name in names), key)


@every_table
def test_every_table_starts_with_the_benchmark_and_says_what_it_holds(table):
    assert table.columns[0] == columns.BENCHMARK
    assert table.key[0] == "benchmark"
    assert table.meaning.endswith(".")
    assert all(column.meaning for column in table.columns)
    assert all("null" in column.meaning for column in table.columns if column.nullable)


@every_table
def test_a_name_means_the_same_kind_of_thing_in_every_table(table):
    for column in table.columns:
        if shared := SHARED.get(column.name):
            assert (column.kind, column.unit, column.choices) == (shared.kind, shared.unit, shared.choices)


def test_an_edit_of_one_table_touches_no_other():
    shared = {"meta_rl.tables.columns", "meta_rl.tables.schema"}
    for name in ["io", "columns", "schema", *(table.name for table in TABLES)]:
        imported = {
            node.module
            for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("meta_rl.tables")
        }
        assert imported <= shared, name
