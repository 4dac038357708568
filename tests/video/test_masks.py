from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.geometry import Mask, apply_view, view_mask
from nervcodec.video.index import Watch
from nervcodec.video.masks import load_masks
from nervcodec.video.reader import Video, read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

SIZE = 40, 24


def video(size: tuple[int, int] = SIZE, reach: int = 0) -> Video:
    """An open video of some size, without frames."""
    form = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25))
    watch = Watch((form.frame_rate,))
    told = {"seen": lambda: form, "remarks": tuple, "index": watch.index}
    return Video(format=form, source_size=size, colour_reach=reach, total=None, frames=iter(()), **told)  # type: ignore[arg-type]


def write_masks(folder: Path, *masks: Mask) -> str:
    """Write masks as pictures to a folder, and return its path."""
    height, width = masks[0].shape
    with write_frames(str(folder / "masks" / "%d.png"), video((width, height)).format) as sink:
        for mask in masks:
            sink(np.repeat(255 * mask[:, :, None].astype(np.uint8), 3, axis=2))
    return str(folder / "masks")


def random_mask(seed: int) -> Mask:
    return np.random.default_rng(seed).random(SIZE[::-1]) < 0.1


def test_five_boxes_lie_where_the_papers_have_them() -> None:
    masks = load_masks("boxes:5x50", video((640, 320)), 3)
    assert masks.shape == (3, 1, 320, 640)
    expected = np.zeros((320, 640), bool)
    for y, x in ((160, 320), (80, 160), (80, 480), (240, 160), (240, 480)):
        expected[y - 25 : y + 25, x - 25 : x + 25] = True
    for mask in masks:
        np.testing.assert_array_equal(mask[0].numpy(), expected)


def test_a_quarter_in_the_middle() -> None:
    (mask,) = load_masks("center:1/4", video((640, 320)), 1, View(resize=(64, 32)))
    rows, columns = np.nonzero(mask[0].numpy())
    assert (rows.min(), rows.max(), columns.min(), columns.max(), len(rows)) == (12, 19, 24, 39, 8 * 16)


def test_a_picture_for_all_frames_and_one_for_each(tmp_path: Path) -> None:
    masks = [random_mask(seed) for seed in range(4)]
    folder = write_masks(tmp_path, *masks)
    still = load_masks(f"{folder}/2.png", video(), 3)
    np.testing.assert_array_equal(still[:, 0].numpy(), np.stack([masks[1]] * 3))
    each = load_masks(folder, video(), 2, View(first=1, stop=3))
    np.testing.assert_array_equal(each[:, 0].numpy(), np.stack(masks[1:3]))


@pytest.mark.parametrize(
    "view",
    [
        View(crop=(30, 20)),
        View(resize=(13, 7)),
        View(crop=(30, 20), resize=(45, 11)),
        View(resize=(13, 7), resize_filter="bicubic"),
        View(resize=(90, 50)),
    ],
)
def test_no_missing_pixel_shines_through_a_view(view: View) -> None:
    random = np.random.default_rng(1)
    mask = random.random(SIZE[::-1]) < 0.02
    frame = random.integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)
    other = np.where(mask[:, :, None], 255 - frame, frame)
    seen = view_mask(mask, view)
    assert not seen.all()
    differ = (apply_view(frame, view) != apply_view(other, view)).any(axis=2)
    assert differ.any()
    assert not (differ & ~seen).any()


def test_a_mask_may_have_the_size_of_the_view(tmp_path: Path) -> None:
    mask = random_mask(5)
    folder = write_masks(tmp_path, mask)
    (seen,) = load_masks(f"{folder}/1.png", video((200, 100), reach=4), 1, View(crop=(160, 96), resize=SIZE))
    assert torch.equal(seen[0], torch.from_numpy(mask))


def test_masks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, random_mask(1), random_mask(2))
    with pytest.raises(RequestError, match="masks of 40x24 for pictures of 80x24"):
        load_masks(folder, video((80, 24)), 2)
    with pytest.raises(RequestError, match="2 masks for 3 frames"):
        load_masks(folder, video(), 3)
    with pytest.raises(RequestError, match="no pixel left"):
        load_masks("center:1/1", video(), 3)
    with pytest.raises(VideoError, match="no such file"):
        load_masks("boxes.png", video(), 3)
    for rule in ("boxes:9x5", "boxes:5", "boxes:0x3", "center:2/4", "center:1/0", ""):
        with pytest.raises(RequestError, match="no mask is called"):
            load_masks(rule, video(), 3)


CELLS = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}
"""Rows and columns of pixels that share a sample of colour."""


