import subprocess
import sys
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from nervcodec.errors import RequestError, ResourceError, VideoError
from nervcodec.picture import FULL, STUDIO, ColourTags, VideoFormat
from nervcodec.video.colour import Frame
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

RNG = np.random.default_rng(0)
TOO_LONG = 99_999
"""Side of a square picture, in pixels, that is larger than any picture may be."""


def gradient(width: int, height: int, shift: int = 0) -> Frame:
    """A smooth picture that survives chroma subsampling."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    planes = [(x + shift) % 256, 255 * y / height, 128 + 60 * np.sin((x + y) / 30)]
    return np.stack(planes, axis=2).astype(np.uint8)


def write_yuv(path: Path, pixels: str, matrix: int, sample_range: int, frames: int = 2) -> np.ndarray:
    """Write an FFV1 file of random tagged planes, and return those of its last frame, `[3, H, W]`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(24000, 1001))
        stream.width, stream.height, stream.pix_fmt = 16, 12, pixels
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, sample_range
        for _ in range(frames):
            planes = RNG.integers(40, 200, (3, 12, 16), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format=pixels)))
        container.mux(stream.encode(None))
    return planes


def yuv_to_rgb(planes: np.ndarray, matrix: int, *, full: bool) -> np.ndarray:
    """Convert planes of YUV to RGB by the definition of H.273, in float64."""
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    y, u, v = planes.astype(np.float64)
    y, u, v = (
        (y / 255, (u - 128) / 255, (v - 128) / 255) if full else ((y - 16) / 219, (u - 128) / 224, (v - 128) / 224)
    )
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    rgb: np.ndarray = np.clip(255 * np.stack([r, g, b], axis=2), 0, 255)
    return rgb


def test_the_sample_decodes_to_the_frames_of_the_papers(sample: str) -> None:
    with av.open(sample) as container, read_frames(sample) as video:
        assert video.total == 132
        assert video.format == VideoFormat(width=1280, height=720, frame_rate=Fraction(25), chroma="420")
        count = 0
        for frame, reference in zip(video.frames, container.decode(video=0), strict=True):
            assert np.array_equal(frame, reference.to_ndarray(format="rgb24"))
            count += 1
    assert count == 132


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
def test_matrix_and_range_are_those_the_file_names(tmp_path: Path, matrix: int, full: bool) -> None:
    path = tmp_path / "tagged.mkv"
    planes = write_yuv(path, "yuv444p", matrix, 2 if full else 1)
    with read_frames(str(path)) as video:
        assert video.format.colour.matrix == matrix
        assert video.format.colour.sample_range == (FULL if full else STUDIO)
        assert video.format.chroma == "444"
        frames = list(video.frames)
    assert np.abs(frames[-1] - yuv_to_rgb(planes, matrix, full=full)).max() <= 2


def test_untagged_is_bt601_studio_range(tmp_path: Path) -> None:
    path = tmp_path / "untagged.mkv"
    planes = write_yuv(path, "yuv444p", 2, 0)
    with read_frames(str(path)) as video:
        frame = list(video.frames)[-1]
    assert np.abs(frame - yuv_to_rgb(planes, 6, full=False)).max() <= 2


@pytest.mark.parametrize(("view", "count"), [(View(stop=5), 5), (View(first=130), 2), (View(first=3, stop=5), 2)])
def test_frame_ranges(sample: str, view: View, count: int) -> None:
    with read_frames(sample, view) as video, read_frames(sample) as whole:
        frames = list(video.frames)
        assert len(frames) == video.total == count
        assert np.array_equal(frames[0], next(islice(whole.frames, view.first, None)))


def test_crop_and_resize_change_the_format(sample: str) -> None:
    with read_frames(sample, View(stop=1, crop=(1280, 640), resize=(641, 319))) as video:
        assert (video.format.width, video.format.height) == (641, 319)
        assert next(video.frames).shape == (319, 641, 3)


@pytest.mark.parametrize(
    ("crop", "resize", "size"),
    [
        (None, (320, -2), (320, 180)),
        ((1280, 640), (-2, 320), (640, 320)),
        (None, (99, -2), (99, 56)),
        (None, (-2, 1), (2, 1)),
        ((3, 600), (2, -2), (2, 400)),
    ],
)
def test_a_side_that_keeps_the_shape(
    sample: str, crop: tuple[int, int] | None, resize: tuple[int, int], size: tuple[int, int]
) -> None:
    with read_frames(sample, View(stop=1, crop=crop, resize=resize)) as video:
        assert (video.format.width, video.format.height) == size
        assert next(video.frames).shape == (size[1], size[0], 3)


def test_image_folders_and_patterns(tmp_path: Path) -> None:
    pictures = [gradient(21, 13, shift) for shift in range(12)]
    with write_frames(str(tmp_path / "p%d.png"), VideoFormat(width=21, height=13, frame_rate=Fraction(25))) as sink:
        for picture in pictures:
            sink(picture)
    (tmp_path / "notes.txt").write_text("no picture")
    with read_frames(str(tmp_path / "p%d.png")) as video:
        frames = list(video.frames)
    assert video.total == 12
    assert all(np.array_equal(a, b) for a, b in zip(frames, pictures, strict=True))
    with read_frames(str(tmp_path)) as video:
        assert video.format.frame_rate == 25
        assert all(np.array_equal(a, b) for a, b in zip(video.frames, pictures, strict=True))


