"""Play the greedy episodes of a block of trained, frozen policies in its train and all held-out contexts."""

from pathlib import Path
from typing import Any

from meta_rl import job
from meta_rl.study import provenance
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import encodings as encodings_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.training import evaluation as training_evaluation
from meta_rl.training.block import label_of
from meta_rl.training.policy import load


def main(
    policy: Path,
    held_out: Path,
    train_contexts: Path,
    spec: dict[str, Any],
    evaluation: Path,
    encodings: Path,
) -> str:
    """The record of the tables says what each seed spent, which ones failed, here or in training, and why."""
    own, shared = (io.read(path, contexts_table.TABLE) for path in (train_contexts, held_out))
    played, codes, failures, spent = training_evaluation.evaluate(load(policy), own, shared, spec)
    record = provenance.record("evaluate", spec) | {"failures": failures, "env_steps": spent}
    io.write(played, evaluation_table.TABLE, evaluation, record)
    io.write(codes, encodings_table.TABLE, encodings, record)
    return f"{label_of(spec, own['seed'].unique())}: {len(played)} episodes"


if __name__ == "__main__":
    job.run(main)
