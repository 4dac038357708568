"""Frames and pixels of a sequence on which papers measure, as a view and in words."""

from nervcodec.bench.data.sequence import Sequence
from nervcodec.errors import RequestError
from nervcodec.picture import SHALLOW
from nervcodec.video.view import View

PROTOCOLS = {
    "hnerv": "the middle 1280x640 of 1280x720 and 1920x960 of 1920x1080, other sizes whole, as the papers name no crop",
    "full": "the whole picture",
    "dcvc": "the whole picture, the first 96 frames",
}
"""Description of what each protocol takes of a sequence."""
HNERV_CROPS = {(1280, 720): (1280, 640), (1920, 1080): (1920, 960)}
DCVC_FRAMES = 96
FILTERS = {"area": "mean of the area", "bicubic": "antialiased bicubic"}


def protocol_view(protocol: str, sequence: Sequence, request: View = View()) -> View:  # noqa: B008
    """The view of a sequence's source that a protocol and the user ask for, at 8 bits like the papers' frames.

    Frames of `request` count from the sequence's first; a range without an end ends where the protocol does, and one
    that reaches beyond the sequence ends with it. A crop replaces the protocol's; a new size applies after the crop.

    Raises RequestError for an unknown protocol, frames that the sequence does not have, or a crop that does not fit.
    """
    if protocol not in PROTOCOLS:
        raise RequestError(f"{protocol} is no protocol ({', '.join(PROTOCOLS)})")
    stop = request.stop
    if stop is None and protocol == "dcvc":
        stop = DCVC_FRAMES
    stop = min(stop or sequence.frames, sequence.frames)
    if stop <= request.first:
        raise RequestError(
            f"{sequence.name}: no frame from {request.first} on is among the {stop} that {protocol} takes"
        )
    size = sequence.format.width, sequence.format.height
    view = View(
        first=sequence.first + request.first,
        stop=sequence.first + stop,
        crop=request.crop or (HNERV_CROPS.get(size) if protocol == "hnerv" else None),
        resize=request.resize,
        resize_filter=request.resize_filter,
        depth=SHALLOW,
        domain=request.domain,
    )
    view.output_size(*size)
    return view


def describe_view(sequence: Sequence, view: View) -> str:
    """Frames, crop and scale of a view of a sequence, in words; frames count from the sequence's first."""
    size = sequence.format.width, sequence.format.height
    cropped = view.crop or size
    scaled = view.scaled(*cropped)
    words = [_frames(sequence, view)]
    words.append(f"the middle {_by(cropped)} of {_by(size)}" if cropped != size else f"the whole picture, {_by(size)}")
    if scaled != cropped:
        grows = scaled[0] > cropped[0] or scaled[1] > cropped[1]
        words.append(f"scaled to {_by(scaled)} ({FILTERS['bicubic' if grows else view.resize_filter]})")
    return "; ".join(words)


def _frames(sequence: Sequence, view: View) -> str:
    first = view.first - sequence.first
    stop = (view.stop or sequence.first + sequence.frames) - sequence.first
    if first == 0 and stop == sequence.frames:
        return f"all {stop} frames"
    return f"frames {first} to {stop - 1} of {sequence.frames}"


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
