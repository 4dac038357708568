from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nervcodec.errors import OutputError, RequestError
from nervcodec.picture import FULL, STUDIO, Chroma, ColourTags, VideoFormat
from nervcodec.video.colour import Frame
from nervcodec.video.reader import read_frames
from nervcodec.video.writer import check_output, write_frames
from tests.video.test_reader import gradient

TAGS = ColourTags(primaries=1, transfer=1, matrix=1, sample_range=STUDIO)
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 47), (5, 3)])
def test_mkv_is_lossless(tmp_path: Path, width: int, height: int) -> None:
    target = str(tmp_path / "a.mkv")
    frames = [np.random.default_rng(i).integers(0, 256, (height, width, 3), dtype=np.uint8) for i in range(3)]
    with write_frames(target, VideoFormat(width=width, height=height, frame_rate=NTSC, colour=TAGS)) as sink:
        for frame in frames:
            sink(frame)
    with read_frames(target) as video:
        assert video.format.frame_rate == NTSC
        assert (video.format.colour.primaries, video.format.colour.transfer) == (1, 1)
        assert all(np.array_equal(a, b) for a, b in zip(video.frames, frames, strict=True))


@pytest.mark.parametrize("suffix", [".mp4", ".y4m"])
@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 47)])
@pytest.mark.parametrize("sample_range", [STUDIO, FULL])
def test_lossy_outputs_keep_rate_range_and_nearly_the_picture(
    tmp_path: Path, suffix: str, width: int, height: int, sample_range: int
) -> None:
    target = str(tmp_path / f"a{suffix}")
    colour = ColourTags(primaries=9, transfer=16, matrix=9, sample_range=sample_range)
    frames = [gradient(width, height, shift) for shift in range(4)]
    video_format = VideoFormat(width=width, height=height, frame_rate=NTSC, colour=colour, chroma="444")
    with write_frames(target, video_format) as sink:
        for frame in frames:
            sink(frame)
    # Y4M cannot hold the matrix, so a reader takes the planes for BT.601.
    with read_frames(target) as video:
        assert video.format.frame_rate == NTSC
        assert video.format.colour.sample_range == sample_range
        if suffix == ".mp4":
            assert video.format.colour == colour
            errors = [np.abs(a.astype(int) - b).mean() for a, b in zip(video.frames, frames, strict=True)]
            assert max(errors) < 3


@pytest.mark.parametrize(("matrix", "kr", "kb"), [(1, 0.2126, 0.0722), (6, 0.299, 0.114), (2, 0.299, 0.114)])
def test_y4m_planes_follow_the_matrix(tmp_path: Path, matrix: int, kr: float, kb: float) -> None:
    target = str(tmp_path / "a.y4m")
    frame = gradient(40, 30)
    colour = ColourTags(matrix=matrix, sample_range=STUDIO)
    with write_frames(target, VideoFormat(width=40, height=30, frame_rate=NTSC, colour=colour, chroma="444")) as sink:
        sink(frame)
    with av.open(target) as container:
        planes = next(container.decode(video=0)).to_ndarray().astype(float)
    r, g, b = frame.astype(float).transpose(2, 0, 1) / 255
    y = kr * r + (1 - kr - kb) * g + kb * b
    expected = [16 + 219 * y, 128 + 224 * (b - y) / (2 - 2 * kb), 128 + 224 * (r - y) / (2 - 2 * kr)]
    assert np.abs(planes - expected).max() < 2.5


def test_relative_patterns_and_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    video_format = VideoFormat(width=8, height=6, frame_rate=Fraction(1))
    for target in ("%02d.png", "12:30.mkv", "50%d.mkv"):
        check_output(target, overwrite=False)
        with write_frames(target, video_format) as sink:
            sink(gradient(8, 6))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["01.png", "12:30.mkv", "50%d.mkv"]


@pytest.mark.parametrize(
    ("chroma", "pixels"), [("420", "yuv420p"), ("422", "yuv422p"), ("rgb", "yuv444p"), ("grey", "gray")]
)
def test_y4m_keeps_the_sampling(tmp_path: Path, chroma: str, pixels: str) -> None:
    target = str(tmp_path / "a.y4m")
    video_format = VideoFormat(width=16, height=8, frame_rate=Fraction(24), chroma=chroma)  # type: ignore[arg-type]
    with write_frames(target, video_format) as sink:
        sink(gradient(16, 8))
    with av.open(target) as container:
        assert container.streams.video[0].pix_fmt == pixels


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    for target in ("a.mkv", "frames/%d.png"):

        def failing(target: str = target) -> None:
            with write_frames(str(tmp_path / target), VideoFormat(width=8, height=8, frame_rate=Fraction(1))) as sink:
                sink(gradient(8, 8))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            failing()
    assert not list(tmp_path.iterdir())


