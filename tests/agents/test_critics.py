"""Kinds of critics: what their heads are, what each learns from, what acts, and how doubt is made of them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.agents.critics.ensemble import Ensemble
from meta_rl.agents.critics.masks import Masks
from meta_rl.agents.critics.quantile import Quantile
from meta_rl.conformance.learners import CASES, at, build, start
from meta_rl.conformance.probes import Cue, Delayed
from meta_rl.conformance.small import OVER, keys
from meta_rl.stack.heads import Heads
from meta_rl.stack.networks import MLP
from meta_rl.stack.replay import Batch
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams

OTHERS = [case for case in CASES if case[0] in OVER]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()


def kind(of: type, **settings: Any) -> Any:
    """A kind of critic for two seeds."""

    class Config:
        heads, bootstrap, prior, quantiles, masks, scale, loss = 3, 0.5, 2.0, 4, 3, 2.0, "huber"

    for name, value in settings.items():
        setattr(Config, name, value)
    return of(Config, Streams(keys(0, 1)))


def test_heads_are_perceptrons_of_their_own() -> None:
    """Head k of a seed is the network of the key `seed head k`, bit by bit."""
    heads, x = Heads(Streams(keys(0, 1)), "q", 3, (5, 7, 6), "tanh", 1.0), normal(2, 9, 5)
    found = heads(x)
    assert found.shape == (3, 2, 9, 6)
    for seed, key in enumerate(keys(0, 1)):
        for head in range(3):
            alone = MLP(Streams([f"{key} head {head}"]), "q", (5, 7, 6), "tanh", 1.0)
            assert torch.equal(alone(x[seed : seed + 1])[0], found[head, seed])
    assert not torch.equal(found[0], found[1])
    assert all(len(parameter) == 2 for parameter in heads.parameters())  # a seed's weights stay together


def test_a_prior_is_added_to_what_is_learnt_and_never_learns() -> None:
    critic = kind(Ensemble)
    network, x = critic.network("q", (4, 8, 2)), normal(2, 6, 4)
    torch.testing.assert_close(network(x), network.learnt(x) + 2.0 * network.prior(x))
    assert not torch.equal(network.learnt(x), network.prior(x))
    assert {name.split(".")[0] for name, _ in network.named_parameters()} == {"learnt"}
    x.requires_grad_()
    (through,) = torch.autograd.grad(network(x).sum() - network.learnt(x).sum(), x)
    assert through.abs().max() > 0  # actors climb the prior, too


@pytest.mark.parametrize("name", ["dqn_ensemble", "dqn_quantile"])
def test_targets_have_the_priors_of_the_heads_that_they_are_for(name: str) -> None:
    agent = build(name, target_every=10**6, prior=2.0)
    before = [one.clone() for one in agent.q.prior.buffers()]
    start(agent, Delayed).run(200)
    for now, old, target in zip(agent.q.prior.buffers(), before, agent.target_q.prior.buffers(), strict=True):
        assert torch.equal(now, old)
        assert torch.equal(target, old)
    moved = zip(agent.q.parameters(), agent.target_q.parameters(), strict=True)
    assert all(not torch.equal(a, b) for a, b in moved)


def test_a_head_learns_from_its_part_of_the_transitions() -> None:
    critic = kind(Ensemble, bootstrap=0.3)
    place = torch.arange(20_000).repeat(2, 1)
    own = critic.own(place)
    assert own.shape == (3, 2, 20_000)
    assert own.mean((1, 2)).tolist() == pytest.approx([0.3] * 3, abs=0.01)
    pairs = (own[0] * own[1]).mean().item(), (own[:, 0] * own[:, 1]).mean().item()
    assert pairs == pytest.approx((0.09, 0.09), abs=0.01)  # neither heads nor seeds share them
    again = torch.from_numpy(np.random.default_rng(0).permutation(20_000)).repeat(2, 1)
    assert torch.equal(critic.own(again), own[:, :, again[0]])  # wherever in a batch, and whenever


def test_the_loss_of_an_ensemble_by_hand() -> None:
    critic, place = kind(Ensemble, loss="squared"), torch.arange(8).repeat(2, 1)
    value, target = normal(3, 2, 8), normal(3, 2, 8, seed=1)
    own = critic.own(place) > 0
    for seed in range(2):
        errors = [(value[k, seed] - target[k, seed])[own[k, seed]].square().mean() for k in range(3)]
        torch.testing.assert_close(critic.loss(value, target, place)[seed], torch.stack(errors).mean())


def test_each_head_has_targets_of_its_own() -> None:
    """y_k = r + gamma max_a Q'_k(s', a): the heads differ in which action they hold for the best."""
    agent = build("dqn_ensemble", seeds=1, heads=2, prior=0.0, bootstrap=1.0, loss="squared")
    with torch.no_grad():
        for network, said in (
            (agent.q, [[1.0, 3.0], [0.0, 1.0]]),
            (agent.target_q, [[2.0, 4.0], [6.0, 0.0]]),
        ):
            network.learnt.theta.zero_()
            network.learnt.layers()[-1][1][0, :, 0] = torch.tensor(said)
    seen = Seen(torch.ones(1, 1, 1))
    batch = Batch(
        seen, torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, 1), seen, torch.zeros(1, 1) > 0,
        torch.zeros(1, 1, dtype=torch.int64),
    )  # fmt: skip
    loss, value = agent.loss(batch)
    # gamma = .5. First head: 1 + .5 * 4 - 1 = 2, second one: 1 + .5 * 6 - 0 = 4
    torch.testing.assert_close(loss, torch.tensor([(4.0 + 16.0) / 2]))
    assert value.item() == 0.5
    agent = build("ddqn_ensemble", seeds=1, heads=2, prior=0.0, bootstrap=1.0, loss="squared")
    with torch.no_grad():
        for network, said in (
            (agent.q, [[1.0, 3.0], [0.0, 1.0]]),
            (agent.target_q, [[2.0, 4.0], [6.0, 0.0]]),
        ):
            network.learnt.theta.zero_()
            network.learnt.layers()[-1][1][0, :, 0] = torch.tensor(said)
    # Each online head chooses for its own target: the second action for both, worth 4 and 0.
    torch.testing.assert_close(agent.loss(batch)[0], torch.tensor([(4.0 + 1.0) / 2]))


def test_the_loss_of_quantiles_is_the_papers() -> None:
    """Term by term (Dabney et al. 2018, equations 9 and 10), and least where a sample's quantiles are."""
    critic = kind(Quantile, bootstrap=1.0)
    found, wanted = normal(4, 3, 2, 5), normal(4, 3, 2, 5, seed=1)
    expected = torch.zeros(3, 2, 5)
    for i in range(4):
        for j in range(4):
            u = wanted[j] - found[i]
            huber = torch.where(u.abs() <= 1, 0.5 * u.square(), u.abs() - 0.5)
            expected += ((2 * i + 1) / 8 - (u < 0).float()).abs() * huber / 4
    torch.testing.assert_close(critic.errors(found, wanted), expected)


