import pandas as pd

from meta_rl.metrics.runs import RUN, runs

SPENT = [("jrpl", 0, 12), ("jrpl", 2, 13), ("none", 0, 14), ("none", 1, 25)]  # more than the last points


def table(*rows: tuple[str, int, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["method", "seed", "status", "env_steps"])
    return frame.assign(benchmark="cart", agent="dqn", metric="loss")


def test_every_run_is_one_row_with_the_first_reason() -> None:
    learning = table(
        ("none", 0, "ok", 10),
        ("none", 1, "diverged", 20),
        ("none", 1, "diverged", 10),
        ("none", 1, "ok", 5),
        ("jrpl", 0, "ok", 10),
        ("jrpl", 2, "ok", 10),
    )
    evaluation = table(("none", 0, "ok", 0), ("none", 1, "diverged", 0), ("jrpl", 0, "diverged", 0))
    failures = [("cart", "dqn", "jrpl", 1, "training, no"), ("cart", "dqn", "jrpl", 2, "evaluation, no")]
    spent = [("cart", "dqn", *run, steps) for *run, steps in SPENT]
    found = runs(learning, evaluation, failures, spent)
    assert list(found.columns) == [*RUN, "env_steps", "outcome", "reason"]
    assert found["env_steps"].isna().tolist() == [False, True, False, False, False]
    found = found.fillna({"env_steps": 0})
    assert found.drop(columns=["benchmark", "agent"]).to_numpy().tolist() == [
        ["jrpl", 0, 12, "diverged", "evaluation, weights or values are not finite"],
        ["jrpl", 1, 0, "failed", "training, no"],
        ["jrpl", 2, 13, "failed", "evaluation, no"],
        ["none", 0, 14, "ok", None],
        ["none", 1, 25, "diverged", "training, loss is not finite at 10 env_steps"],
    ]


def test_no_run_is_lost() -> None:
    one = table(("none", 0, "ok", 10))
    assert runs(one, one, [], [])["outcome"].tolist() == ["ok"]
