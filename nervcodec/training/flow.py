"""Optical flow of a clip, in place of the differences that DNeRV's encoder sees (DNeRV, supplement, section 9.4)."""

from itertools import pairwise
from types import ModuleType

import torch
from torch import Tensor

from nervcodec.extras import needing
from nervcodec.picture import SHALLOW
from nervcodec.samples import from_unit, to_unit

PARAMETERS = (0.5, 3, 15, 3, 5, 1.2, 0)
"""Parameters of Farneback's algorithm, from OpenCV's documentation because the paper names none.

Scale and number of pyramid levels, window, iterations, neighbourhood and deviation of the polynomial, flags.
"""
PIXELS = 16.0
"""Pixels of motion that count as 1, so that most are in the range of a difference (ours; the paper gives none)."""


def flow_fields(clip: Tensor) -> Tensor:
    """Optical flow from each pixel of a clip, samples `[T, 3, H, W]`, to the frame before and to the frame after.

    Returns `[T, 4, H, W]`, float16, on the clip's device: x and y to the frame before, x and y to the one after, in
    units of PIXELS; zero if that frame does not exist. Farneback's algorithm on 8-bit grey, by OpenCV, on the CPU.

    Raises RequestError when OpenCV is not installed.
    """
    cv2 = _opencv()
    shallow = (from_unit(to_unit(frame), SHALLOW).permute(1, 2, 0).contiguous().numpy() for frame in clip.cpu())
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in shallow]
    fields = torch.zeros(len(clip), 4, *clip.shape[2:], dtype=torch.float16)
    for time, (one, other) in enumerate(pairwise(grey)):
        for row, channels, pair in ((time, slice(2, 4), (one, other)), (time + 1, slice(0, 2), (other, one))):
            flow = torch.from_numpy(cv2.calcOpticalFlowFarneback(*pair, None, *PARAMETERS))  # [H, W, 2]
            fields[row, channels] = (flow / PIXELS).permute(2, 0, 1)
    return fields.to(clip.device)


def _opencv() -> ModuleType:
    with needing("flow"):
        import cv2
    module: ModuleType = cv2
    return module
