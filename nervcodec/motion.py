"""Frames between two frames: along the motion between them, and not across a cut.

The motion of a time between two frames is estimated at that time (bilaterally), so each of its pixels has one and no
holes need be filled: by least squares over a window (Lucas and Kanade, IJCAI 1981), from coarse to fine, equations
weighted down where the two frames disagree. At each scale a pixel then takes the motion of others nearby, or none,
where the frames agree better on that (as PatchMatch does, Barnes et al., SIGGRAPH 2009): edges of what moves stay
sharp, and what stands still before a moving background stays whole. Windows, iterations and weights are ours; see
docs/experiments.md.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.samples import depth_of, from_unit, to_unit

COARSEST_SIDE = 12
"""Shortest side of the coarsest picture of a pyramid, at least, in pixels."""
FINEST_PIXELS = 1 << 19
"""Larger pictures have the motion of one half as large: nothing is lost, and three quarters of the time saved."""
ITERATIONS = 5
"""At each scale."""
WINDOW_SIGMA, SMOOTHING_SIGMA, PYRAMID_SIGMA = 2.5, 1.5, 1.0
"""Of Gaussians, in pixels: equations are summed over the first, motion is smoothed, a picture before it is halved."""
DISAGREEMENT = 0.02
"""Difference of two pixels in [0, 1] at which an equation counts half."""
DAMPING = 1e-3
"""Added to the squared gradients, so that flat regions keep the motion they have."""
NEARBY = (4, 8)
"""Distances in pixels of the others whose motion a pixel may take."""
AGREEMENT_SIGMA, AGREEMENT_GAIN = 3.0, 0.005
"""Agreement is a mean over a Gaussian, in pixels; another motion must gain so much of it, in [0, 1]."""
EDGE_SIGMA = 2.0
"""Of a Gaussian over motions that were taken, in pixels."""
CUT = 0.06
"""Product of the two distances of `is_cut` above which two frames belong to two scenes."""
THUMBNAIL = (18, 32)
LEVEL_BITS = 3
"""Of each colour in the histogram of a frame."""


def frame_between(before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """The frame at a fraction in (0, 1) of the way from one frame to the next; samples `[B, 3, H, W]`."""
    return along(motion_between(to_unit(before), to_unit(after), fraction), before, after, fraction)


def along(motion: Tensor, before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """The same by a motion `[B, 2, H, W]`, as of `motion_between`, of samples `[B, C, H, W]`."""
    a, b = to_unit(before), to_unit(after)
    seen_a, seen_b = (
        warp(frame, flow, "bicubic") for frame, flow in ((a, -fraction * motion), (b, (1 - fraction) * motion))
    )
    made = torch.lerp(seen_a, seen_b, fraction)
    return from_unit(made, depth_of(before))


def motion_between(before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """What moves through each pixel at a time between two frames `[B, 3, H, W]`: `[B, 2, H, W]`, x and y in pixels.

    What is at x then is at x - fraction * motion before, and at x + (1 - fraction) * motion after.
    """
    pairs = list(zip(_pyramid(before), _pyramid(after), strict=True))
    motion = before.new_zeros(len(before), 2, *pairs[-1][0].shape[2:])
    for a, b in reversed(pairs):
        if motion.shape[2:] != a.shape[2:]:
            motion = 2 * F.interpolate(motion, a.shape[2:], mode="bilinear", align_corners=False)
        if a[0, 0].numel() > FINEST_PIXELS:
            continue
        for _ in range(ITERATIONS):
            motion = blur(motion + _correction(a, b, motion, fraction), SMOOTHING_SIGMA)
        motion = blur(_best(a, b, motion, fraction), EDGE_SIGMA)
    return motion


def _correction(a: Tensor, b: Tensor, motion: Tensor, fraction: float) -> Tensor:
    """What a step of Lucas and Kanade adds to the motion, a pixel at most."""
    seen_a, seen_b = warp(a, -fraction * motion), warp(b, (1 - fraction) * motion)
    residual = seen_b - seen_a
    x, y = _gradient(torch.lerp(seen_b, seen_a, fraction))
    weight = DISAGREEMENT / (residual.abs().mean(dim=1, keepdim=True) + DISAGREEMENT)
    products = [x * x, x * y, y * y, x * residual, y * residual]
    sums = torch.cat([weight * product.sum(dim=1, keepdim=True) for product in products], dim=1)
    xx, xy, yy, xr, yr = blur(sums, WINDOW_SIGMA).unbind(dim=1)
    xx, yy = xx + DAMPING, yy + DAMPING
    determinant = xx * yy - xy * xy
    step = torch.stack((xy * yr - yy * xr, xy * xr - xx * yr), dim=1) / determinant[:, None]
    return step.clamp(-1, 1)


def _best(a: Tensor, b: Tensor, motion: Tensor, fraction: float) -> Tensor:
    """For each pixel the motion on which the frames agree best: its own, none, or that of a pixel nearby."""
    reach, (height, width) = max(NEARBY), motion.shape[2:]
    padded = F.pad(motion, (reach, reach, reach, reach), mode="replicate")
    others = [torch.zeros_like(motion)]
    for distance in NEARBY:
        for y, x in ((0, distance), (0, -distance), (distance, 0), (-distance, 0)):
            others.append(padded[:, :, reach + y : reach + y + height, reach + x : reach + x + width])
    best, least = motion, _disagreement(a, b, motion, fraction)
    for other in others:
        found = _disagreement(a, b, other, fraction) + AGREEMENT_GAIN
        best, least = torch.where(found < least, other, best), torch.minimum(found, least)
    return best


def _disagreement(a: Tensor, b: Tensor, motion: Tensor, fraction: float) -> Tensor:
    """How far two frames are apart along a motion, `[B, 1, H, W]`, in [0, 1]."""
    apart = warp(a, -fraction * motion) - warp(b, (1 - fraction) * motion)
    return blur(apart.abs().mean(dim=1, keepdim=True), AGREEMENT_SIGMA)


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two frames, samples `[3, H, W]`, belong to two scenes.

    Both their thumbnails and their histograms must differ: motion changes the former, light the latter a little.
    """
    small = [F.adaptive_avg_pool2d(to_unit(frame), THUMBNAIL) for frame in (before, after)]
    counts = [_histogram(frame) for frame in (before, after)]
    moved, mixed = (small[0] - small[1]).abs().mean(), (counts[0] - counts[1]).abs().sum() / 2
    return float(moved * mixed) > CUT


