"""YAML is read as plain values, or refused where it stands."""

from typing import Any

import pytest

from meta_rl.errors import UserError
from meta_rl.study.loader import read

DEEPER = "a: &a {k: 1, l: 1}\nb: &b {<<: *a, k: 2}\nc: {<<: *b, k: 3}\nd: {<<: [*b, *a], m: 4}"
LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 7))])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "[1e-3, 1E3, 1_000, -2.5, -0, .5, 5., .inf]",
            [0.001, 1000.0, 1000, -2.5, 0, 0.5, 5.0, float("inf")],
        ),
        ("[yes, Off, ~, null, '', text, 0o10]", [True, False, None, None, "", "text", "0o10"]),
        ("['2024-02-30', '010', !!str 5, !!float 5]", ["2024-02-30", "010", "5", 5.0]),
        ("{'1': a, 'yes': b, '<<': c}", {"1": "a", "yes": "b", "<<": "c"}),
        (
            DEEPER,
            {
                "a": {"k": 1, "l": 1},
                "b": {"k": 2, "l": 1},
                "c": {"k": 3, "l": 1},
                "d": {"k": 2, "l": 1, "m": 4},
            },
        ),
        ("[]", []),
        ("", None),
    ],
)
def test_what_json_has_is_read(text: str, value: Any) -> None:
    found = read(text, "my.yaml")
    assert found == value
    assert repr(found) == repr(value) or isinstance(value, dict), "5.0 is no 5, and yes no 1"


def test_no_object_stands_twice() -> None:
    """Whoever changes one place changes no other."""
    found = read("a: &a {k: [1]}\nb: *a\nc: {<<: *a}", "my.yaml")
    found["a"]["k"].append(2)
    assert found["b"] == found["c"] == {"k": [1]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 2024-02-30", "line 1, column 4: '2024-02-30' is YAML's type 'timestamp' in a form that a study does not"),
        ("a:\n  - 2024-01-01", "line 2, column 5: '2024-01-01' is YAML's type 'timestamp'"),
        ("a: 010", "'010' is YAML's type 'int' in a form that a study does not take; write numbers in decimals"),
        ("a: 0x10", "'0x10' is YAML's type 'int'"),
        ("a: 0b_", "'0b_' is YAML's type 'int'"),
        ("a: 1:30", "'1:30' is YAML's type 'int'"),
        ("a: 1:30.5", "'1:30.5' is YAML's type 'float'"),
        (f"a: {'9' * 5000}", "is YAML's type 'int'"),
        ("a: !!int five", "'five' is YAML's type 'int'"),
        ("a: !!float x", "'x' is YAML's type 'float'"),
        ("a: !!bool maybe", "'maybe' is YAML's type 'bool'"),
        ("a: !!null x", "'x' is YAML's type 'null'"),
        ("a: !!binary aGk=", "'aGk=' is YAML's type 'binary'"),
        ("a: !!set {b, c}", "this is YAML's type 'set'"),
        ("a: !!omap [b: 1]", "this is YAML's type 'omap'"),
        ("a: !!int [1]", "this is YAML's type 'int'"),
        ("a: !!timestamp x", "'x' is YAML's type 'timestamp'"),
        ("a: !own {b: 1}", "this is YAML's type '!own'"),
        ("a: =", "'=' is YAML's type 'value'"),
        ("a: <<", "'<<' is YAML's type 'merge'"),
        ("{1: a}", "line 1, column 2: this key is no text; put it in quotes"),
        ("{yes: a}", "this key is no text"),
        ("{~: a}", "this key is no text"),
        ("{[a]: b}", "this key is no text"),
        ("{!!str [a]: b}", "this key is no text"),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' is given twice"),
        ("a: [", "line 1, column 5: while parsing a flow node, expected the node content, but found '<stream end>'"),
        ("{a: 1, 'a': 2}", "line 1, column 8: the key 'a' is given twice"),
        ("{'a\\nb': 1, 'a\\nb': 2}", "the key 'a\\nb' is given twice"),
        ("{<<: {a: 1}, <<: {b: 1}}", "the key '<<' is given twice"),
        ("{<<: {a: 1, a: 2}}", "the key 'a' is given twice"),
        ("{<<: 3}", "'<<' takes a mapping or a list of mappings"),
        ("{<<: [[1]]}", "'<<' takes a mapping or a list of mappings"),
        ("a: &a [*a]", "line 1, column 4: stands within itself"),
        ("a: &a {<<: *a}", "stands within itself"),
        (LAUGHS, "is one of more than 250000 values, with aliases counted where they stand"),
        ("a: " + "[" * 31 + "]" * 31, "column 33: is nested too deeply"),
        ("[" * 2000 + "]" * 2000, "is nested too deeply"),
        ('a: "\\U00110000"', "cannot be read (chr() arg not in range(0x110000))"),
        ('a: "\\UFFFFFFFF"', "cannot be read (Python int too large to convert to C int)"),
        ("%YAML 1." + "9" * 5000 + "\n--- a", "cannot be read (Exceeds the limit"),
        ("a: *b", "line 1, column 4: found undefined alias 'b'"),
        ("a: 1\n--- \nb: 2", "but found another document"),
        ("a: \x07", "special characters are not allowed"),
    ],
)  # fmt: skip
def test_all_else_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text, "my.yaml")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("my.yaml: ")
    assert says in line
    assert line.endswith("; correct the YAML there")
    assert len(line) < 400
