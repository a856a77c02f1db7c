"""Copy tuned settings into the study that was tuned: `meta_rl adopt config/mine.yaml`.

They land in its block `tuned`, by benchmark, method and agent; the rest of the file stays as it is. From then on
`train` uses them. Nothing in the workflow writes a study.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from meta_rl import files, inputs
from meta_rl.errors import UserError
from meta_rl.study import config
from meta_rl.study.loader import Loader, read
from meta_rl.study.study import Study

_COMMENT = "# Found by tuning, on validation contexts and tuning seeds; meta_rl adopt writes this."
TUNED = "results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json"


def adopt(path: Path) -> str:
    """Write the study anew and say what changed; a UserError if it was not tuned or would not be valid."""
    study = Study(config.load(path))
    found = [_found(study, Path(file)) for file in study.files(TUNED) if Path(file).is_file()]
    if not found:
        raise UserError(f"{path}: there are no tuned settings in results/{study.name}/tuned; tune it first")
    text = path.read_text(encoding="utf-8")
    raw = read(text, str(path))
    given = raw.setdefault("tuned", {})
    for one in found:
        given.setdefault(one["benchmark"], {}).setdefault(one["method"], {})[one["agent"]] = one["settings"]
    hashes = {(one["benchmark"], one["method"], one["agent"]): one["trials_hash"] for one in found}
    written = _without(text, "tuned").rstrip("\n") + "\n\n" + "\n".join(_block(given, hashes)) + "\n"
    config.check(raw, str(path))
    if not _says(written, raw):
        raise UserError(
            f"{path}: has no room for the block 'tuned'; write the study's keys in lines of their own, not indented, "
            "and no alias that leads out of 'tuned' or into it"
        )
    files.write_text(path, written)
    return f"{path}: {len(found)} tuned settings"


def _found(study: Study, path: Path) -> dict[str, Any]:
    """What was found for the method in whose folder the file lies."""
    found, wanted = inputs.read_json(path), study.wildcards(path)
    if {"settings", "trials_hash"} - found.keys() or any(found.get(key) != wanted[key] for key in wanted):
        raise UserError(
            f"{path}: holds no tuned settings of {' '.join(wanted.values())}, by what it says; delete it and tune again"
        )
    return found


def _block(given: dict[str, Any], hashes: dict[tuple[str, str, str], str]) -> Iterator[str]:
    """The lines of the key `tuned`, each setting with the hash of the trials that it comes from."""
    yield _COMMENT
    yield "tuned:"
    for benchmark, methods in given.items():
        yield f"  {_key(benchmark)}:"
        for method, agents in methods.items():
            yield f"    {_key(method)}:"
            for agent, settings in agents.items():
                made = hashes.get((benchmark, method, agent))
                yield f"      {agent}: {json.dumps(settings)}" + (f" # trials {made}" if made else "")


def _key(name: str) -> str:
    """In quotes where YAML would take it for something else than a text, such as `on`."""
    tag = Loader("").resolve(yaml.ScalarNode, name, (True, False))
    return name if tag == "tag:yaml.org,2002:str" else json.dumps(name)


def _says(text: str, value: Any) -> bool:
    try:
        return bool(read(text, "") == value)
    except UserError:
        return False


def _without(text: str, key: str) -> str:
    """YAML without a key of its top level, and without the comment line that this module writes above it."""
    root = yaml.compose(text, Loader=Loader)
    assert isinstance(root, yaml.MappingNode)
    lines = text.splitlines(keepends=True)
    for name, value in root.value:
        if name.value == key:
            start, end = name.start_mark.line, value.end_mark.line + (value.end_mark.column > 0)
            while end > start + 1 and (lines[end - 1].startswith("#") or not lines[end - 1].strip()):
                end -= 1  # what stands before the next key
            if start and lines[start - 1].strip() == _COMMENT:
                start -= 1
            del lines[start:end]
    return "".join(lines)
