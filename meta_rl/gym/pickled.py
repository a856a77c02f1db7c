"""Pickles and copies of environments that cannot be pickled themselves, as modules and simulators cannot."""

from typing import Any


class Pickled:
    """A pickle or copy is built anew from its settings and goes on from where the original was."""

    settings: dict[str, Any]
    rows: Any
    _built = frozenset({"contexts", "rows", "_look"})

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if name not in self._built}
        return {"kept": kept, "rows": self.rows.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["kept"]["settings"])  # type: ignore[misc]
        self.rows.load_state_dict(state["rows"])
        vars(self).update(state["kept"])
