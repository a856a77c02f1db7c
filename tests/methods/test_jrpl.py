"""jrpl's encoder gets gradient through z of its own seed, and the mean that it takes skips what is masked."""

import torch

from meta_rl.conformance.methods import (
    ROWS,
    build,
    encode,
    normal,
)
from meta_rl.methods.base import masked_mean


def test_the_joint_encoder_gets_gradient_through_z_of_its_own_seed() -> None:
    method = build("jrpl")
    z = encode(method, normal(*ROWS, method.window, 4), torch.ones(*ROWS, method.window))
    for gradient in torch.autograd.grad(z[0].square().sum(), list(method.parameters())):
        assert gradient[0].abs().max() > 0
        assert not gradient[1].any()


def test_masked_means() -> None:
    values = torch.tensor([[[[1.0], [3.0], [8.0]]] * 3])
    mask = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]])
    assert masked_mean(values, mask).flatten().tolist() == [2.0, 8.0, 0.0]
