"""What a table is: its columns, each with type, unit, meaning and bounds, and the key of a row.

The table files beside this one are data only. A step imports just those that it reads or writes, so that an
edit of one table reruns nothing else.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "int", "float", "bool", "floats"]


@dataclass(frozen=True)
class Column:
    """One column; `floats` holds a vector (float32) per row.

    `choices` are all the strings allowed; `low` and `high` are inclusive bounds of a number. A null is no
    number and no choice: `nullable` allows it beside them, and `meaning` says when it stands.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    choices: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.choices is not None and self.kind != "string":
            raise ValueError(f"column '{self.name}': only a string column has choices")
        if (self.low, self.high) != (None, None) and self.kind not in ("int", "float"):
            raise ValueError(f"column '{self.name}': only an int or float column has bounds")
        if self.nullable and self.kind in ("bool", "floats"):
            raise ValueError(f"column '{self.name}': a {self.kind} column cannot be null")


@dataclass(frozen=True)
class Table:
    """A table in long format; no two rows share the values of `key`.

    `paths` are the places of its files below results/{study}/.
    """

    name: str
    meaning: str
    paths: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"table '{self.name}': a column name occurs twice")
        if not self.key or not set(self.key) <= set(names):
            raise ValueError(f"table '{self.name}': its key must name some of its columns")
