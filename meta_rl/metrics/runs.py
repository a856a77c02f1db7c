"""What became of each run: diverged and failed ones are named wherever results are."""

from collections.abc import Iterable

import pandas as pd

RUN = ["benchmark", "agent", "method", "seed"]
Failure = tuple[str, str, str, int, str]  # benchmark, agent, method, seed, reason
Spent = tuple[str, str, str, int, int]  # the same run, env_steps


def runs(
    learning: pd.DataFrame, evaluation: pd.DataFrame, failures: Iterable[Failure], spent: Iterable[Spent]
) -> pd.DataFrame:
    """The `runs` table, sorted by key.

    `spent` is what each run paid for in all, as its policy file says: the last point of its learning curve is earlier.

    A run diverged if a value or weight ceased to be finite, in training or when it was tested; the reason is
    where that was seen first. `failures` are runs that have no episodes.
    """
    lost = learning[learning["status"] == "diverged"].sort_values("env_steps", kind="stable")
    lost = lost.assign(
        outcome="diverged",
        reason=[
            f"training, {metric} is not finite at {steps:,} env_steps"
            for metric, steps in zip(lost["metric"], lost["env_steps"], strict=True)
        ],
    )
    played = evaluation.loc[evaluation["status"] == "diverged", RUN]
    played = played.assign(outcome="diverged", reason="evaluation, weights or values are not finite")
    failed = pd.DataFrame(failures, columns=[*RUN, "reason"]).astype({"seed": int}).assign(outcome="failed")
    fine = pd.concat([table[RUN] for table in (learning, evaluation)]).assign(outcome="ok", reason=None)
    paid = pd.DataFrame(spent, columns=[*RUN, "env_steps"]).astype({"seed": int, "env_steps": "Int64"})
    columns = [*RUN, "outcome", "reason"]
    # The first row of a run says most about it.
    every = pd.concat([failed[columns], lost[columns], played[columns], fine[columns]])
    found = every.drop_duplicates(RUN).merge(paid, on=RUN, how="left", validate="one_to_one")
    return found.sort_values(RUN, ignore_index=True)[[*RUN, "env_steps", "outcome", "reason"]]
