"""explicit scales the train range of each feature to [-1, 1]."""

import pytest
import torch
from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.conformance.methods import build
from meta_rl.conformance.probes import DISCRETE, task
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.stack.seen import Seen


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.2, 2.2), (-3.0, -1.0)])
def test_explicit_scales_the_train_range_to_one(low: float, high: float) -> None:
    method = build("explicit", task(low, high))

    def z(context: float) -> Tensor:
        return method.encode(Seen(torch.zeros(2, 1, 1), torch.full((2, 1, 1), context)))

    for context, expected in ((low, -1.0), (high, 1.0), ((low + high) / 2, 0.0), (2 * high - low, 3.0)):
        torch.testing.assert_close(z(context), torch.full((2, 1, 1), expected), rtol=0, atol=1e-5)
    for context in (1e6, -1e6, 0.0):
        assert z(context).isfinite().all()


def test_explicit_scales_features_of_negative_default_and_each_by_its_own() -> None:
    features = (Feature("a", -10.0, -100.0, 0.0, ""), Feature("b", 2.0, 0.0, 100.0, ""))
    ranges = {"b": {"train": [0.5, 1.5]}, "a": {"train": [0.2, 2.0]}}
    method = build("explicit", Task(DISCRETE, ContextSpace.of(features, ranges)))
    contexts = torch.tensor([[[-20.0, 1.0], [-2.0, 3.0]]])
    z = method.encode(Seen(torch.zeros(1, 2, 1), contexts))
    torch.testing.assert_close(z, torch.tensor([[[-1.0, -1.0], [1.0, 1.0]]]), rtol=0, atol=1e-6)