def test_absolute_quantiles_end_where_those_of_the_targets_are() -> None:
    critic = kind(Quantile, bootstrap=1.0, heads=1, loss="absolute")
    targets = normal(4, 1, 2, 500)
    found = torch.zeros(4, 1, 2, 1, requires_grad=True)
    place = torch.zeros(2, 500, dtype=torch.int64)
    optimiser = torch.optim.Adam([found], 0.05)
    for step in range(200):
        optimiser.param_groups[0]["lr"] = 0.05 * (1 - step / 200)
        optimiser.zero_grad()
        critic.loss(found.expand(4, 1, 2, 500), targets, place).sum().backward()
        optimiser.step()
    for seed in range(2):
        quantiles = np.quantile(targets[:, 0, seed].flatten().numpy(), [0.125, 0.375, 0.625, 0.875])
        np.testing.assert_allclose(found[:, 0, seed, 0].detach(), quantiles, atol=0.05)


def test_the_two_doubts_of_quantiles_make_up_the_whole_variance() -> None:
    votes = normal(4, 3, 2, 5)
    doubt = kind(Quantile).doubt(votes)
    whole = votes.flatten(0, 1).var(0, correction=0)
    torch.testing.assert_close(doubt["epistemic"].square() + doubt["aleatoric"].square(), whole)
    torch.testing.assert_close(doubt["epistemic"], votes.var(1, correction=0).mean(0).sqrt())


