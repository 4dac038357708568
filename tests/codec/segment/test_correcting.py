"""Corrections are chosen by rate and distortion."""

from fractions import Fraction
from itertools import product

import pytest
import torch
from torch import Tensor

from nervcodec.codec.decoding.groups import Place
from nervcodec.codec.segment.correcting import (
    BIT_COST,
    BITS,
    EXTENT_BITS,
    FURTHER_STEP,
    Chooser,
    luma_lack,
    quantized,
    squared_step,
    step_of,
)
from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.stream.corrections import unpack_corrections
from nervcodec.corrections import blocks_of
from nervcodec.cosine import DIAGONAL_OF
from nervcodec.interpolation import luma_samples, with_luma
from nervcodec.picture import Domain, VideoFormat
from nervcodec.planes import unpack_planes
from nervcodec.quantization import STEP_TABLE
from nervcodec.timeline import Timeline

HEIGHT, WIDTH = 19, 30
POSITIONS = Timeline((0, 4), 5)
HALF = Fraction(1, 2)


def footage(domain: Domain, masks: Tensor | None = None) -> Footage:
    size = (5, 3, HEIGHT, WIDTH) if domain == "rgb" else (5, 6, (HEIGHT + 1) // 2, WIDTH // 2)
    clip = torch.randint(60, 200, size, generator=torch.Generator().manual_seed(0)).byte()
    return Footage(VideoFormat(width=WIDTH, height=HEIGHT, frame_rate=Fraction(25), domain=domain), clip, masks)


def cost_of(scaled: Tensor, integers: Tensor) -> float:
    """Squared error and bits of the 64 coefficients of a block."""
    extent = max((DIAGONAL_OF[place] + 1 for place in range(64) if integers[place]), default=0)
    total = float((scaled - integers).square().sum()) + BIT_COST * float(EXTENT_BITS[extent])
    for place, diagonal in enumerate(DIAGONAL_OF):
        if diagonal < extent:
            magnitude = int(abs(integers[place]))
            bits = float(BITS[min(diagonal, len(BITS) - 1), min(magnitude, 2)])
            total += BIT_COST * (bits + FURTHER_STEP * max(magnitude - 2, 0))
    return total


@pytest.mark.parametrize("seed", range(6))
def test_quantized_coefficients_cost_the_least(seed: int) -> None:
    """Against all choices for the first six coefficients of a block, the others being small."""
    scaled = 0.05 * torch.randn(64, generator=torch.Generator().manual_seed(seed))
    scaled[:6] = 2.5 * torch.randn(6, generator=torch.Generator().manual_seed(10 + seed))
    found = quantized(scaled[None])[0]
    choices = [sorted({0, int(x), int(x + torch.sign(x)), int(x - torch.sign(x))}) for x in scaled[:6]]
    tried = (torch.tensor([*six, *[0] * 58]) for six in product(*choices))
    assert cost_of(scaled, found) <= min(cost_of(scaled, integers) for integers in tried) + 1e-4


def test_small_coefficients_are_left_out() -> None:
    assert not quantized(torch.full((2, 3, 64), 0.4)).any()


def test_steps_grow_with_the_weight_of_a_bit() -> None:
    for domain, share in (("rgb", 1.0), ("yuv420", 0.75)):
        assert squared_step(0.04, domain) == pytest.approx(share * 0.04 / 0.13)  # type: ignore[arg-type]
        assert float(STEP_TABLE[step_of(0.04, domain)]) ** 2 == pytest.approx(share * 0.04 / 0.13, rel=0.1)  # type: ignore[arg-type]
    assert step_of(4 * 0.04, "rgb") == step_of(0.04, "rgb") + 8


@pytest.mark.parametrize("domain", ["rgb", "yuv420"])
def test_corrections_bring_predictions_nearer_and_come_back(domain: Domain) -> None:
    given = footage(domain)
    chooser = Chooser(given, POSITIONS, begin=10, step=128)
    levels = {2: 1, 1: 0, 3: 0}
    errors, chosen = [], {}
    for number, level in levels.items():
        original, prediction = given.clip[number][None], torch.full((1, *given.clip.shape[1:]), 128.0)
        luma = chooser([Place(10 + number, level, HALF, HALF)], prediction)
        corrected = with_luma(prediction, luma, 8, given.video)
        ends = [luma_samples(x, given.video).float() for x in (original, prediction.byte(), corrected)]
        errors.append([float((ends[0] - end).square().mean()) for end in ends[1:]])
        chosen[number] = luma[0]
    assert all(after < 0.6 * before for before, after in errors)
    blocks = blocks_of(HEIGHT, WIDTH)
    back = unpack_corrections(chooser.packed(), 3, blocks, 2)
    assert back is not None
    assert back.steps == (128, 127)
    for number, level in levels.items():
        torch.testing.assert_close(back.luma(number - 1, level, HEIGHT, WIDTH), chosen[number])


def test_what_is_missing_in_a_video_is_not_corrected() -> None:
    masks = torch.zeros(5, 1, (HEIGHT + 1) // 2, WIDTH // 2, dtype=torch.bool)
    masks[..., :8] = True
    given = footage("yuv420", masks).at([2])
    lack = luma_lack(given, torch.full((1, *given.clip.shape[1:]), 128.0))
    assert not lack[..., :16].any()
    whole = unpack_planes(given.clip, HEIGHT, WIDTH)[0]
    torch.testing.assert_close(lack[..., 16:], (whole[..., 16:].float() - 128) / 255)
