"""Studies that nobody would write but YAML allows: those of config/ and one of all kinds, with some values replaced."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from raw_study import ROOT

from meta_rl.study.loader import read
from meta_rl.study.schema import schema

Schema = dict[str, Any]
_FILES = [ROOT / f"config/{name}.yaml" for name in ("test", "quick", "tour", "comparison")]
_STUDIES = [read(path.read_text(), "") for path in (*_FILES, Path(__file__).with_name("all_kinds.yaml"))]
_SCHEMA = {"properties": {"study": schema()}}
_NAMES = [
    "x",
    "X",
    "0",
    "on",
    "1e5",
    "2024-01-01",
    "gravity",
    "dqn",
    "none",
    "tables",
    "a b",
    "",
    "a\nb",
    "\ud800",
]
_TAGS = ["str", "int", "float", "bool", "null", "map", "seq", "set", "omap", "binary", "timestamp"]
# What YAML has and JSON has not, what stands where nobody looked for it, and what is too long, too deep or too much.
_ODD = re.split(
    r"\s{2,}|\n",
    r"""
~  null  yes  no  Off  true  0  -0  -0.0  1  2  5.0  32.0  1e3  1E+3  1_000  010  0o10  0x10  0b10  0b_  0x_  1:30
1:30.5  .5  5.  1e400  1e-400  5e-324  1e-7  1000000000  1000000001  99999999999999999999  .inf  -.INF  .NaN
2024-02-30  2024-01-01  =  <<  ''  text  é  none  dqn  "\ud800"  "\U00110000"  "\UFFFFFFFF"  "a\nb"  "\0"
2001-12-14t21:59:43.10-05:00  ! 5  []  {}  [[]]  [[[]]]  [{}]  [~]  {"": 1}  {1: 2}  {~: 2}  {yes: 2}  {[a]: b}
{{a: b}: c}  {a: 1, a: 2}  {? a, ? b}  {<<: 3}  {<<: [1]}  {<<: {a: 1}}  {<<: [{a: 1}, {a: 2}], a: 3}
{<<: &m {a: 1}, <<: *m}  &r [*r]  &r {a: *r}  &r {<<: *r}  *nowhere  [&a 1, *a]  !!int "5"  !!int "five"  !!int 5.5
!!int []  !!float 5  !!float "x"  !!bool maybe  !!null x  !!str 5  !!str [a]  !!str {=: 5}  !!binary aGVsbG8=
!!binary "*"  !!set {a, b}  !!omap [a: 1]  !!pairs [a: 1, a: 2]  !!map [a]  !!timestamp x  !!timestamp 2024-02-30
!!seq {a: b}  !!python/name:math.pi x  !own {a: 1}  |x  "a  - b  [a: 1]  [1, 1.0]  [true, 1]  [0.1, 1e-320]
[1e-320, 2]  [2, 1]  [1, 1]  [episode]  [5.0]  [32.0]
""".strip(),
)  # fmt: skip
_ODD += ["9" * 5000, "0x" + "f" * 5000, '"' + "x" * 5000 + '"', "[" * 60 + "]" * 60, "[" * 200 + "]" * 200]
_ODD += ["[&a [x], &b [" + "*a, " * 99 + "], &c [" + "*b, " * 99 + "], [" + "*c, " * 99 + "]]"]


class Raw(str):
    """YAML as it is written."""


def text(random: Random) -> str:
    """The YAML of a study after one or two mutations; now and then in one line."""
    held = {"study": copy.deepcopy(random.choice(_STUDIES))}
    for _ in range(random.randint(1, 2)):
        if found := [*_places(held, _SCHEMA)]:
            random.choice(_MUTATIONS)(random, *random.choice(found))
    study = held.get("study")
    if isinstance(study, dict) and random.random() < 0.95:
        return "".join(f"{_written(key)}: {_written(value)}\n" for key, value in study.items())
    return _written(study)


def _written(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_written(key)}: {_written(one)}' for key, one in value.items())}}}"
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, list) else json.dumps(value)


def _places(value: Any, of: Schema) -> Iterator[tuple[Any, Any, Schema]]:
    """Everything inside a value: what holds it, its key there, and its schema as far as that is known."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        inner = _inside(of, key)
        yield value, key, inner
        yield from _places(value[key], inner)


