"""FFNeRV: flows and weights against numpy, and windows against whole clips."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nervcodec.errors import RequestError
from nervcodec.models.ffnerv.network import FFNeRV, aggregate
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.models.grids import windows
from nervcodec.warp import warp

CONFIG = ffnerv_config(30, 60, 8)
FRAMES = 7
CERTAIN = 1000
"""A weight before its softmax that always chooses its picture where the other weights are zero."""


def decoder_and_embeddings() -> tuple[FFNeRV, dict[str, Tensor]]:
    torch.manual_seed(0)
    decoder = FFNeRV(CONFIG)
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.2)  # flows of several pixels
    return decoder, {name: torch.randn(FRAMES, *shape) for name, shape in CONFIG.embeddings.items()}


@pytest.mark.parametrize("reach", [1, 3])
@pytest.mark.parametrize("spans", [(), (2, 9)])
def test_the_formula_counts_the_weights(reach: int, spans: tuple[int, ...]) -> None:
    for stage in range(6):
        config = replace(CONFIG, reach=reach, spans=spans, flow_stage=stage)
        assert sum(p.numel() for p in FFNeRV(config).parameters()) == config.parameters


@pytest.mark.parametrize("shift", [(3, 0), (0, -2), (-4, 5), (100, 0)])
def test_a_whole_flow_shifts_the_picture(shift: tuple[int, int]) -> None:
    frame = torch.rand(1, 3, 12, 20)
    flow = torch.tensor(shift, dtype=torch.float32).view(1, 2, 1, 1).expand(1, 2, 12, 20)
    rows, columns = np.clip(np.arange(12) + shift[1], 0, 11), np.clip(np.arange(20) + shift[0], 0, 19)
    expected = frame.numpy()[:, :, rows][:, :, :, columns]
    np.testing.assert_allclose(warp(frame, flow).numpy(), expected, atol=1e-5)


def test_a_flow_of_half_a_pixel_takes_the_mean() -> None:
    frame, flow = torch.rand(2, 3, 6, 8), torch.zeros(2, 2, 6, 8)
    flow[:, 0] = 0.5
    torch.testing.assert_close(warp(frame, flow)[..., :-1], (frame[..., :-1] + frame[..., 1:]) / 2)


def test_weights_choose_one_picture() -> None:
    own, others = torch.rand(2, 3, 8, 12), torch.rand(2, 4, 3, 8, 12)
    choices, motions = torch.zeros(2, 2, 8, 12), torch.zeros(2, 4, 3, 4, 6)
    choices[:, 0] = CERTAIN
    assert torch.equal(aggregate(own, others, choices, motions, 2), own)
    choices[:, 1], motions[:, 2, 2] = 2 * CERTAIN, CERTAIN
    torch.testing.assert_close(aggregate(own, others, choices, motions, 2), others[:, 2], atol=1e-5, rtol=0)
    motions[:, 2, 0] = 1.5  # cells of two pixels
    moved = aggregate(own, others, choices, motions, 2)
    torch.testing.assert_close(moved[..., :-3], others[:, 2, ..., 3:], atol=1e-5, rtol=0)


def test_a_frame_is_made_of_the_frames_around_it() -> None:
    decoder, embeddings = decoder_and_embeddings()
    for t in range(FRAMES):
        around = [min(max(t + k, 0), FRAMES - 1) for k in (-2, -1, 1, 2)]
        own, choices, motions = decoder.independent(embeddings, torch.tensor([t]))
        others = torch.cat([decoder.independent(embeddings, torch.tensor([n]))[0] for n in around])[None]
        expected = aggregate(own, others, choices, motions, CONFIG.flow_scale)
        torch.testing.assert_close(decoder(embeddings, torch.tensor([t])), expected)


def test_a_fit_moves_a_frame_and_not_its_neighbours() -> None:
    decoder, embeddings = decoder_and_embeddings()
    content = embeddings["content"].requires_grad_()
    decoder(embeddings, torch.tensor([3])).sum().backward()
    assert content.grad is not None
    assert content.grad.flatten(1).any(dim=1).tolist() == [t == 3 for t in range(FRAMES)]


def test_one_frame_is_its_own_neighbour() -> None:
    decoder, embeddings = decoder_and_embeddings()
    first = {name: e[:1] for name, e in embeddings.items()}
    still = {name: e[[0] * FRAMES] for name, e in embeddings.items()}
    torch.testing.assert_close(decoder(first, torch.tensor([0])), decoder(still, torch.tensor([3])))


def test_the_rows_of_a_window_are_enough() -> None:
    decoder, embeddings = decoder_and_embeddings()
    times = torch.tensor([0, 4, FRAMES - 1])
    rows = windows(times, CONFIG.window, FRAMES)
    seen = {name: e[rows] for name, e in embeddings.items()}
    places = CONFIG.window + (1 + 2 * CONFIG.window) * torch.arange(len(times))
    torch.testing.assert_close(decoder(seen, places), decoder(embeddings, times))


def test_a_frame_between_frames_borrows_from_frames_between_frames() -> None:
    decoder, embeddings = decoder_and_embeddings()
    halves = {name: (e[:-1] + e[1:]) / 2 for name, e in embeddings.items()}
    middle = decoder(embeddings, torch.tensor([2.5]))
    torch.testing.assert_close(middle, decoder(halves, torch.tensor([2])), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "change",
    [{"reach": 0}, {"reach": 5}, {"spans": (1,)}, {"spans": (4, 2)}, {"spans": (1 << 17,)}, {"flow_stage": 6}],
)
def test_impossible_networks_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="no such network"):
        replace(CONFIG, **change)  # type: ignore[arg-type]
