"""carl-bench is the authority on features: each is as there, or a declared deviation, or refused."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from carl_rows import defaults, every_environment

from meta_rl.contexts import Feature
from meta_rl.envs import carl_features
from meta_rl.errors import UserError


def like(carl_name: str | None, feature: Feature, **deviations: str) -> Any:
    return SimpleNamespace(__name__="ours", carl=carl_name, features=(feature,), deviations=deviations)


def test_a_feature_must_be_as_in_carl_bench_but_for_declared_deviations() -> None:
    right = Feature("m", 1.0, 1e-6, float("inf"), "kg")
    wrong = Feature("m", 2.0, 1e-6, float("inf"), "kg")
    carl_features.check_features(like("CARLPendulum", right))
    with pytest.raises(
        UserError, match=r"ours: feature 'm' must have .*1\.0.*, as in CARLPendulum, not \(2\.0,"
    ):
        carl_features.check_features(like("CARLPendulum", wrong))
    carl_features.check_features(like("CARLPendulum", wrong, m="twice as heavy"))
    with pytest.raises(UserError, match="feature 'm'"):
        carl_features.check_features(like("CARLPendulum", wrong, l="another feature"))


def test_a_feature_must_exist_in_carl_bench_unless_it_is_a_deviation() -> None:
    made_up = Feature("colour", 1.0, 0.0, 2.0, "nm")
    with pytest.raises(UserError, match="ours: CARLPendulum has no feature 'colour'"):
        carl_features.check_features(like("CARLPendulum", made_up))
    carl_features.check_features(like("CARLPendulum", made_up, colour="it is ours"))
    carl_features.check_features(like(None, made_up))


@every_environment
def test_each_feature_of_carl_bench_is_offered_or_refused(environment: Any) -> None:
    carl_features.check_features(environment)
    offered = defaults(environment)
    theirs = carl_features.features(environment.carl)
    assert {*offered, *environment.refused} == theirs.keys()
    assert environment.refused.keys().isdisjoint(offered)
    for feature in environment.features:
        assert feature.low <= feature.default <= feature.high
        assert min(feature.low * feature.default, feature.high * feature.default) >= 0 != feature.default
        assert feature.unit
        ours = (feature.default, feature.low, feature.high)
        said = theirs[feature.name]
        expected = pytest.approx((said.default_value, said.lower, said.upper), rel=1e-12)
        assert (ours != expected) == (feature.name in environment.deviations)
    for name, reason in environment.refused.items():
        assert ("default is 0" in reason) <= (theirs[name].default_value == 0), name
        assert ("whole numbers" in reason) == type(theirs[name]).__name__.startswith("UniformInteger"), name


def test_carl_bench_is_not_imported_before_it_is_asked() -> None:
    code = "import sys, meta_rl.envs.carl; print('carl' in sys.modules, 'gymnasium' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
    assert not found.stderr