@pytest.mark.parametrize(("kind", "depth"), [("420", 8), ("420", 10), ("422", 8), ("444", 8)])
@pytest.mark.parametrize(("top", "left"), [(8, 10), (9, 13)])
def test_colour_of_missing_pixels_reaches_no_other(tmp_path: Path, kind: str, depth: int, top: int, left: int) -> None:
    random, (width, height) = np.random.default_rng(3), SIZE
    mask = np.zeros((height, width), bool)
    mask[top : top + 5, left : left + 7] = True
    hidden = [
        mask.reshape(height // rows, rows, width // columns, columns).any(axis=(1, 3))
        for rows, columns in ((1, 1), CELLS[kind], CELLS[kind])
    ]
    planes = [random.integers(0, 1 << depth, plane.shape) for plane in hidden]
    frames = []
    for name in "ab":
        path = tmp_path / f"{name}_{width}x{height}_25fps_{kind}_{depth}bit.yuv"
        path.write_bytes(b"".join(plane.astype("u1" if depth == 8 else "<u2").tobytes() for plane in planes))
        with read_frames(str(path)) as opened:
            frames.append(next(opened.frames))
        planes = [np.where(h, (1 << depth) - 1 - plane, plane) for h, plane in zip(hidden, planes, strict=True)]
    (covered,) = load_masks(f"{write_masks(tmp_path, mask)}/1.png", opened, 1)
    differ = (frames[0] != frames[1]).any(axis=2)
    assert differ[mask].any()
    assert not differ[~covered[0].numpy()].any()
    assert (kind == "444") == np.array_equal(covered[0].numpy(), mask)


def test_a_video_of_masks_is_as_good_as_pictures(tmp_path: Path) -> None:
    masks = [random_mask(seed) for seed in range(3)]
    folder = write_masks(tmp_path, *masks)
    with (
        read_frames(folder) as pictures,
        write_frames(str(tmp_path / "m.mkv"), pictures.format) as sink,
    ):
        for picture in pictures.frames:
            sink(picture)
    assert torch.equal(load_masks(str(tmp_path / "m.mkv"), video(), 3), load_masks(folder, video(), 3))


def random_planes(seed: int, size: tuple[int, int], kind: str) -> list[NDArray[np.uint8]]:
    rng, (width, height) = np.random.default_rng(seed), size
    chroma = (height, width) if kind == "yuv444p" else ((height + 1) // 2, (width + 1) // 2)
    return [rng.integers(16, 235, shape, dtype=np.uint8) for shape in ((height, width), chroma, chroma)]


def write_planes(path: Path, planes: list[NDArray[np.uint8]], kind: str, turned: bool) -> str:
    height, width = planes[0].shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, kind
        if turned:
            stream.set_display_rotation(90)
        frame = av.VideoFrame(width, height, kind)
        for plane, samples in zip(frame.planes, planes, strict=True):
            rows = np.zeros((plane.height, plane.line_size), np.uint8)
            rows[:, : plane.width] = samples
            plane.update(rows.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


VIEWS = [
    {},
    {"crop": (42, 30)},
    {"crop": (41, 27)},
    {"resize": (23, 17)},
    {"resize": (36, 24)},
    {"resize": (24, 16), "resize_filter": "bicubic"},
    {"resize": (96, 64)},
    {"resize": (95, 63)},
    {"crop": (42, 30), "resize": (33, 20)},
]


@pytest.mark.parametrize("domain", ["rgb", "yuv420"])
@pytest.mark.parametrize("kind", ["yuv420p", "yuv444p"])
@pytest.mark.parametrize("size", [(48, 32), (47, 33)])
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_not_masked_does_not_depend_on_missing_pixels(
    tmp_path: Path, domain: Any, kind: str, size: tuple[int, int], turned: bool
) -> None:
    rows, columns, cell = slice(9, 20), slice(13, 24), 1 if kind == "yuv444p" else 2
    whole, changed = (random_planes(seed, size, kind) for seed in (0, 1))
    for number, (own, other) in enumerate(zip(whole, changed, strict=True)):
        step = cell if number else 1
        inside = tuple(slice(part.start // step, -(-part.stop // step)) for part in (rows, columns))
        kept = own.copy()
        kept[inside] = other[inside]
        other[:] = kept
    hole = np.zeros(size[::-1], bool)
    hole[rows, columns] = True
    spec = write_masks(tmp_path, np.rot90(hole, 1) if turned else hole)
    paths = [write_planes(tmp_path / f"{n}.mkv", p, kind, turned) for n, p in enumerate((whole, changed))]
    for chosen in VIEWS:
        view = View(domain=domain, **(turned_view(chosen) if turned else chosen))  # type: ignore[arg-type]
        pictures = []
        for path in paths:
            with read_frames(path, view) as opened:
                (mask,) = load_masks(f"{spec}/1.png", opened, 1, view)
                pictures.append(torch.from_numpy(next(opened.frames).copy()).permute(2, 0, 1))
        differs = pictures[0] != pictures[1]
        assert not (differs & ~mask).any(), view
        assert differs.any()
        assert mask.float().mean() < 0.75


def turned_view(chosen: dict[str, Any]) -> dict[str, Any]:
    return {key: value[::-1] if isinstance(value, tuple) else value for key, value in chosen.items()}


def test_planes_without_a_sample_are_refused(tmp_path: Path) -> None:
    column = np.ones(SIZE[::-1], bool)
    column[:, 4] = False
    spec = write_masks(tmp_path, column)
    with pytest.raises(RequestError, match="no pixel left"):
        load_masks(f"{spec}/1.png", video(), 1, View(domain="yuv420"))
    assert load_masks(f"{spec}/1.png", video(), 1, View()).shape == (1, 1, 24, 40)