def warp(frames: Tensor, flows: Tensor, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Tensor:
    """Pixel (x, y) of frames `[B, C, H, W]` becomes what they have at (x, y) + flow, `[B, 2, H, W]` in pixels.

    Bicubic is sharper, and may leave the range of the frames; coordinates outside are held at the border.
    """
    height, width = frames.shape[2:]
    x = torch.arange(width, device=frames.device) + flows[:, 0]  # [B, H, W]
    y = torch.arange(height, device=frames.device)[:, None] + flows[:, 1]
    seen = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)  # pixels are cells of [-1, 1]
    return F.grid_sample(frames, seen, mode=mode, padding_mode="border", align_corners=False)


def blur(x: Tensor, sigma: float) -> Tensor:
    """A Gaussian over height and width of `[B, C, H, W]`; the border is repeated."""
    reach, channels = round(2.5 * sigma), x.shape[1]
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=x.device) ** 2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), kernel, groups=channels)
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), kernel.mT, groups=channels)


def _pyramid(picture: Tensor) -> list[Tensor]:
    """A picture, and halves of it down to the coarsest."""
    scales = [picture]
    while min(scales[-1].shape[2:]) >= 2 * COARSEST_SIDE:
        scales.append(F.avg_pool2d(blur(scales[-1], PYRAMID_SIGMA), 2))
    return scales


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences along x and y."""
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    return (
        (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2,
        (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2,
    )


def _histogram(frame: Tensor) -> Tensor:
    """Shares of the pixels of a frame, samples `[3, H, W]`, that have each colour."""
    red, green, blue = (frame >> depth_of(frame) - LEVEL_BITS).int()
    colours = (red << 2 * LEVEL_BITS) + (green << LEVEL_BITS) + blue
    shares: Tensor = torch.bincount(colours.flatten(), minlength=1 << 3 * LEVEL_BITS) / red.numel()
    return shares
