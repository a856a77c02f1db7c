"""Steps packed into rows of float32, all fields of a step side by side, and read again in the form they had."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from meta_rl.kernels.kinds import CHOICE, FLAG, NUMBER
from meta_rl.stack.networks import compiled

_KINDS = {torch.float32: NUMBER, torch.int64: CHOICE, torch.bool: FLAG}
_TYPES = {kind: type_ for type_, kind in _KINDS.items()}


def put(fields: Mapping[str, Tensor], widths: Mapping[str, int], rows: Tensor) -> None:
    """Write fields [S, N, ...] side by side to a part [S, N, D] of what is remembered; int64 becomes one-hot."""
    values = [value.contiguous() for value in fields.values()]
    lines = [
        (one.data_ptr(), widths[name], _KINDS[one.dtype]) for name, one in zip(fields, values, strict=True)
    ]
    table = np.array(lines)
    compiled().put(
        *rows.shape[:2], table.ctypes.data, len(lines), rows.data_ptr(), 4 * rows.stride(0), rows.shape[2]
    )


def take(
    rows: Tensor, index: Tensor, widths: Mapping[str, int], kinds: Mapping[str, int], wanted: Iterable[str]
) -> dict[str, Tensor]:
    """The wanted fields of the rows [S, C, D] at `index` (int64 [S, B]): [S, B, width], or [S, B] if no numbers."""
    index, found = index.contiguous(), dict[str, Tensor]()
    for name in wanted:
        kind = kinds.get(name, NUMBER)
        shape = (*index.shape, widths[name]) if kind == NUMBER else index.shape
        found[name] = torch.empty(shape, dtype=_TYPES[kind])
    table = np.array(
        [
            (found[name].data_ptr() if name in found else 0, width, kinds.get(name, NUMBER))
            for name, width in widths.items()
        ]
    )
    compiled().take(
        *index.shape, index.data_ptr(), table.ctypes.data, len(table), rows.data_ptr(), 4 * rows.stride(0),
        rows.shape[2],
    )  # fmt: skip
    return found
