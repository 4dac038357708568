"""Interpolation of frames between two frames, along the motion between them, and detection of cuts.

Motion is estimated at the time of the new frame (bilaterally), so each of its pixels has a motion and no holes need to
be filled. The estimate is by least squares over a window (Lucas and Kanade, IJCAI 1981), from coarse to fine; equations
have less weight where the two frames disagree. At each scale a pixel then takes the motion of a pixel nearby, or none,
where the two frames agree better along it (as in PatchMatch, Barnes et al., SIGGRAPH 2009): edges of moving objects
stay sharp, and still objects before a moving background stay whole. Windows, iterations and weights are ours; see
docs/experiments.md.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.samples import depth_of, from_unit, to_unit

COARSEST_SIDE = 12
"""Least length in pixels of the shorter side of the coarsest picture of a pyramid."""
FINEST_PIXELS = 1 << 19
"""Most pixels of a picture whose motion is estimated; a larger picture takes the motion of one at half its size, which
loses nothing and saves three quarters of the time."""
ITERATIONS = 5
"""Number of steps of Lucas and Kanade at each scale."""
WINDOW_SIGMA, SMOOTHING_SIGMA, PYRAMID_SIGMA = 2.5, 1.5, 1.0
"""Standard deviations in pixels of the Gaussians that sum equations, smooth motion, and blur a picture before it is
halved."""
DISAGREEMENT = 0.02
"""Difference of two pixels, in [0, 1], at which an equation has half its weight."""
DAMPING = 1e-3
"""Number added to the squared gradients, so that flat regions keep the motion they have."""
NEARBY = (4, 8)
"""Distances in pixels to the pixels whose motion a pixel may take."""
AGREEMENT_SIGMA, AGREEMENT_GAIN = 3.0, 0.005
"""Standard deviation in pixels of the Gaussian over which the agreement of two frames is averaged, and the gain of it,
in [0, 1], at which a pixel takes another motion."""
EDGE_SIGMA = 2.0
"""Standard deviation in pixels of the Gaussian that smooths the motion after pixels have taken that of others."""
CUT = 0.06
"""Product of the two distances of `is_cut` above which two frames belong to two scenes."""
THUMBNAIL = (18, 32)
LEVEL_BITS = 3
"""Bits of each of the three colours in the histogram of a frame."""


def frame_between(before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """The frame at a fraction in (0, 1) of the way from one frame to the next; samples `[B, 3, H, W]`."""
    return along(motion_between(to_unit(before), to_unit(after), fraction), before, after, fraction)


def along(motion: Tensor, before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """The frame between two frames, samples `[B, C, H, W]`, along a motion `[B, 2, H, W]` from `motion_between`."""
    a, b = to_unit(before), to_unit(after)
    seen_a, seen_b = (
        warp(frame, flow, "bicubic") for frame, flow in ((a, -fraction * motion), (b, (1 - fraction) * motion))
    )
    made = torch.lerp(seen_a, seen_b, fraction)
    return from_unit(made, depth_of(before))


def motion_between(before: Tensor, after: Tensor, fraction: float) -> Tensor:
    """The motion at each pixel at a time between two frames `[B, 3, H, W]`: `[B, 2, H, W]`, x and y in pixels.

    A point that is at x at that time is at x - fraction * motion in the frame before, and at x + (1 - fraction) *
    motion in the frame after.
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
    """The change of the motion by one step of Lucas and Kanade, at most one pixel."""
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
    """The motion of each pixel along which the frames agree best: its own, none, or that of a pixel nearby."""
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
    """Difference of two frames along a motion, `[B, 1, H, W]`, in [0, 1]."""
    apart = warp(a, -fraction * motion) - warp(b, (1 - fraction) * motion)
    return blur(apart.abs().mean(dim=1, keepdim=True), AGREEMENT_SIGMA)


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two frames, samples `[3, H, W]`, belong to two scenes.

    Thumbnails and histograms must both differ: motion changes thumbnails, and light changes histograms a little.
    """
    small = [F.adaptive_avg_pool2d(to_unit(frame), THUMBNAIL) for frame in (before, after)]
    counts = [_histogram(frame) for frame in (before, after)]
    moved, mixed = (small[0] - small[1]).abs().mean(), (counts[0] - counts[1]).abs().sum() / 2
    return float(moved * mixed) > CUT


def warp(frames: Tensor, flows: Tensor, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Tensor:
    """Frames `[B, C, H, W]` sampled for each pixel (x, y) at (x, y) + flow; flows are `[B, 2, H, W]`, in pixels.

    Bicubic sampling is sharper, and may leave the range of the frames; coordinates outside count as at the border.
    """
    height, width = frames.shape[2:]
    x = torch.arange(width, device=frames.device) + flows[:, 0]  # [B, H, W]
    y = torch.arange(height, device=frames.device)[:, None] + flows[:, 1]
    seen = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)  # pixels are cells of [-1, 1]
    return F.grid_sample(frames, seen, mode=mode, padding_mode="border", align_corners=False)


def blur(x: Tensor, sigma: float) -> Tensor:
    """A map `[B, C, H, W]`, blurred by a Gaussian over height and width; the border is repeated."""
    reach, channels = round(2.5 * sigma), x.shape[1]
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=x.device) ** 2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="replicate"), kernel, groups=channels)
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="replicate"), kernel.mT, groups=channels)


def _pyramid(picture: Tensor) -> list[Tensor]:
    """A picture, then the picture at half its size again and again, down to the coarsest."""
    scales = [picture]
    while min(scales[-1].shape[2:]) >= 2 * COARSEST_SIDE:
        scales.append(F.avg_pool2d(blur(scales[-1], PYRAMID_SIGMA), 2))
    return scales


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of a picture along x and y."""
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
