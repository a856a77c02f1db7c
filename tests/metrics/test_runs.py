import pandas as pd

from meta_rl.metrics.runs import diverged


def table(*rows: tuple[str, int, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["method", "seed", "status"])
    return frame.assign(benchmark="cart", agent="dqn")


def test_a_run_diverged_if_it_did_in_training_or_when_it_was_tested() -> None:
    learning = table(("none", 0, "ok"), ("none", 1, "diverged"), ("jrpl", 0, "ok"), ("none", 1, "diverged"))
    evaluation = table(("none", 0, "ok"), ("none", 1, "ok"), ("jrpl", 0, "diverged"))
    assert diverged(learning, evaluation).to_numpy().tolist() == [
        ["cart", "dqn", "jrpl", 0],
        ["cart", "dqn", "none", 1],
    ]


def test_no_run_diverged() -> None:
    assert diverged(table(("none", 0, "ok")), table(("none", 0, "ok"))).empty
