"""A study's YAML becomes plain JSON values, or is refused with its line and column."""

from typing import Any

import pytest

from meta_rl.errors import UserError
from meta_rl.study.loader import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1e-3", {"a": 0.001}),
        ("a: [1, -2.5, 1_000, true, ~, x]", {"a": [1, -2.5, 1000, True, None, "x"]}),
        ("a: &one {b: 1}\nc: *one", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: {<<: {b: 1, c: 2}, b: 3}", {"a": {"b": 3, "c": 2}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": 1, "c": 3}}),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert read(text, "my.yaml") == value


def test_an_alias_is_a_value_of_its_own() -> None:
    one = read("a: &one {b: 1}\nc: *one", "my.yaml")
    one["a"]["b"] = 2
    assert one["c"] == {"b": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "line 2, column 1: the key 'a' is given twice"),
        ("1: a", "line 1, column 1: this key is no text"),
        ("on: a", "this key is no text"),
        ("a: 010", "YAML's type 'int'"),
        ("a: 1:30", "YAML's type 'int'"),
        ("a: 2024-01-01", "YAML's type 'timestamp'"),
        ("a: !!set {b, c}", "YAML's type 'set'"),
        ("a: !own b", "a form that a study does not take"),
        ("a: &a [*a]", "stands within itself"),
        ("a: {<<: 3}", "'<<' takes a mapping or a list of mappings"),
        ("a: " + "[" * 31 + "]" * 31, "is nested too deeply"),
        ("a: [", "line 1, column 5: while parsing"),
        ("a: *nowhere", "undefined alias"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text, "my.yaml")
    assert str(caught.value).startswith("my.yaml: line ")
    assert said in str(caught.value)
