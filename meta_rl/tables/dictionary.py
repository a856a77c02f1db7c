"""The data dictionary of results/, in Markdown: `python -m meta_rl.tables.dictionary > results/README.md`."""

from meta_rl.tables import (
    contexts,
    deployment,
    doubt_metrics,
    encodings,
    evaluation,
    learning,
    metrics,
    predictions,
    references,
    runs,
    scores,
    trajectories,
    trials,
    uncertainty,
)
from meta_rl.tables.schema import Column, Table

TABLES = tuple(
    module.TABLE
    for module in (
        contexts,
        trajectories,
        predictions,
        learning,
        runs,
        evaluation,
        encodings,
        references,
        scores,
        metrics,
        deployment,
        uncertainty,
        doubt_metrics,
        trials,
    )
)

INTRODUCTION = """\
# Results

Everything that the workflow writes lies here, one folder per study. Git keeps this page only, which
`python -m meta_rl.tables.dictionary > results/README.md` generates.

```
{study}/
  {benchmark}/
    contexts/                   the held-out contexts, shared by all runs, and each block's train contexts
    references/                 specialists, and the returns of the whole portfolio on the same contexts
    {agent}/{method}/{block}/   generator, trajectories, encoder, predictions, policy, learning curves, evaluation,
                                encodings; deployment, what was watched, monitors/ and uncertainty/ by estimator
    scores.parquet              every run in every context, measured against random and the reference
  tables/                       the whole study, one file per table: start here
  figures/                      drawn from tables/ alone, as PDF and PNG
  summary.html                  the tables on one page
  report.html                   the figures, and the steps and run times that led to them
  manifest.json                 versions, hardware, code and costs behind the tables
  check.txt                     what was checked about the results
  tuned/                        of a tuning: its page, and per benchmark, agent and method trials and settings
  jobs/                         of each job what it must know: spec, lists of files, and the hash of its code
  logs/                         of each job its output, and beside it the attempts at it: how each ended, what it cost
  checkpoints/                  where trainings that were cut go on from; empty when all have ended
```

A block such as `seeds_0-4` holds the runs of those seeds, ends included. A part is a block, or `held_out`.

All tables are in long format and free of pandas metadata, so that any Parquet reader opens them:

```python
import pandas as pd

frame = pd.read_parquet("results/quick/tables/scores.parquet")
```

`meta_rl.tables.io.read` checks a file against its table as below, `meta_rl.tables.io.record` tells how it was
made. No two rows of a file share the values of its key.

The column `metric` of `metrics` holds, first per run over its contexts and then over runs:

- `iqm_return` (the headline), `mean_return`, `median_return`, and `cvar_return`, the IQM of the mean over the worst
  tenth of the contexts; `unsolvable_return`, that of the contexts in which nobody can succeed (`solvable` is false in
  `scores`), which enter nothing else but `encoding_r2`
- `iqm_score`, `mean_score`; `optimality_gap`, the mean of what scores lack of 1; `generalisation_gap`, train score less
  held-out score
- `encoding_r2`, R2 of a linear probe from the encoding to the context, and `encoding_r2_shuffled`, that of its control
- against `compared_with`: `return_difference`, `probability_of_improvement`, `p_value`, `p_holm`, and
  `smallest_p_holm`, the least that `p_holm` can be with so many runs
- of the references, under the method `reference` or `specialist` and `cold`: `context_value`, `specialist_return`

That of `learning` holds `episode_return`, `loss` and `value`, and more figures of agents that have them. Those of
`doubt_metrics` stand in docs/uncertainty/metrics.md.
"""


def dictionary() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *map(_section, TABLES)])


def _section(table: Table) -> str:
    paths = ", ".join(f"`{{study}}/{path}`" for path in table.paths)
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = "\n".join(_row(column) for column in table.columns)
    return f"""\
## {table.name}

{table.meaning}

- Files: {paths}
- Key: {key}

| column | type | unit | meaning |
|---|---|---|---|
{rows}
"""


def _row(column: Column) -> str:
    return f"| `{column.name}` | {_type(column)} | {column.unit} | {column.meaning} |"


def _type(column: Column) -> str:
    kind: str = "float32 vector" if column.kind == "floats" else column.kind
    if column.choices is not None:
        kind += ": " + ", ".join(f"`{choice}`" for choice in column.choices)
    if column.low is not None:
        kind += f" ≥ {column.low}"
    if column.high is not None:
        kind += f" ≤ {column.high}"
    return kind + (" or null" if column.nullable else "")


if __name__ == "__main__":
    print(dictionary(), end="")
