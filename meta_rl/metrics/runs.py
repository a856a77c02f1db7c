"""Which runs diverged: they count with what they returned, and are named wherever results are."""

import pandas as pd

RUN = ["benchmark", "agent", "method", "seed"]


def diverged(learning: pd.DataFrame, evaluation: pd.DataFrame) -> pd.DataFrame:
    """The runs, sorted, in which a value or weight ceased to be finite, in training or when they were tested."""
    rows = pd.concat([table[[*RUN, "status"]] for table in (learning, evaluation)])
    lost = rows.loc[rows["status"] == "diverged", RUN].drop_duplicates()
    return lost.sort_values(RUN, ignore_index=True)
