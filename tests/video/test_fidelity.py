"""Properties that a file states of its pictures survive reading, the header of a `.nerv` file, and writing."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from nervcodec.bitstream.format import Header, read_header, write_header
from nervcodec.errors import VideoError
from nervcodec.picture import STUDIO, ColourTags, ContentLight, MasteringDisplay, VideoFormat
from nervcodec.timeline import Clock, Playback
from nervcodec.video.colour import Frame
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.hdr import LIGHT, MASTERING

NTSC = Fraction(30000, 1001)
X265_HDR = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
UNEVEN = (0, 17, 50, 117, 118, 300)
END = 1000


def picture(width: int, height: int, number: int = 0, *, grey: bool = False) -> Frame:
    """A picture of soft colours, different for each number."""
    y, x = np.mgrid[:height, :width]
    planes = [(x + 10 * number) % 200, y * 255 // height, x * 0 + 128]
    return np.stack([planes[0]] * 3 if grey else planes, axis=2).astype(np.uint8)


def write_with(path: Path, encoder: str, pixels: str, ticks: Sequence[int] = (0, 1, 2), **settings: Any) -> None:
    """Write a small video with PyAV; a tick is a 25th of a second unless `time_base` says otherwise."""
    options = {str(k): str(v) for k, v in settings.pop("options", {}).items()}
    size, rotation = settings.pop("size", (64, 48)), settings.pop("rotation", None)
    time_base, last = settings.pop("time_base", Fraction(1, 25)), settings.pop("last", 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        if rotation:
            stream.set_display_rotation(**rotation)
        stream.codec_context.time_base = time_base
        stream.codec_context.flags |= av.codec.context.Flags.frame_duration
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        for number, (tick, after) in enumerate(zip(ticks, [*ticks[1:], ticks[-1] + last], strict=True)):
            drawn = picture(size[0], size[1], number).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base, frame.duration = tick, time_base, after - tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_all(source: Path, view: View = View()) -> tuple[VideoFormat, Clock | None, list[Frame]]:  # noqa: B008
    """Format, times and frames of a video, where format and times have gone through a header."""
    with read_frames(str(source), view) as video:
        frames = list(video.frames)
    rate, clock = video.index().timing(view.first, view.first + len(frames))
    header = Header(video=replace(video.format, frame_rate=rate), segments=(len(frames),), clock=clock)
    assert read_header(write_header(header)) == header
    return header.video, header.clock, frames


def written(path: Path, video: VideoFormat, frames: Sequence[Frame], clock: Clock | None = None) -> Path:
    """Write frames to a file, and return its path."""
    with write_frames(str(path), video, clock) as sink:
        for frame in frames:
            sink(frame)
    return path


@pytest.mark.parametrize(("encoder", "suffix"), [("ffv1", "mkv"), ("libx264", "mp4"), ("libx265", "mkv")])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_colour_of_8_and_10_bits(tmp_path: Path, encoder: str, suffix: str, pixels: str) -> None:
    path = tmp_path / f"a.{suffix}"
    options = {"x265-params": "log-level=none"} if encoder == "libx265" else {}
    tags: dict[str, Any] = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}
    write_with(path, encoder, pixels, options=options, **tags)
    video, clock, frames = read_all(path)
    assert video.colour == ColourTags(primaries=9, transfer=16, matrix=9, sample_range=STUDIO)
    assert (video.chroma, video.frame_rate, clock, len(frames)) == ("420", Fraction(25), None, 3)
    assert video.depth == (10 if pixels.endswith("10le") else 8)
    for target in ("b.mkv", "b.mp4"):
        again, clock, more = read_all(written(tmp_path / target, video, frames))
        kept = ("primaries", "transfer") if target == "b.mkv" else ("primaries", "transfer", "matrix", "sample_range")
        assert all(getattr(again.colour, name) == getattr(video.colour, name) for name in kept)
        assert (again.frame_rate, again.depth, clock, len(more)) == (Fraction(25), video.depth, None, 3)


@pytest.mark.parametrize("hdr", [(MASTERING, LIGHT), (MASTERING, None), (None, LIGHT)])
@pytest.mark.parametrize("target", ["b.mkv", "b.mp4"])
def test_hdr10_metadata(tmp_path: Path, hdr: tuple[MasteringDisplay | None, ContentLight | None], target: str) -> None:
    video = VideoFormat(
        width=64,
        height=48,
        frame_rate=NTSC,
        chroma="420",
        mastering=hdr[0],
        content_light=hdr[1],
        sample_aspect=Fraction(4, 3),
        colour=ColourTags(primaries=9, transfer=16, matrix=9, sample_range=STUDIO),
    )
    frames = [picture(64, 48, number) for number in range(20)]
    again, clock, more = read_all(written(tmp_path / target, video, frames))
    assert (again.mastering, again.content_light) == hdr
    assert (again.frame_rate, clock, again.sample_aspect) == (NTSC, None, Fraction(4, 3))
    assert again.colour.transfer == 16
    if target == "b.mkv":
        assert all(np.array_equal(a, b) for a, b in zip(frames, more, strict=True))


def test_hdr10_metadata_of_x265(tmp_path: Path) -> None:
    for name in ("a.mkv", "a.mp4"):
        write_with(tmp_path / name, "libx265", "yuv420p10le", options={"x265-params": f"{X265_HDR}:log-level=none"})
        video, _, _ = read_all(tmp_path / name)
        assert (video.mastering, video.content_light) == (MASTERING, LIGHT)


@pytest.mark.parametrize(
    "aspect", [Fraction(4, 3), Fraction(16, 15), Fraction(10, 11), Fraction(64, 45), Fraction(1, 2)]
)
@pytest.mark.parametrize("target", ["b.mkv", "b.mp4", "b.y4m"])
def test_the_shape_of_pixels(tmp_path: Path, aspect: Fraction, target: str) -> None:
    write_with(tmp_path / "a.mp4", "libx264", "yuv420p", sample_aspect_ratio=aspect)
    video, _, frames = read_all(tmp_path / "a.mp4")
    assert video.sample_aspect == aspect
    again, _, more = read_all(written(tmp_path / target, video, frames))
    assert again.sample_aspect == aspect
    assert len(more) == 3
    if target == "b.mkv":
        assert all(np.array_equal(a, b) for a, b in zip(frames, more, strict=True))
        with av.open(str(tmp_path / target)) as container:  # the placeholder for the shape is gone
            assert next(container.decode(video=0)).rotation == 0


def test_a_view_keeps_the_shape_of_the_picture(tmp_path: Path) -> None:
    write_with(tmp_path / "a.mp4", "libx264", "yuv420p", sample_aspect_ratio=Fraction(4, 3))
    for view, aspect in (
        (View(crop=(40, 20)), Fraction(4, 3)),
        (View(resize=(32, 24)), Fraction(4, 3)),
        (View(resize=(32, -2)), Fraction(4, 3)),
        (View(resize=(64, 24)), Fraction(2, 3)),
        (View(crop=(32, 48), resize=(64, 48)), Fraction(2, 3)),
    ):
        video, _, frames = read_all(tmp_path / "a.mp4", view)
        assert video.sample_aspect == aspect
        assert frames[0].shape == (video.height, video.width, 3)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_stand_upright_with_their_pixels(tmp_path: Path, degrees: int) -> None:
    aspect = Fraction(4, 3)
    rotation = {"degrees": degrees}
    write_with(tmp_path / "a.mp4", "libx264", "yuv420p", sample_aspect_ratio=aspect, rotation=rotation)
    video, _, frames = read_all(tmp_path / "a.mp4")
    turned = degrees in (90, 270)
    assert video.sample_aspect == (1 / aspect if turned else aspect)
    assert (video.width, video.height) == ((48, 64) if turned else (64, 48)) == frames[0].shape[1::-1]


@pytest.mark.parametrize("rotation", [{"degrees": 45}, {"degrees": 0, "hflip": True}, {"degrees": 90, "vflip": True}])
def test_other_turns_are_refused(tmp_path: Path, rotation: dict[str, object]) -> None:
    write_with(tmp_path / "a.mp4", "libx264", "yuv420p", rotation=rotation)
    with pytest.raises(VideoError, match="mirrored, or turned"), read_frames(str(tmp_path / "a.mp4")):
        pass


@pytest.mark.parametrize(("encoder", "suffix"), [("libx264", "mp4"), ("libx264", "mkv"), ("ffv1", "mkv")])
def test_uneven_times_come_back(tmp_path: Path, encoder: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write_with(path, encoder, "yuv420p", UNEVEN, time_base=Fraction(1, 1000), last=END - UNEVEN[-1])
    video, clock, frames = read_all(path)
    assert clock
    assert [tick * clock.time_base * 1000 for tick in (*clock.ticks, clock.end)] == [*UNEVEN, END]
    for target in ("b.mkv", "b.mp4"):
        _, again, more = read_all(written(tmp_path / target, video, frames, clock))
        assert again
        assert [tick * again.time_base * 1000 for tick in (*again.ticks, again.end)] == [*UNEVEN, END]
        assert len(more) == len(UNEVEN)
    _, part, _ = read_all(path, View(first=1, stop=4))
    assert part
    assert [tick * part.time_base * 1000 for tick in part.ticks] == [0, 33, 100]


def test_times_finer_than_milliseconds(tmp_path: Path) -> None:
    ticks = (0, 3001, 6007, 9000, 15000)
    clock = Clock(time_base=Fraction(1, 90000), ticks=ticks, end=18003)
    video = VideoFormat(width=32, height=32, frame_rate=Fraction(30), chroma="420")
    frames = [picture(32, 32, number) for number in range(5)]
    _, exact, _ = read_all(written(tmp_path / "a.mp4", video, frames, clock))
    assert exact == clock
    _, near, _ = read_all(written(tmp_path / "a.mkv", video, frames, clock))
    assert near
    for tick, after in zip((*near.ticks, near.end), (*clock.ticks, clock.end), strict=True):
        assert abs(tick * near.time_base - after * clock.time_base) <= Fraction(1, 1000)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(60000, 1001), Fraction(120)])
@pytest.mark.parametrize("target", ["a.mkv", "a.mp4", "a.y4m"])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_frame_rates_come_back(tmp_path: Path, rate: Fraction, target: str, count: int) -> None:
    video = VideoFormat(width=16, height=16, frame_rate=rate, chroma="420")
    frames = [picture(16, 16, number) for number in range(count)]
    for clock in (None, Clock.even(rate, count)):
        again, uneven, more = read_all(written(tmp_path / target, video, frames, clock))
        assert (again.frame_rate, uneven, len(more)) == (rate, None, count)


def test_a_y4m_shows_the_frame_of_each_moment(tmp_path: Path) -> None:
    video = VideoFormat(width=16, height=16, frame_rate=Fraction(20), chroma="444")
    frames = [picture(16, 16, number) for number in range(4)]
    clock = Clock(time_base=Fraction(1, 1000), ticks=(0, 100, 110, 350), end=360)
    _, _, more = read_all(written(tmp_path / "a.y4m", video, frames, clock))
    shown = [min(range(4), key=lambda k: np.abs(frames[k].astype(int) - frame).mean()) for frame in more]
    assert shown == [0, 0, 2, 2, 2, 2, 2, 3]


def test_every_second_frame_lasts_twice_as_long(tmp_path: Path) -> None:
    kept = Header(
        video=VideoFormat(width=16, height=16, frame_rate=NTSC, chroma="420"),
        segments=(3,),
    )
    clock = Clock.even(NTSC, 6)
    schedule = Playback().schedule(replace(kept.times, positions=(0, 2, 5), length=6), NTSC)
    assert [after - before for before, after in zip(schedule.clock.ticks, schedule.clock.ticks[1:], strict=False)] == [
        2,
        3,
    ]
    frames = [picture(16, 16, number) for number in range(3)]
    _, again, _ = read_all(written(tmp_path / "a.mp4", kept.video, frames, schedule.clock))
    assert again
    assert [tick * again.time_base for tick in again.ticks] == [tick * clock.time_base for tick in (0, 2, 5)]
    assert again.end * again.time_base == 6 / NTSC


def test_grey_stays_grey(tmp_path: Path) -> None:
    frames = [picture(33, 17, number, grey=True) for number in range(3)]
    video = VideoFormat(width=33, height=17, frame_rate=Fraction(25), chroma="grey")
    for target in ("a.mkv", "a.y4m"):
        again, _, more = read_all(written(tmp_path / target, video, frames))
        assert again.chroma == "grey"
        assert all(np.array_equal(a, b) for a, b in zip(frames, more, strict=True))
    _, _, more = read_all(written(tmp_path / "a.mp4", video, frames))
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(frames, more, strict=True)) < 10
    written(tmp_path / "p" / "%d.png", video, frames)
    again, _, more = read_all(tmp_path / "p")
    assert (again.chroma, again.frame_rate) == ("grey", Fraction(25))
    assert all(np.array_equal(a, b) for a, b in zip(frames, more, strict=True))


def save_rgba(path: Path, alpha: int) -> None:
    pixels = np.dstack([picture(20, 10), np.full((10, 20), 255, np.uint8)])
    pixels[3, 4, 3] = alpha
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 20, 10, "rgba"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba")))
        container.mux(stream.encode(None))


def test_transparent_pictures_are_refused(tmp_path: Path) -> None:
    for number, alpha in enumerate((255, 255, 254)):
        save_rgba(tmp_path / "p" / f"{number}.png", alpha)
    with av.open(str(tmp_path / "p" / "0.png")) as container:
        assert container.streams.video[0].pix_fmt == "rgba"
    video, _, frames = read_all(tmp_path / "p", View(stop=2))
    assert video.chroma == "rgb"
    assert np.array_equal(frames[1], picture(20, 10))
    with read_frames(str(tmp_path / "p")) as opened, pytest.raises(VideoError, match="frame 2 is transparent"):
        list(opened.frames)


@pytest.mark.parametrize("pixels", ["yuva420p", "yuva444p10le"])
def test_videos_with_an_opaque_alpha_plane_are_read(tmp_path: Path, pixels: str) -> None:
    write_with(tmp_path / "a.mkv", "ffv1", pixels)
    video, _, frames = read_all(tmp_path / "a.mkv")
    assert video.chroma == pixels[4:7]
    assert len(frames) == 3


def test_what_was_cut_off_is_missed(tmp_path: Path) -> None:
    for encoder, name in (("libx264", "a.mp4"), ("ffv1", "a.mkv"), ("libx264", "b.mkv")):
        path = tmp_path / name
        write_with(path, encoder, "yuv420p", range(50))
        data = path.read_bytes()
        for share in (3, 30, 60, 99):
            path.write_bytes(data[: share * len(data) // 100])
            with pytest.raises(VideoError, match=r"damaged or incomplete|Invalid data"), read_frames(str(path)):
                pass


def test_frames_that_do_not_decode_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_with(path, "libx264", "yuv420p", range(50), options={"bf": "0"})
    with av.open(str(path)) as container:
        places = [(entry.pos, entry.size) for entry in container.streams.video[0].index_entries]  # while it is open
    data = bytearray(path.read_bytes())
    for start, size in places[40:]:
        data[start : start + size] = bytes(size)
    path.write_bytes(data)
    with pytest.raises(VideoError), read_frames(str(path)) as video:
        list(video.frames)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.mp4", b"no video at all\n" * 100, "Invalid data"),
        ("empty.mp4", b"", "Invalid data|End of file"),
        ("vast.mp4", struct.pack(">I4sQ", 1, b"ftyp", 1 << 63), "damaged or incomplete"),
        ("vast.mkv", bytes.fromhex("1a45dfa301ffffffffffff00"), "Invalid data|End of file"),
        (
            "headless.mp4",
            struct.pack(">I4s4s", 12, b"ftyp", b"isom") + struct.pack(">I4s", 8, b"mdat"),
            "Invalid data|moov",
        ),
    ],
)
def test_what_is_no_video_is_said_in_a_sentence(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match=message) as raised, read_frames(str(tmp_path / name)):
        pass
    assert str(raised.value).startswith(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no video stream"), read_frames(str(tmp_path / "a.mp4")):
        pass
