"""A variant goes through the whole workflow; with the settings of its member it has its member's results."""

import pandas as pd
from harness import Project

RESULTS = "results/test"


def test_a_variant_with_no_settings_of_its_own_equals_its_member(project: Project) -> None:
    project.edit(
        "config/test.yaml",
        "methods: [none, ",
        "methods: [{same: {method: jrpl}}, {same_iida: {method: iida}}, none, ",
    )
    done = project.snakemake("all")
    assert done.returncode == 0, done.stdout
    results = project.root / RESULTS
    for member, variant in (("jrpl", "same"), ("iida", "same_iida")):
        for table in ("learning", "evaluation", "encodings", "scores", "predictions"):
            frame = pd.read_parquet(results / f"tables/{table}.parquet")
            own, of_member = (
                frame[frame["method"] == name].drop(columns="method").reset_index(drop=True)
                for name in (variant, member)
            )
            assert len(own) or (table, member) == ("predictions", "jrpl")
            pd.testing.assert_frame_equal(own, of_member, check_exact=True)
    metrics = pd.read_parquet(results / "tables/metrics.parquet")
    compared = metrics[metrics["compared_with"].notna()]
    assert {"same", "same_iida"} <= set(compared["method"])
    assert "same_iida against none" in (results / "summary.html").read_text()
    assert project.planned() == set()
