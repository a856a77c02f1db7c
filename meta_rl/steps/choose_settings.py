"""Choose the tuned settings of an agent with one method on one benchmark, and write down what they cost."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from meta_rl import files, job
from meta_rl.errors import UserError
from meta_rl.metrics import tuning
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.trials import TABLE

_OPTIMISERS = {"dehb": "DEHB", "random": "ConfigSpace"}  # the packages that propose


def main(trials: list[Path], spec: dict[str, Any], tuned: Path) -> str:
    """Write `tuned` (JSON): settings, scores, and where they come from. Spec: `test_seeds` [first, count]."""
    frame = pd.concat([io.read(path, TABLE) for path in trials], ignore_index=True)
    records = [io.record(path) for path in trials]
    if len({record["code"] for record in records}) > 1:
        raise UserError(
            f"{trials[0].parents[1]}: repetitions were made by different code; delete the older ones"
        )
    first, count = spec["test_seeds"]
    if shared := set(frame["seed"]) & set(range(first, first + count)):
        raise UserError(
            f"{trials[0].parents[1]}: tuned on test seeds {sorted(shared)}; delete it and tune again"
        )
    scored = tuning.scores(frame)
    (best,) = tuning.chosen(scored).to_dict("records")
    sources = sorted(set(frame["source"]) - {"default"})
    described = {
        **{key: best[key] for key in tuning.TUNED},
        "settings": json.loads(best["settings"]),
        "source": best["source"],
        "repetition": best["repetition"],
        "trial": best["trial"],
        "validation_score": best["score"],
        "validation_score_of_default": best["default"],
        "spent": {
            "env_steps": int(frame["env_steps"].sum()),
            "core_hours": round(float(frame["seconds"].sum()) / 3600, 4),
            "candidates": len(scored),
            "repetitions": len(trials),
        },
        "tuning_seeds": sorted(map(int, frame["seed"].unique())),
        "optimisers": {name: f"{_OPTIMISERS[name]} {version(_OPTIMISERS[name])}" for name in sources},
        "machines": sorted({f"{record['cpu']}, {record['platform']}" for record in records}),
        "code": records[0]["code"],
        "trials_hash": provenance.digest(frame.drop(columns="seconds").to_dict("list")),
        "specs": [record["spec"] for record in records],
        "record": provenance.record("choose_settings", spec),
    }
    files.write_text(tuned, json.dumps(described, indent=2, sort_keys=True) + "\n")
    return (
        f"{' '.join(best[key] for key in tuning.TUNED)}: {best['score']:.4g} on validation contexts "
        f"(default {best['default']:.4g}), after {described['spent']['env_steps']:,} env_steps"
    )


if __name__ == "__main__":
    job.run(main)