def test_check_output(tmp_path: Path) -> None:
    for good in ("a.mkv", "a.MP4", "a.y4m", "frames/%05d.png", "%d.png"):
        check_output(str(tmp_path / good), overwrite=False)
    check_output("-", overwrite=False)
    for bad in ("a.webm", "a", "a.png", "%d.jpg"):
        with pytest.raises(RequestError, match="write to"):
            check_output(str(tmp_path / bad), overwrite=False)
    with pytest.raises(OutputError, match="there is no folder"):
        check_output(str(tmp_path / "no" / "such" / "%d.png"), overwrite=False)
    (tmp_path / "00007.png").touch()
    with pytest.raises(OutputError, match="exists"):
        check_output(str(tmp_path / "%05d.png"), overwrite=False)
    check_output(str(tmp_path / "%05d.png"), overwrite=True)


def deep_frames(count: int, width: int, height: int) -> list[Frame]:
    random = np.random.default_rng(0)
    return [random.integers(0, 1024, (height, width, 3)).astype(np.int16) for _ in range(count)]


def pixel_format(path: str) -> str | None:
    with av.open(path) as container:
        return container.streams.video[0].codec_context.pix_fmt


@pytest.mark.parametrize("chroma", ["420", "grey"])
@pytest.mark.parametrize(
    ("target", "first", "pixels"),
    [("a.mkv", "a.mkv", ("gbrp10le", "gray10le")), ("%d.png", "1.png", ("rgb48be", "gray16be"))],
)
def test_10_bits_are_lossless(tmp_path: Path, target: str, first: str, pixels: tuple[str, str], chroma: Chroma) -> None:
    video, frames = VideoFormat(width=63, height=47, frame_rate=NTSC, depth=10, chroma=chroma), deep_frames(2, 63, 47)
    if chroma == "grey":
        frames = [np.repeat(frame[..., :1], 3, axis=2) for frame in frames]
    with write_frames(str(tmp_path / target), video) as sink:
        for frame in frames:
            sink(frame)
    assert pixel_format(str(tmp_path / first)) == pixels[chroma == "grey"]
    with read_frames(str(tmp_path / target)) as again:
        assert again.format.depth == 10
        assert all(np.array_equal(a, b) for a, b in zip(again.frames, frames, strict=True))


@pytest.mark.parametrize(("chroma", "pixels"), [("444", "yuv444p10le"), ("422", "yuv422p10le"), ("420", "yuv420p10le")])
@pytest.mark.parametrize("sample_range", [STUDIO, FULL])
def test_a_y4m_of_10_bits_is_near(tmp_path: Path, chroma: Chroma, pixels: str, sample_range: int) -> None:
    target, colour = str(tmp_path / "a.y4m"), ColourTags(matrix=6, sample_range=sample_range)
    video = VideoFormat(width=63, height=47, frame_rate=NTSC, depth=10, chroma=chroma, colour=colour)
    x, y = np.meshgrid(np.arange(63), np.arange(47))
    frame = np.stack([100 + 10 * x, 200 + 12 * y, 700 - 4 * x - 4 * y], axis=2).astype(np.int16)
    with write_frames(target, video) as sink:
        sink(frame)
    assert pixel_format(target) == pixels
    with read_frames(target) as again:
        assert (again.format.depth, again.format.chroma) == (10, chroma)
        (made,) = again.frames
    assert np.abs(made - frame)[2:-2, 2:-2].max() <= (3 if chroma == "444" else 6)


@pytest.mark.parametrize(("width", "pixels"), [(64, "yuv420p10le"), (63, "yuv444p10le")])
def test_an_mp4_of_10_bits_is_high_10(tmp_path: Path, width: int, pixels: str) -> None:
    target, colour = str(tmp_path / "a.mp4"), ColourTags(primaries=9, transfer=16, matrix=9, sample_range=STUDIO)
    frame = (4 * gradient(width, 48).astype(np.int16)).clip(0, 1023)
    with write_frames(target, VideoFormat(width=width, height=48, frame_rate=NTSC, depth=10, colour=colour)) as sink:
        sink(frame)
    assert pixel_format(target) == pixels
    with read_frames(target) as again:
        assert (again.format.depth, again.format.colour) == (10, colour)
        (made,) = again.frames
    assert np.abs(made - frame).mean() < 12
