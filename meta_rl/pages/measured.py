"""What scripts in benchmarks/methods have measured of single methods and left beside their pages, in words."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from meta_rl.tables.markdown import table


def sections(folder: Path) -> dict[str, str]:
    """A section of each method's page of which something is there."""
    found = {}
    for name, (file, write) in _SECTIONS.items():
        if (folder / file).is_file():
            found[name] = write(pd.read_csv(folder / file))
    return found


def _probes(measured: pd.DataFrame) -> str:
    rows = [
        (f"`{row['method']}`", row["actions"], f"{100 * row['repeat']:.1f} %", f"{100 * row['end']:.1f} %")
        for row in measured.to_dict("records")
    ]
    header = ("probe policy", "actions", "probes that repeat one action", "probes that end the episode")
    return (
        f"## Probes\n\n{table(header, rows)}\n\n"
        f"Ten probes of each train context of five runs on `{measured['benchmark'].iloc[0]}`, with the settings of\n"
        "`config/quick.yaml`. The policies of pretraining act drawn, as they always do, and as if they were greedy;\n"
        "that of `epi_random_probes` is as it was drawn. Measured by `benchmarks/methods/probes.py`."
    )


def _codes(measured: pd.DataFrame) -> str:
    rows = [
        (row["split"], row["z"], f"{row['mean']:.1f}", f"{row['largest']:.1f}", f"{row['r2']:.2f}")
        for row in measured.sort_values(["split", "z"], ascending=[False, True], kind="stable").to_dict(
            "records"
        )
    ]
    header = ("contexts", "z", "mean norm", "largest norm", "R² of the context")
    return (
        f"## z outside the train range\n\n{table(header, rows)}\n\n"
        f"Of full context sets of five runs on `{measured['benchmark'].iloc[0]}`, with the settings of\n"
        "`config/quick.yaml`; z as it is, in standard deviations of the train contexts' cloud, and as the agent is\n"
        "told it, bounded. R² is that of a ridge regression from z that was fitted on the train contexts. Measured by\n"
        "`benchmarks/methods/codes.py`."
    )


_SECTIONS: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
    "epi": ("probes.csv", _probes),
    "epi_random_probes": ("probes.csv", _probes),
    "iida": ("codes.csv", _codes),
}
