"""Files of tensors and JSON: written whole, and read without running code from them."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from meta_rl import inputs
from meta_rl.errors import UserError, told
from meta_rl.files import atomic, checksum

Tensors = dict[str, torch.Tensor]
Made = TypeVar("Made")


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


def save(path: str | Path, description: dict[str, Any], tensors: Tensors) -> None:
    """Write a job's result atomically: tensors, and their description in JSON, among it its `record`."""
    content = {"description": json.dumps(description, sort_keys=True), "tensors": tensors}
    write(path, content | {"checksum": _checksum(content)})


def load(path: str | Path, kind: str, made: Callable[[dict[str, Any], Tensors], Made]) -> Made:
    """What is `made` of description and tensors, which may raise anything for what does not fit.

    Raises UserError if the file is not whole, not of this `kind` of ours, or not what the job is to read.
    """
    try:
        content = read(path)
        if content["checksum"] != _checksum(content):
            raise ValueError("it holds something else than was written")
        described = json.loads(content["description"])
        found, record = made(described, dict(content["tensors"])), described["record"]
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; run the rule that makes it") from None
    except Exception as error:  # what is not ours can fail in any way
        raise UserError(
            f"{path}: not a whole {kind} ({type(error).__name__}); delete it and run the workflow again"
        ) from error
    inputs.check(path, record)
    return found


def _checksum(content: dict[str, Any]) -> str:
    tensors = content["tensors"]
    parts = (tensors[name].contiguous().numpy().tobytes() for name in sorted(tensors))
    names = json.dumps([(name, tuple(tensors[name].shape)) for name in sorted(tensors)])
    return checksum([content["description"].encode(), names.encode(), *parts])