def _inside(of: Schema, key: Any) -> Schema:
    if isinstance(key, int):
        return of.get("items", {})
    return (
        of.get("properties", {}).get(key)
        or of.get("additionalProperties")
        or of.get("then", {}).get("properties", {})
    )


def _drawn(random: Random, of: Schema) -> Any:
    """What a schema allows, or nearly."""
    of = of | random.choice([of.get("then", {}), of.get("else", {})])
    if "enum" in of:
        return random.choice(of["enum"])
    kinds = of.get("type", ["object", "null"])
    kind = random.choice(kinds) if isinstance(kinds, list) else kinds
    if kind == "object":
        named = [key for key in of.get("properties", ()) if key in of["required"] or random.random() < 0.4]
        free = random.choices(_NAMES, k=random.randint(0, 2)) if of.get("additionalProperties") else []
        return {key: _drawn(random, _inside(of, key)) for key in (*named, *free)}
    if kind == "array":
        length = random.choice([of.get("minItems", 0), min(of.get("maxItems", 3), 3), random.randint(0, 3)])
        return [_drawn(random, of.get("items", {})) for _ in range(length)]
    if kind in ("integer", "number"):
        low, high = of.get("minimum", 0), of.get("maximum", 1e6)
        value = random.choice(
            [low, high, of.get("default", low), low + 1, random.randint(1, 10), 100, 10_000]
        )
        return value if kind == "integer" else random.choice([value, 2 * random.random(), 0.1, 1.0])
    return {"boolean": random.random() < 0.5, "string": random.choice(_NAMES)}.get(kind)


def _replace(random: Random, holder: Any, key: Any, of: Schema) -> None:
    holder[key] = _drawn(random, of)


def _odd(random: Random, holder: Any, key: Any, of: Schema) -> None:
    holder[key] = Raw(random.choice(_ODD))


def _remove(random: Random, holder: Any, key: Any, of: Schema) -> None:
    del holder[key]


def _add(random: Random, holder: Any, key: Any, of: Schema) -> None:
    value = holder[key]
    if isinstance(value, dict):
        known = random.choice([*of.get("properties", _NAMES)])
        value[random.choice([known, known, *_NAMES, Raw(random.choice(_ODD))])] = _drawn(
            random, _inside(of, known)
        )
    elif isinstance(value, list):
        value.append(random.choice([_drawn(random, of.get("items", {})), *value[:1]]))


def _rename(random: Random, holder: Any, key: Any, of: Schema) -> None:
    if isinstance(holder, dict):
        holder[random.choice([*_NAMES, Raw(random.choice(_ODD))])] = holder.pop(key)


def _wrap(random: Random, holder: Any, key: Any, of: Schema) -> None:
    holder[key] = random.choice([[holder[key]], [holder[key]] * 3, {random.choice(_NAMES): holder[key]}])


def _merge(random: Random, holder: Any, key: Any, of: Schema) -> None:
    """The same mapping out of merged ones, in which one key has other values."""
    if isinstance(value := holder[key], dict) and value:
        one = random.choice(list(value))
        name, whole = _written(one), _written(value | {one: 0})
        holder[key] = Raw(
            f"{{<<: [&m {{<<: {whole}, {name}: 1}}, {{<<: *m}}], {name}: {_written(value[one])}}}"
        )


def _share(random: Random, holder: Any, key: Any, of: Schema) -> None:
    """What stands here stands beside it, too."""
    if isinstance(holder, dict) and len(holder) > 1:
        first, second = sorted(random.sample(list(holder), 2), key=list(holder).index)
        holder[first], holder[second] = Raw(f"&s {_written(holder[first])}"), Raw("*s")


def _tag(random: Random, holder: Any, key: Any, of: Schema) -> None:
    holder[key] = Raw(f"!!{random.choice(_TAGS)} {_written(holder[key])}")


_MUTATIONS: list[Callable[..., None]] = [_replace, _replace, _replace, _odd, _odd, _remove]
_MUTATIONS += [_add, _add, _rename, _wrap, _merge, _share, _tag]
