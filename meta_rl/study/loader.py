"""YAML as plain JSON values: what else YAML knows, or reads in a way that few expect, is refused where it stands."""

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from meta_rl.errors import UserError, brief

_YAML = "tag:yaml.org,2002:"
_MERGE = f"{_YAML}merge"
_DEEPEST = 30  # a study is 8 deep
_MOST = 250_000  # values, which aliases of aliases multiply


def read(text: str, source: str) -> Any:
    """The value of a YAML text, in which nothing is shared. Raises a UserError with line and column in `source`."""
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(filter(None, (error.context, error.problem)))
        at = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise UserError(f"{source}: {at}: {brief(said, 300)}; correct the YAML there") from None
    except yaml.YAMLError as error:
        raise UserError(f"{source}: {brief(str(error), 300)}; correct the YAML there") from None


class Loader(yaml.SafeLoader):
    """Constructs dicts with texts as keys, lists, texts, numbers, booleans and None, and no object twice.

    A key given twice is an error; one that overrides a merged one is not. 1e-3 is a number, which YAML 1.1 takes for a
    text; 010, 1:30, 0x1F and dates, which it takes for something else than many do, are errors.
    """

    def get_single_node(self) -> Node | None:
        try:
            return super().get_single_node()
        except RecursionError:
            raise _refusal("is nested too deeply", self.get_mark()) from None
        except (ValueError, OverflowError) as error:  # of PyYAML itself, by escapes such as "\UFFFFFFFF"
            raise _refusal(f"cannot be read ({error})", self.get_mark()) from None

    def construct_document(self, node: Node) -> Any:
        self._values = 0
        return self._value(node, ())

    def _value(self, node: Node, around: tuple[Node, ...]) -> Any:
        self._values += 1
        if node in around:
            raise _refusal("stands within itself", node.start_mark)
        if len(around) == _DEEPEST:
            raise _refusal("is nested too deeply", node.start_mark)
        if self._values > _MOST:
            raise _refusal(
                f"is one of more than {_MOST} values, with aliases counted where they stand", node.start_mark
            )
        inner = (*around, node)
        if isinstance(node, MappingNode) and node.tag == f"{_YAML}map":
            return self._mapping(node, inner)
        if isinstance(node, SequenceNode) and node.tag == f"{_YAML}seq":
            return [self._value(one, inner) for one in node.value]
        kind = node.tag.removeprefix(_YAML)
        if isinstance(node, ScalarNode) and kind in _SCALARS:
            try:
                return _SCALARS[kind](node.value)
            except (KeyError, ValueError):
                pass
        raise _refusal(
            f"{brief(repr(node.value), 40) if isinstance(node, ScalarNode) else 'this'} is YAML's type '{kind}' in a "
            "form that a study does not take; write numbers in decimals and texts in quotes",
            node.start_mark,
        )

    def _mapping(self, node: MappingNode, inner: tuple[Node, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        seen = set()
        for key, value in node.value:
            if key.tag not in (_MERGE, f"{_YAML}str") or not isinstance(key, ScalarNode):
                raise _refusal("this key is no text; put it in quotes", key.start_mark)
            if (key.tag, key.value) in seen:
                raise _refusal(f"the key '{brief(key.value)}' is given twice", key.start_mark)
            seen.add((key.tag, key.value))
            if key.tag == _MERGE:
                merged = self._merged(value, inner)
            else:
                own[key.value] = self._value(value, inner)
        return merged | own

    def _merged(self, node: Node, inner: tuple[Node, ...]) -> dict[str, Any]:
        """What a merge key takes in: of one mapping, or of several, the first of which wins."""
        merged: dict[str, Any] = {}
        for part in reversed(node.value) if isinstance(node, SequenceNode) else [node]:
            if not isinstance(part, MappingNode):
                raise _refusal("'<<' takes a mapping or a list of mappings", part.start_mark)
            merged |= self._value(part, inner)
        return merged


def _refusal(said: str, mark: yaml.Mark) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, said, mark)


def _null(text: str) -> None:
    if text.lower() not in ("", "~", "null"):
        raise ValueError(text)


def _whole(text: str) -> int:
    if not re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", text):
        raise ValueError(text)
    return int(text.replace("_", ""))


def _number(text: str) -> float:
    return float(re.sub(r"_|\.(?=inf|nan)", "", text.lower()))


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "null": _null,
    "bool": lambda text: yaml.SafeLoader.bool_values[text.lower()],
    "int": _whole,
    "float": _number,
}
Loader.add_implicit_resolver(
    f"{_YAML}float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
