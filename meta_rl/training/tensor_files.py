"""Files of tensors and JSON: written whole, and read without running code from them."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from meta_rl.errors import told
from meta_rl.files import atomic


def write(path: str | Path, content: dict[str, Any]) -> None:
    """Write tensors, numbers, texts, and lists, tuples and dicts of them atomically.

    The same content makes the same bytes. Raises UserError if the system refuses to write.
    """
    # Given a name, PyTorch would put it into the file, and would not say why it cannot write.
    with atomic(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read(path: str | Path) -> dict[str, Any]:
    """What was written. Raises UserError if it may not be read; what is not ours, or not whole, can fail in any way."""
    with told(path, "read"):
        with zipfile.ZipFile(path) as archive:
            if (broken := archive.testzip()) is not None:  # PyTorch does not look at the checksums
                raise ValueError(f"{broken} in it has changed")
        content: dict[str, Any] = torch.load(path, weights_only=True)
        return content