def test_a_prior_shifts_all_quantiles_of_its_head() -> None:
    network, x = kind(Quantile).network("q", (3, 8, 2)), normal(2, 6, 3)
    found = network(x)
    assert found.shape == (4, 3, 2, 6, 2)
    with torch.no_grad():
        for parameter in network.learnt.parameters():
            parameter.zero_()
    torch.testing.assert_close(network(x), (2.0 * network.prior(x)).expand(4, 3, 2, 6, 2))


@pytest.mark.parametrize("units", [1, 7, 64])
def test_masks_keep_their_share_and_every_unit_is_kept_by_one(units: int) -> None:
    network = kind(Masks).network("critic", (3, units, units, 1))
    for mask in network.masks:
        assert mask.shape == (2, 3, 1, units)
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
        assert (mask.sum(1) >= 1).all()
        assert (mask.sum(-1) >= max(1, round(units / 2))).all()
    if units == 64:
        one, other = network.masks
        assert not torch.equal(one, other)
        assert not torch.equal(one[:, 0], one[:, 1])
        assert one.mean() < 0.6


def test_a_member_of_masksembles_is_the_network_without_what_is_masked() -> None:
    network, x = kind(Masks).network("critic", (3, 8, 1), "tanh"), normal(2, 6, 3)
    found = network(x)
    (weight, bias), (last, shift) = network.layers()
    hidden = torch.baddbmm(bias, x, weight).tanh()
    for member in range(3):
        expected = torch.baddbmm(shift, hidden * network.masks[0][:, member], last)
        torch.testing.assert_close(found[member], expected)


def test_each_part_of_a_minibatch_is_learnt_behind_one_mask() -> None:
    critic = kind(Masks, loss="squared")
    network, x, target = critic.network("critic", (3, 8, 1), "tanh"), normal(2, 6, 3), normal(3, 2, 6)
    value = critic.learning(network, x).squeeze(-1)
    every = network(x).squeeze(-1)
    member = torch.tensor([0, 0, 1, 1, 2, 2])
    row = torch.arange(6)
    torch.testing.assert_close(value[0], every[member, :, row].T)
    expected = (every - target)[member, :, row].T
    torch.testing.assert_close(critic.loss(value, target, None), expected.square().mean(1))


def test_dropout_acts_with_all_units_and_learns_without_some() -> None:
    agent = build("dqn_dropout", hidden=(16,), dropped=0.5, passes=400)
    seen, x = at(-1.0, 1.0), at(-1.0, 1.0).observation
    assert torch.equal(agent.value(seen), MLP.forward(agent.q, x).amax(-1))
    votes = agent.kind.votes(agent.q, x)
    assert votes.shape == (400, 2, 2, 2)
    torch.testing.assert_close(votes.mean(0), agent.q(x), rtol=0, atol=0.1)  # a mean of 400, as much as ever
    first, second = (agent.kind.learning(agent.q, x) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(agent.kind.votes(agent.q, x), votes)


@pytest.mark.parametrize(("name", "kind"), OTHERS)
def test_heads_agree_where_they_have_learnt_and_not_elsewhere(name: str, kind: str) -> None:
    agent = build(name, kind, prior=3.0) if "prior" in vars(build(name, kind).config) else build(name, kind)
    start(agent, Cue, kind).run(1200)
    doubt = agent.doubt(at(-1.0, 1.0, 6.0))["epistemic"]
    assert doubt.shape == (2, 3)
    assert (doubt >= 0).all()
    if name != "dqn_dropout":
        assert (doubt[:, 2] > 3 * doubt[:, :2].amax(1)).all()
