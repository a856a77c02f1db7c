"""cGate's networks are those of the authors' agents, one pair for each network of the agent."""

import torch

from meta_rl.agents.protocols import CRITIC, POLICY
from meta_rl.conformance.methods import ROWS, normal
from meta_rl.conformance.probes import task
from meta_rl.conformance.small import keys
from meta_rl.methods import cgate
from meta_rl.stack.networks import sigmoid
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


def test_three_layers_look_at_the_observation_and_two_at_the_context() -> None:
    method = cgate.build(cgate.Config(), task(), Streams(keys(0, 1)))
    for network in (POLICY, CRITIC):
        method.width(task().spaces, network)
        part = method.part(network)
        assert [len(network.layers()) for network in (part.features, part.gate)] == [3, 2]


def test_features_are_cut_off_below_zero_and_gated_by_the_context() -> None:
    method = cgate.build(cgate.Config(size=6, state=(5, 4), hidden=(3,)), task(), Streams(keys(0, 1)))
    seen = Seen(normal(*ROWS, 1), normal(*ROWS, 1) / 2)
    part = method.part(POLICY)
    features, gate = part.features(seen.observation).relu(), sigmoid(part.gate(seen.context))
    assert torch.equal(method.read(seen, POLICY), features * gate)
    assert ((gate > 0) & (gate < 1)).all()
    other = seen._replace(context=seen.context + 1 if seen.context is not None else None)
    held = features > 0
    assert (method.read(other, POLICY) != method.read(seen, POLICY))[held].all()