def test_images_before_the_first_wanted_are_not_decoded(tmp_path: Path) -> None:
    with write_frames(str(tmp_path / "p%d.png"), VideoFormat(width=20, height=8, frame_rate=Fraction(25))) as sink:
        for shift in range(5):
            sink(gradient(20, 8, shift))
    for number in (1, 2, 5):
        (tmp_path / f"p{number}.png").write_text("no picture")
    with read_frames(str(tmp_path), View(first=2, stop=4)) as video:
        assert video.total == 2
        frames = list(video.frames)
    assert len(frames) == 2
    assert all(np.array_equal(frame, gradient(20, 8, shift)) for frame, shift in zip(frames, (2, 3), strict=True))
    (tmp_path / "p5.png").unlink()
    with read_frames(str(tmp_path), View(first=9, stop=12)) as video:
        assert video.total == 0
        assert not list(video.frames)


def test_names_with_colons_and_percent_signs(tmp_path: Path, sample: str) -> None:
    for name in ("12:30 clip.mp4", "100%.mp4", "%d.mp4"):
        path = tmp_path / name
        path.symlink_to(sample)
        with read_frames(str(path)) as video:
            assert video.total == 132


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_rotated_videos_come_upright(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    path, picture = tmp_path / "turned.mp4", np.zeros((32, 48, 3), np.uint8)
    picture[:8, :8] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        stream.set_display_rotation(rotation)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with read_frames(str(path)) as video:
        frame = next(video.frames)
        assert frame.shape == (video.format.height, video.format.width, 3)
        assert frame.shape[:2] == ((48, 32) if rotation % 180 else (32, 48))
    corners = {(y, x): frame[y, x].mean() for y in (0, -1) for x in (0, -1)}
    assert max(corners, key=lambda place: corners[place]) == corner


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    for index, width in enumerate((20, 22)):
        target = str(tmp_path / f"{index}-%d.png")
        with write_frames(target, VideoFormat(width=width, height=8, frame_rate=Fraction(25))) as sink:
            sink(gradient(width, 8))
    with (
        read_frames(str(tmp_path)) as video,
        pytest.raises(VideoError, match="frame 1 is 22x8 where the first is 20x8"),
    ):
        list(video.frames)


def test_y4m_on_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "in.y4m"
    video_format = VideoFormat(
        width=32, height=18, frame_rate=Fraction(30), chroma="444", colour=ColourTags(sample_range=STUDIO)
    )
    with write_frames(str(path), video_format) as sink:
        for shift in range(3):
            sink(gradient(32, 18, shift))
    code = (
        "from nervcodec.video.reader import read_frames\n"
        "with read_frames('-') as video: print(video.format.frame_rate, *[int(f.sum()) for f in video.frames])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=path.read_bytes(), capture_output=True, check=True)
    rate, *sums = done.stdout.decode().split()
    with read_frames(str(path)) as video:
        assert [str(int(f.sum())) for f in video.frames] == sums
    assert rate == "30"


@pytest.mark.parametrize(
    "source", ["nothing.mp4", "nothing/%05d.png", "http://127.0.0.1:9/x.mp4", "concat:a|b", "tcp://127.0.0.1:9", "."]
)
def test_what_is_not_there(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VideoError, match=r"no such file|no images"), read_frames(source):
        pass


def test_what_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video at all\n" * 100)
    with pytest.raises(VideoError, match="Invalid data"), read_frames(str(path)):
        pass


def test_playlists_cannot_reach_the_network(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(VideoError), read_frames(str(path)):
        pass


def test_large_pictures_are_refused_before_decoding(sample: str) -> None:
    with pytest.raises(ResourceError, match="1280x720 is more than 1000 pixels"), read_frames(sample, max_pixels=1000):
        pass


def test_impossible_views(sample: str) -> None:
    with pytest.raises(RequestError, match="does not fit"), read_frames(sample, View(crop=(1281, 10))):
        pass
    with pytest.raises(RequestError, match="larger than"):
        View(resize=(TOO_LONG, TOO_LONG))
    with pytest.raises(RequestError, match="hold nothing"):
        View(first=5, stop=5)
    with pytest.raises(RequestError, match="one side"):
        View(resize=(-2, -2))
    with pytest.raises(RequestError, match="larger than"), read_frames(sample, View(crop=(4, 720), resize=(9000, -2))):
        pass


def test_a_truncated_file_is_an_error(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(Path(sample).read_bytes()[: Path(sample).stat().st_size // 2])
    with pytest.raises(VideoError), read_frames(str(path)) as video:
        list(video.frames)


def test_torch_threads_do_not_change_frames(sample: str) -> None:
    views = View(stop=1, resize=(333, 211))
    frames = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with read_frames(sample, views) as video:
            frames.append(next(video.frames))
    assert np.array_equal(frames[0], frames[1])
