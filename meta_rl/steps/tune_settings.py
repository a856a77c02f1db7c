"""Tune the settings of an agent with one method on one benchmark: train candidates and score them."""

from pathlib import Path
from typing import Any

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.columns import run_of
from meta_rl.tables.trials import TABLE
from meta_rl.tuning.judge import Judge
from meta_rl.tuning.trials import tune


def main(contexts: Path, validation: Path, spec: dict[str, Any], journal: Path, trials: Path) -> str:
    """Write `trials`; meanwhile `journal` holds those that are done, from which a killed tuning goes on.

    Spec: that of a training, with `tune`, `search` and `episodes`.
    """
    record = provenance.record("tune_settings", spec)
    frame = tune(spec, Judge(spec, contexts, validation), journal, record)
    io.write(frame, TABLE, trials, record)
    return (
        f"{' '.join(run_of(spec).values())}: {frame['trial'].nunique()} candidates, "
        f"{frame['env_steps'].sum():,} env_steps on {frame['seed'].nunique()} seeds"
    )


if __name__ == "__main__":
    job.run(main)
