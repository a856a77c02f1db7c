"""EPI: its loss by hand, and that its probe learns to look where there is something to see."""

from typing import Any

import numpy as np
import pytest
import torch

from meta_rl.conformance.probes import DISCRETE, Probe, task
from meta_rl.conformance.small import keys
from meta_rl.methods import epi
from meta_rl.methods.base import Source, Trajectories
from meta_rl.methods.epi_probe import Probe as Tried
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Transition, Window
from meta_rl.streams import Streams

SEEDS, CONTEXTS = 2, 6


class Hidden(Probe):
    """The context moves what is seen, but only after one of the actions; the other shows nothing of it."""

    telling = 1

    def see(self) -> Any:
        return self.cue

    def outcome(self, sign: np.ndarray) -> Any:
        self.cue = self.cue + np.where((sign > 0) == self.telling, self.context, 0.0)
        return 0.0, False, False


def contexts() -> np.ndarray:
    return np.tile(np.linspace(-1, 1, CONTEXTS)[:, None], (SEEDS, 1, 1))


class Turned(Hidden):
    telling = 0


def vine(telling: int, count: int = 60) -> Trajectories:
    random = np.random.default_rng(0)
    x = np.repeat(random.normal(size=(SEEDS, 1, count, 1)), CONTEXTS, 1)
    chosen = np.repeat(random.integers(2, size=(SEEDS, 1, count)), CONTEXTS, 1)
    after = x + np.where(chosen[..., None] == telling, contexts()[:, :, None], 0.0)
    parts = (x, np.eye(2)[chosen], after, x[..., :0])
    return Trajectories(*(torch.from_numpy(part).float() for part in parts))


def build(member: Any = epi, **settings: Any) -> epi.EPI:
    chosen: dict[str, Any] = {
        "steps": 3, "size": 4, "encoder": (16,), "predictor": (32,), "probe": (16,), "learning_rate": 3e-3,
    } | settings  # fmt: skip
    method = member.build(member.Config(**chosen), task(), Streams(keys(*range(SEEDS))))
    assert isinstance(method, epi.EPI)
    return method


def pretrained(
    probe: type[Hidden] = Hidden, member: Any = epi, **settings: Any
) -> tuple[epi.EPI, dict[str, np.ndarray]]:
    method = build(member, **settings)
    source = Source(vine(probe.telling), contexts(), lambda rows: probe(rows, DISCRETE))
    return method, method.pretrain(source, Streams(keys(*range(SEEDS))))


