"""Initial quantization steps, from how much each tensor matters to the picture (reverse water-filling)."""

from math import log, sqrt

import torch

from nervcodec.training.losses import bit_weight, weighted
from nervcodec.training.network import Network

SAMPLES = 8
"""Number of frames on which sensitivity is measured, at most (ours)."""
FINEST, COARSEST = 1 / 256, 1.0
"""Bounds of an initial step, in root mean squares of its tensor (ours)."""


def water_filled_steps(network: Network, rate: float, generator: torch.Generator) -> dict[str, float]:
    """The step of each tensor, by name, at which a little more rate and a little more distortion weigh the same.

    Rounding with a step s has the squared error s^2 / 12. It adds h s^2 / 24 to the distortion, h being the mean
    curvature of a value, and saves log2 s bits of the value; so s^2 = 12 w / (h ln 2), w being the weight of a bit.
    Curvature is that of Gauss and Newton, from products of the Jacobian with random pictures (Hutchinson, 1990).
    """
    curvature, weight = _curvature(network, generator), bit_weight(rate, network.clip)
    steps = {}
    for name, tensor in network.tensors().items():
        spread = float(tensor.detach().square().mean().sqrt()) or 1.0
        ideal = sqrt(12 * weight / (log(2) * max(curvature[name], 1e-30)))
        steps[name] = min(max(ideal, FINEST * spread), COARSEST * spread)
    return steps


def _curvature(network: Network, generator: torch.Generator) -> dict[str, float]:
    """Mean second derivative of the mean squared error of all frames by a value of each tensor."""
    tensors = {name: tensor.detach().requires_grad_() for name, tensor in network.tensors().items()}
    frames = len(network.clip)
    times = torch.linspace(0, frames - 1, min(frames, SAMPLES)).long().to(network.clip.device)
    squares = dict.fromkeys(tensors, 0.0)
    for t in times[:, None]:
        rendered = network.seen(network.render(t, tensors), t)
        direction = torch.randn(rendered.shape, generator=generator, device=rendered.device)
        direction = weighted(direction, power=0.5)
        product = (rendered * direction).sum()  # to give autograd the direction would have it import sympy, 0.3 s
        gradients = torch.autograd.grad(product, list(tensors.values()))
        for name, gradient in zip(tensors, gradients, strict=True):
            squares[name] += 2 * float(gradient.square().sum()) / rendered.numel() / len(times)
    return {name: squares[name] / tensor.numel() for name, tensor in tensors.items()}
