"""Kinds of files that people have and a first version of a reader gets wrong, compared with FFmpeg's own reading."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.attachments import read_attachments
from nervcodec.video.index import Index
from nervcodec.video.reader import read_frames
from nervcodec.video.spool import spool
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

ORIENTATION, MAKE = 0x0112, 0x010F
"""EXIF tags of a camera."""
QUARTER, MIRRORED = 6, 2
"""Values of the former: turned by a quarter, and mirrored."""
LANDSCAPE = np.stack(np.broadcast_arrays(*np.ogrid[0:48:1, 0:64:1], 90), axis=2).astype(np.uint8) * np.array(
    [4, 3, 1], np.uint8
)


def frames_of(path: Path | str, view: View = View()) -> list[np.ndarray[Any, Any]]:  # noqa: B008
    with read_frames(str(path), view) as video:
        return list(video.frames)


def remarks_on(path: Path) -> tuple[str, ...]:
    with read_frames(str(path)) as video:
        list(video.frames)
    return video.remarks()


def index_of(path: Path) -> Index:
    with read_frames(str(path)) as video:
        list(video.frames)
    return video.index()


def write_video(path: Path, encoder: str = "libx264", frames: int = 6, **settings: Any) -> Path:
    """A video whose frame number n is grey of 20 n."""
    pixels, options = settings.pop("pixels", "yuv420p"), settings.pop("options", {})
    with av.open(str(path), "w", **settings) as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for number in range(frames):
            array = np.full((48, 64, 4 if "a420" in pixels else 3), 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(array, format="rgba" if "a420" in pixels else "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def exif(**tags: int | str) -> Image.Exif:
    made = Image.Exif()
    for name, value in tags.items():
        made[{"orientation": ORIENTATION, "make": MAKE}[name]] = value
    return made


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_pictures_of_a_camera_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    settings: dict[str, Any] = {"quality": 95} if kind in ("jpg", "webp") else {}
    Image.fromarray(LANDSCAPE).save(path, exif=exif(make="Camera"), **settings)
    (frame,) = frames_of(path)
    assert np.abs(frame.astype(int) - np.asarray(Image.open(path).convert("RGB")).astype(int)).mean() < 2


@pytest.mark.parametrize("kind", ["jpg", "avi"])
def test_the_orientation_of_a_camera_is_heeded(kind: str, tmp_path: Path) -> None:
    still = tmp_path / "a.jpg"
    Image.fromarray(LANDSCAPE).save(still, exif=exif(orientation=QUARTER), quality=95)
    path = still
    if kind == "avi":  # MJPEG, packet by packet
        path = tmp_path / "a.avi"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mjpeg", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            packet = av.Packet(still.read_bytes())
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 25)
            container.mux(packet)
    frame = frames_of(path)[0]
    assert frame.shape == (64, 48, 3)
    assert np.abs(frame.astype(int) - np.rot90(LANDSCAPE, 3).astype(int)).mean() < 4
    Image.fromarray(LANDSCAPE).save(still, exif=exif(orientation=MIRRORED))
    with pytest.raises(VideoError, match="mirrored"):
        frames_of(still)


def test_aac_off_the_air_gets_its_configuration(tmp_path: Path) -> None:
    source, target = tmp_path / "a.ts", tmp_path / "b.mp4"
    with av.open(str(source), "w") as container:
        pictures, tone = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=44100)
        assert isinstance(pictures, av.VideoStream)
        assert isinstance(tone, av.AudioStream)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 9 * number, np.uint8), format="rgb24")
            frame.pts = number
            container.mux(pictures.encode(frame))
        wave = np.sin(np.arange(0, 1024 * 20) / 9).astype(np.float32)
        for start in range(0, len(wave), 1024):
            sound = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 44100, start, Fraction(1, 44100)
            container.mux(tone.encode(sound))
        for stream in (pictures, tone):
            container.mux(stream.encode(None))
    data = read_attachments(str(source), index_of(source))
    video = VideoFormat(width=64, height=48, frame_rate=Fraction(25), chroma="420")
    with write_frames(str(target), video, None, data) as sink:
        for number in range(10):
            sink(np.full((48, 64, 3), 9 * number, np.uint8))
    heard = []
    for path in (source, target):
        with av.open(str(path)) as container:
            heard.append(np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]))
            configuration = container.streams.audio[0].codec_context.extradata
    assert configuration  # of the target
    assert len(heard[1]) > 44100 * 0.4
    primed = len(heard[0]) - len(heard[1])  # samples that MP4 says to pass over
    assert primed in (0, 1024)
    np.testing.assert_array_equal(heard[0][primed:], heard[1])


def test_avi_shows_frames_in_their_own_order(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", options={"bf": "3", "b-adapt": "0"}, frames=10)
    with av.open(str(path)) as container:
        shown = [frame.pts or 0 for frame in container.decode(video=0)]
    assert shown != sorted(shown)  # what FFmpeg makes of times of decoding
    index = index_of(path)
    times = [(pts - index.pts[0]) * index.time_base for pts in index.pts]
    assert times == [Fraction(number, 25) for number in range(10)]
    assert [round(float(frame.mean()) / 20) for frame in frames_of(path)] == list(range(10))


def test_a_grey_picture_does_not_take_the_colour_of_others(tmp_path: Path) -> None:
    folder = tmp_path / "fade"
    folder.mkdir()
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(folder / "0.png")
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    Image.fromarray(red).save(folder / "1.png")
    Image.fromarray(red).save(folder / "2.jpg", quality=95)
    with read_frames(str(folder)) as video:
        frames = list(video.frames)
    assert (video.format.chroma, video.seen().chroma) == ("grey", "rgb")
    for frame in frames[1:]:
        assert np.abs(frame.astype(int) - red).max() < 6


def y4m(frames: int = 3, aspect: str = "128:117") -> bytes:
    planes = bytes(64 * 48 * 3 // 2)
    return f"YUV4MPEG2 W64 H48 F15:1 Ip A{aspect} C420jpeg\n".encode() + frames * (b"FRAME\n" + planes)


def test_a_pipe_gives_what_a_path_gives(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.y4m", tmp_path / "b.y4m"
    path.write_bytes(y4m())
    assert spool(copy, None, io.BytesIO(y4m())) == spool(tmp_path / "c.y4m", None, io.BytesIO(y4m()))
    assert copy.read_bytes() == path.read_bytes()
    for source in (path, copy):
        with read_frames(str(source)) as video:
            assert len(list(video.frames)) == 3
        assert video.format.sample_aspect == Fraction(128, 117)
    spool(copy, 2, io.BytesIO(y4m()))
    assert copy.read_bytes() == y4m(2)


@pytest.mark.parametrize("space", ["420jpeg", "422", "444", "mono", "420p10", "444alpha", "411", "422p12", "mono16"])
def test_the_length_of_a_frame_is_what_ffmpeg_reads(space: str, tmp_path: Path) -> None:
    path, size = tmp_path / "a.y4m", {"420jpeg": 3072 * 3 // 2, "422": 6144, "444": 9216, "mono": 3072}
    size |= {"420p10": 9216, "444alpha": 12288, "411": 3072 * 3 // 2, "422p12": 12288, "mono16": 6144}
    path.write_bytes(f"YUV4MPEG2 W64 H48 F25:1 C{space}\n".encode() + 2 * (b"FRAME\n" + bytes(size[space])))
    with av.open(str(path)) as container:
        assert [packet.size for packet in container.demux(video=0) if packet.size] == [size[space]] * 2
    spool(tmp_path / "b.y4m", None, io.BytesIO(path.read_bytes()))
    with pytest.raises(VideoError, match=r"standard input: frame 2 has \d+ of \d+ bytes; .* incomplete"):
        spool(tmp_path / "c.y4m", None, io.BytesIO(path.read_bytes()[:-1]))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VideoError, match=r"a\.y4m: frame 2 has \d+ of \d+ bytes; .* incomplete"):
        frames_of(path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "standard input is empty"),
        (b"\0\0\0 ftypisom", "standard input is not y4m"),
        (b"YUV4MPEG2 W64\n", "standard input is not y4m"),
        (b"YUV4MPEG2 W64 H48 C999\n", "colour space 999 is not known"),
    ],
)
def test_input_that_is_no_y4m_is_refused_in_a_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=sentence):
        spool(tmp_path / "a.y4m", None, io.BytesIO(data))
    assert not list(tmp_path.iterdir())


def test_transparent_vp9_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.webm", "libvpx-vp9", pixels="yuva420p")
    with av.open(str(path)) as container:
        assert container.streams.video[0].metadata.get("alpha_mode") == "1"
    with pytest.raises(VideoError, match="transparent"):
        frames_of(path)
    assert len(frames_of(write_video(tmp_path / "b.webm", "libvpx-vp9"))) == 6


@pytest.mark.parametrize(("width", "height", "matrix"), [(1280, 720, 1), (320, 240, 6)])
def test_rgb_in_mp4_names_its_colour_and_players_see_it_right(
    width: int, height: int, matrix: int, tmp_path: Path
) -> None:
    path, colour = tmp_path / "a.mp4", np.array([220, 30, 40], np.uint8)
    video = VideoFormat(width=width, height=height, frame_rate=Fraction(25))
    with write_frames(str(path), video) as sink:
        for _ in range(2):
            sink(np.broadcast_to(colour, (height, width, 3)))
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        frame = next(container.decode(video=0))
        named = (context.pix_fmt, context.colorspace, context.color_range, context.color_primaries, context.color_trc)
        shown = frame.reformat(format="rgb24", src_colorspace=matrix).to_ndarray()
    assert named == ("yuv420p", matrix, 1, matrix, matrix)
    assert np.abs(shown[height // 2, width // 2].astype(int) - colour).max() <= 3


def test_interlaced_pictures_are_said(tmp_path: Path) -> None:
    interlaced = write_video(tmp_path / "a.mpg", "mpeg2video", options={"flags": "+ildct+ilme", "top": "1"})
    with av.open(str(interlaced)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    assert [remark.split(";")[0] for remark in remarks_on(interlaced)] == ["pictures are interlaced"]
    assert remarks_on(write_video(tmp_path / "b.mp4")) == ()


def test_numbers_that_are_missing_are_said(tmp_path: Path) -> None:
    for number in (0, 1, 2, 5, 6):
        Image.fromarray(LANDSCAPE).save(tmp_path / f"f{number:03d}.png")
    for source in (tmp_path, tmp_path / "f%03d.png"):
        (remark,) = remarks_on(source)
        assert remark.startswith("pictures with the numbers 3, 4 are missing")
    Image.fromarray(LANDSCAPE).save(tmp_path / "cover.png")
    assert remarks_on(tmp_path) == ("2 sequences of pictures follow each other, which begin with cover.png, f000.png",)


def test_dates_and_times_in_names_do_not_count_pictures(tmp_path: Path) -> None:
    for time in (20260101120000, 20261231235959):
        Image.fromarray(LANDSCAPE).save(tmp_path / f"IMG_{time}.png")
    assert remarks_on(tmp_path) == ()


def test_images_have_one_stream(tmp_path: Path) -> None:
    Image.fromarray(LANDSCAPE).save(tmp_path / "1.png")
    with pytest.raises(VideoError, match="no video stream 1"), read_frames(str(tmp_path), View(stream=1)):
        pass
    with read_frames(str(tmp_path), View(stream=0)) as video:
        assert len(list(video.frames)) == 1


def two_videos(path: Path, default: int) -> Path:
    """32x32 in blue, then 64x48 in white; one of them is the default."""
    with av.open(str(path), "w") as container:
        streams = []
        for size in ((32, 32), (64, 48)):
            stream = container.add_stream("libx264", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            streams.append(stream)
        streams[1 - default].disposition = av.stream.Disposition(0)
        streams[default].disposition = av.stream.Disposition.default
        for number in range(3):
            for stream, colour in zip(streams, ((0, 0, 255), (255, 255, 255)), strict=True):
                array = np.broadcast_to(np.array(colour, np.uint8), (stream.height, stream.width, 3))
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format="rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("default", "size"), [(0, (32, 32)), (1, (48, 64))])
def test_of_two_videos_the_one_is_taken_that_ffmpeg_takes(default: int, size: tuple[int, int], tmp_path: Path) -> None:
    path = two_videos(tmp_path / "a.mkv", default)
    assert {frame.shape[:2] for frame in frames_of(path)} == {size}
    (remark,) = remarks_on(path)
    assert (
        remark
        == f"video stream {default} of 2, counted from 0, is taken ({size[1]}x{size[0]}); --stream chooses another"
    )
    assert {frame.shape[:2] for frame in frames_of(path, View(stream=1))} == {(48, 64)}
    assert {frame.shape[:2] for frame in frames_of(path, View(stream=0))} == {(32, 32)}
    with pytest.raises(VideoError, match="there is no video stream 2; streams are counted from 0, and it has 2"):
        frames_of(path, View(stream=2))
    with pytest.raises(RequestError, match="stream must be at least 0"):
        View(stream=-1)
