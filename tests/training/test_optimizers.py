import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder
from nervcodec.training.optimizers import Adam, Adan, Muon, build_optimizers, orthogonalise, orthogonalise_together
from nervcodec.training.recipe import Optimizer, Recipe


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (12, 12)])
def test_orthogonalise_evens_out_singular_values(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    values = torch.linalg.svdvals(orthogonalise(matrix))
    assert values.min() > 0.6
    assert values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    cosine = (orthogonalise(matrix) * (left @ right)).sum() / min(shape)
    assert cosine > 0.8


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_orthogonalise_raises_small_singular_values_and_bounds_large_ones(precision: torch.dtype) -> None:
    torch.manual_seed(0)
    for smallest in (0.1, 0.01, 0.0035, 1e-5):
        left, right = (torch.linalg.qr(torch.randn(40, 40))[0] for _ in range(2))
        given = torch.logspace(0, math.log10(smallest), 40)
        matrix = (left * (given / given.norm()) @ right).to(precision)
        made = torch.linalg.svdvals(orthogonalise(matrix).float())
        assert made.max() < 1.25
        assert made[given / given.norm() > 0.0032].min() > (0.75 if precision == torch.float32 else 0.6)
    alone = torch.outer(torch.randn(40), torch.randn(90)).to(precision)
    assert 0.7 < torch.linalg.svdvals(orthogonalise(alone).float())[0] < 1.25


def test_muon_moves_a_convolution_as_a_matrix() -> None:
    torch.manual_seed(0)
    weight = torch.zeros(6, 4, 3, 3, requires_grad=True)
    weight.grad = torch.randn(6, 4, 3, 3)
    Muon([weight], 0.1).step()
    values = torch.linalg.svdvals(weight.detach().view(6, -1))
    assert values.min() > 0.06
    assert values.max() < 0.13
    assert (weight.detach() * weight.grad).sum() < 0


def adan_by_the_paper(gradients: list[Tensor], lr: float) -> Tensor:
    """Algorithm 1 of the paper with b = 1 - beta and corrected moments, in float64."""
    b1, b2, b3 = 0.02, 0.08, 0.01
    theta = m = v = n = torch.zeros_like(gradients[0])
    previous = gradients[0]
    for k, g in enumerate(gradients, 1):
        m = (1 - b1) * m + b1 * g
        v = (1 - b2) * v + b2 * (g - previous)
        n = (1 - b3) * n + b3 * (g + (1 - b2) * (g - previous)) ** 2
        correct = [x / (1 - (1 - b) ** k) for x, b in ((m, b1), (v, b2), (n, b3))]
        theta = theta - lr / (correct[2].sqrt() + 1e-8) * (correct[0] + (1 - b2) * correct[1])
        previous = g
    return theta


def test_adan_is_the_paper_algorithm() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(5, dtype=torch.float64) for _ in range(30)]
    weight = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimizer = Adan([weight], 0.01)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    torch.testing.assert_close(weight.detach(), adan_by_the_paper(gradients, 0.01), rtol=1e-10, atol=0)


def test_adam_is_that_of_torch_at_a_changing_rate() -> None:
    torch.manual_seed(0)
    own, other = ([torch.ones(4, 3, requires_grad=True), torch.ones(5, requires_grad=True)] for _ in range(2))
    optimizer, reference = Adam(own, 0.1), torch.optim.Adam(other, lr=0.1)
    for step in range(30):
        optimizer.rate = reference.param_groups[0]["lr"] = 0.1 / (1 + step)
        for a, b in zip(own, other, strict=True):
            b.grad = torch.randn(b.shape) if a.ndim > 1 or step % 3 else None
            a.grad = None if b.grad is None else b.grad.clone()
        optimizer.step()
        reference.step()
    for a, b in zip(own, other, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", ["muon", "adam", "adan"])
def test_every_parameter_has_exactly_one_optimizer(name: Optimizer) -> None:
    decoder = build_decoder(hnerv_config(75, 150, 10))
    embedding = torch.zeros(3, 16, 2, 3, requires_grad=True)
    optimizers = build_optimizers([decoder], [embedding], Recipe(steps=1, optimizer=name))
    held = [p for o in optimizers for p in o.params]
    assert {id(p) for p in held} == {id(p) for p in [*decoder.parameters(), embedding]}
    assert len(held) == len(list(decoder.parameters())) + 1


def test_optimizers_do_not_load_the_compiler() -> None:
    lines = (
        "import sys, torch",
        "from nervcodec.training.optimizers import Adam, Adan, Muon",
        "weight = torch.zeros(3, 4, requires_grad=True)",
        "weight.grad = torch.ones(3, 4)",
        "[kind([weight], 0.1).step() for kind in (Adam, Adan, Muon)]",
        "assert weight.max() < 0 and 'torch._dynamo' not in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_matrices_in_batches_are_orthogonalised_as_one_by_one(precision: torch.dtype) -> None:
    torch.manual_seed(0)
    shapes = [(20, 50), (50, 20), (9, 9), (20, 50), (50, 20), (9, 9), (16, 1), (1, 1)]
    matrices = [torch.randn(shape).to(precision) for shape in shapes]
    tolerance = 1e-5 if precision == torch.float32 else 0.05
    for made, matrix in zip(orthogonalise_together(matrices), matrices, strict=True):
        torch.testing.assert_close(made, orthogonalise(matrix), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", [Adam, Adan, Muon])
def test_a_rate_may_be_a_tensor(kind: type[Adam | Adan | Muon]) -> None:
    torch.manual_seed(0)
    one, other = (torch.ones(4, 6, requires_grad=True) for _ in range(2))
    optimizers, held = (kind([one], 0.1), kind([other], 0.1)), torch.zeros(())
    for step in range(1, 6):
        one.grad = torch.randn(4, 6)
        other.grad = one.grad.clone()
        optimizers[0].rate, optimizers[1].rate = 0.1 / step, held.fill_(0.1 / step)
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(one, other)
