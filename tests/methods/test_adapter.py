"""The adapter's weights come from the context, in chunks, and act on features as two layers do."""

from typing import Any

import pytest
import torch
from torch import Tensor

from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.methods import ROWS, build, normal
from meta_rl.conformance.small import keys
from meta_rl.methods.adapter import Hypernetwork
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


def part(network: str = CRITIC, **settings: Any) -> Any:
    return build("adapter", **settings).part(network)


def test_what_is_adapted_is_added_to_the_features() -> None:
    method = part(size=6, adapter=3)
    seen = Seen(normal(*ROWS, 1), normal(*ROWS, 1))
    features = method.features(seen.observation).relu()
    weights = method.hypernetwork(method.explicit(seen))
    assert weights.shape == (*ROWS, 7 * 3 + 4 * 6)
    for row in ((0, 0), (1, 2)):
        first, second = weights[row][:21].view(7, 3), weights[row][21:].view(4, 6)
        inner = (features[row] @ first[:-1] + first[-1]).relu()
        expected = features[row] + (inner @ second[:-1] + second[-1]).relu()
        torch.testing.assert_close(method.encode(seen)[row], expected)


def test_every_weight_depends_on_the_context_and_on_its_chunk() -> None:
    network = Hypernetwork(Streams(keys(0, 1)), features=1, count=300)
    contexts = torch.tensor([[[-1.0], [1.0]]]).repeat(2, 1, 1)
    weights = network(contexts)
    assert weights.shape == (2, 2, 300)
    assert (weights[:, 0] != weights[:, 1]).all()
    assert len(weights[0, 0].unique()) > 290  # no chunk is another one's copy


@pytest.mark.parametrize(("features", "count"), [(1, 4192), (2, 300), (5, 60_000)])
def test_a_hypernetwork_has_no_more_weights_than_it_makes(features: int, count: int) -> None:
    """And a wider one would."""
    own = sum(value.numel() for value in unpadded(Hypernetwork(Streams(keys(0)), features, count)))
    assert 0.7 * count < own <= count


def unpadded(network: Hypernetwork) -> list[Tensor]:
    """Its weights without the units that stay zero."""
    return [network.embedding, *(part for layer in network.network.layers() for part in layer)]


def test_gradient_reaches_all_weights_of_its_own_seed_and_network() -> None:
    method = build("adapter", size=32, adapter=16)
    seen = Seen(normal(*ROWS, 1), normal(*ROWS, 1))
    wanted = list(method.part(POLICY).parameters())
    for gradient in torch.autograd.grad(method.read(seen, POLICY)[0].square().sum(), wanted):
        assert gradient[0].any()
        assert not gradient[1].any()
    other = list(method.part(CRITIC).parameters())
    assert torch.autograd.grad(method.read(seen, POLICY).sum(), other, allow_unused=True) == (None,) * len(
        other
    )