def shown(method: epi.EPI, transitions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """psi of these steps of the probe."""
    return method.encode(Seen(transitions[:, :, 0, :1], None, Window(transitions, mask)))


def test_the_separation_loss_is_the_papers() -> None:
    """Encodings and predictions are made constants, so that the loss can be written down."""
    method = build(size=2, steps=1, encoder=())
    with torch.no_grad():
        for parameter in (*method.encoder.parameters(), *method.predictor.parameters()):
            parameter.zero_()
        *_, (weight, _) = method.encoder.layers()
        weight[..., :2, :2] = torch.eye(2)  # psi is (observation, first action)
    probes = torch.zeros(SEEDS, 2, 2, 3)
    probes[:, 0, :, 0] = torch.tensor([0.0, 0.4])  # mean 0.2, std 0.2
    probes[:, 1, :, 0] = torch.tensor([0.25, 0.25])  # mean 0.25, std 0
    known, change = torch.zeros(SEEDS, 2, 2, 5, 3), torch.full((SEEDS, 2, 2, 5, 1), 0.5)
    distance = np.sqrt(0.05**2 / 2)
    spread = max(0.2 / 2 - 0.1, 0) / 2  # averaged over dimensions, then over contexts
    expected = 0.25 + 0.01 * (2 * (0.1 - distance) + spread)
    torch.testing.assert_close(method.loss(probes, known, change), torch.full((SEEDS,), expected).float())


def test_the_loss_of_equal_encodings_has_a_gradient() -> None:
    method = build().requires_grad_(True)
    probes = torch.zeros(SEEDS, CONTEXTS, 2, 9)
    loss = method.loss(probes, torch.zeros(SEEDS, CONTEXTS, 2, 5, 3), torch.ones(SEEDS, CONTEXTS, 2, 5, 1))
    trained = [*method.encoder.parameters(), *method.predictor.parameters()]
    assert all(
        gradient.isfinite().all() for gradient in torch.autograd.grad(loss.sum(), trained, allow_unused=True)
    )


@pytest.mark.parametrize("probe", [Hidden, Turned])
def test_the_probe_learns_to_do_what_shows_the_context(probe: type[Hidden]) -> None:
    """The control's probe, which nothing trains, does it as often as not; psi learns from its probes all the same."""
    method, figures = pretrained(probe, probes=200, refit=50, updates=300)
    control, others = pretrained(probe, epi.RandomProbes, probes=20, refit=10, updates=300)
    seen = torch.linspace(-2, 2, 900).view(1, 900, 1).repeat(SEEDS, 1, 1)
    chance = np.random.default_rng(0).random((SEEDS, 900, 1))
    often, chosen = ((one.probe(seen, chance) == probe.telling).float().mean(1) for one in (method, control))
    assert (often > 0.65).all()
    assert ((chosen - 0.5).abs() < 0.05).all()
    assert (figures["last_gain"] > 0.2).all()
    assert (others["last_gain"] > 0.1).all()


def test_psi_tells_contexts_apart_after_an_informative_probe() -> None:
    method, _ = pretrained(probes=20, refit=10, updates=300)
    c = torch.from_numpy(contexts()).float()
    x = torch.zeros(SEEDS, CONTEXTS, 3, 4)
    for time in range(3):
        x[:, :, time, 0], x[:, :, time, 2], x[:, :, time, 3] = (
            1 + time * c[..., 0],
            1.0,
            1 + (time + 1) * c[..., 0],
        )
    psi = shown(method, x, torch.ones(SEEDS, CONTEXTS, 3))
    for seed in range(SEEDS):
        design = torch.cat((psi[seed], torch.ones(CONTEXTS, 1)), 1).numpy()
        rest = c[seed].numpy() - design @ np.linalg.lstsq(design, c[seed].numpy(), rcond=None)[0]
        assert (rest**2).mean() < 0.05 * c[seed].numpy().var()
    assert (psi[:, 1:] - psi[:, :-1]).norm(dim=-1).min() > 1e-3


def test_what_was_not_shown_does_not_matter() -> None:
    method, _ = pretrained(probes=1, updates=2)
    x = torch.randn(SEEDS, 1, 3, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([0.0, 1.0, 1.0]).expand(SEEDS, 1, 3)
    other = x.clone()
    other[:, :, 0] = 1e4
    z = [shown(method, one, mask) for one in (x, other)]
    assert torch.equal(*z)
    every = torch.ones_like(mask)
    assert not torch.allclose(shown(method, x.flip(2), every), shown(method, x, every))


def test_nothing_is_trained_after_pretraining() -> None:
    method, _ = pretrained(probes=2, updates=2)
    assert not any(parameter.requires_grad for parameter in method.parameters())
    assert {name.split(".")[0] for name, _ in method.named_parameters()} == {"encoder", "predictor", "prober"}


class Paid(Probe):
    """Pays its context a step; the episode of a negative one ends at the second."""

    def outcome(self, sign: np.ndarray) -> Any:
        return self.context, (self.time == 1) & (self.context < 0), False


def test_a_probe_is_rewarded_by_the_task_and_by_its_score_unless_it_ends_the_episode() -> None:
    method = build()
    policy, learnt = method._policy(2, Streams(keys(*range(SEEDS)))), list[Transition]()
    rows: Any = Paid((SEEDS, 2), DISCRETE)
    rollout = Rollout(rows, Watch(frozenset({"window"}), 3))
    rollout.reset(
        np.ones((SEEDS, 2), dtype=bool), np.tile([[2.0], [-1.0]], (SEEDS, 1, 1)), np.ones((SEEDS, 2, 1))
    )
    probe: Tried = policy.try_out(rollout)
    assert probe.over.tolist() == [[False, True]] * SEEDS
    assert probe.shown.mask.sum(-1).tolist() == [[3.0, 2.0]] * SEEDS

    def noted(step: Transition) -> dict[str, torch.Tensor]:
        learnt.append(step)
        return {}

    policy.learn = noted  # type: ignore[method-assign]
    policy.learn_from(probe, torch.full((SEEDS, 2), 10.0))
    assert [step.reward[0].tolist() for step in learnt] == [[7.0, -1.0], [7.0, -1.0], [7.0, 0.0]]
    assert [step.terminated.all().item() for step in learnt] == [False, False, True]
    assert not any(step.terminated.any() for step in learnt[:2])


def test_the_score_counts_errors_in_the_authors_unit() -> None:
    """Their targets are divided by twice the largest standardised change, and the gain is multiplied by 10^5."""
    change = torch.tensor([[0.5, 0.0], [-2.5, 0.0]]).view(1, 1, 2, 2)
    assert epi.Vine(change, change).unit.flatten().tolist() == pytest.approx([1e5 / 25, 1e5 / 4])
