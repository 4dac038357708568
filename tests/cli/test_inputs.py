"""Any video goes through encoding and decoding with all its properties, or is refused in a sentence."""

import json
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from nervcodec.cli.main import run
from tests.conftest import SAMPLE

ENCODE = ["--steps", "2", "--size", "3k", "--model", "hnerv", "-q"]


def pictures(count: int, width: int, height: int, kind: str = "rgb24") -> Iterator[av.VideoFrame]:
    """Pictures of a square that moves over a gradient."""
    for number in range(count):
        picture = np.zeros((height, width, 3), np.uint8)
        picture[:] = np.linspace(30, 200, width).astype(np.uint8)[None, :, None]
        picture[5:15, 3 * number + 2 : 3 * number + 12] = (220, 60, 30)
        yield av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=kind)


def made(
    path: Path,
    codec: str,
    kind: str,
    ticks: list[int],
    size: tuple[int, int] = (64, 36),
    base: Fraction = Fraction(1, 25),
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> str:
    """Write a video file whose frames are shown at given ticks."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = kind
        stream.time_base = stream.codec_context.time_base = base
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for tick, frame in zip(ticks, pictures(len(ticks), *size, kind), strict=True):
            frame.pts, frame.time_base = tick, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def described(path: Path) -> dict[str, Any]:
    """Properties of a video, by a reader that is independent of ours."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        return {
            "size": (frames[0].width, frames[0].height),
            "times": [frame.time for frame in frames],
            "aspect": stream.sample_aspect_ratio or Fraction(1),
            "colour": (frames[0].color_primaries, frames[0].color_trc),
            "light": any(data.type == "MASTERING_DISPLAY_METADATA" for data in map(type_of, frames[0].side_data)),
        }


class _Named:
    def __init__(self, name: str) -> None:
        self.type = name


def type_of(data: Any) -> _Named:
    """An object whose `type` is the name of a kind of side data."""
    return _Named(data.type.name)


def through(source: str, folder: Path, *options: str, target: str = "out.mkv") -> tuple[dict[str, Any], Path]:
    """Encode and decode a video: the properties of the decoded video, and the path of the `.nerv` file."""
    path = folder / "out.nerv"
    assert run(["encode", source, "-o", str(path), *ENCODE, *options]) == 0
    assert run(["decode", str(path), "-o", str(folder / target), "-q"]) == 0
    return described(folder / target), path


HDR10 = (
    "hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):log-level=none"
)


@pytest.mark.parametrize(
    "kind",
    ["8 bits", "10 bits", "uneven", "oblong pixels", "odd size", "hdr10", "grey", "one frame", "two frames", "scenes"],
)
def test_every_kind_of_video_comes_back(kind: str, tmp_path: Path) -> None:
    ticks, path = [0, 1, 2, 3], tmp_path / "in.mkv"
    makers = {
        "8 bits": lambda: made(path, "libx264", "yuv420p", ticks),
        "10 bits": lambda: made(path, "ffv1", "yuv422p10le", ticks),
        "uneven": lambda: made(tmp_path / "in.mp4", "mpeg4", "yuv420p", [0, 40, 53, 200], base=Fraction(1, 1000)),
        "oblong pixels": lambda: made(tmp_path / "in.mp4", "mpeg4", "yuv420p", ticks, aspect=Fraction(16, 11)),
        "odd size": lambda: made(path, "ffv1", "yuv444p", ticks, size=(61, 37)),
        "hdr10": lambda: made(path, "libx265", "yuv420p10le", ticks, options={"x265-params": HDR10}),
        "grey": lambda: made(path, "ffv1", "gray", ticks),
        "one frame": lambda: made(path, "ffv1", "yuv420p", [0]),
        "two frames": lambda: made(path, "ffv1", "yuv420p", [0, 1]),
        "scenes": lambda: made(path, "ffv1", "yuv420p", list(range(12))),
    }
    source = makers[kind]()
    given = described(Path(source))
    back, _ = through(source, tmp_path, *(["--segment", "4"] if kind == "scenes" else []))
    assert back["times"] == pytest.approx(given["times"], abs=0.0005)
    assert {**back, "times": 0} == {**given, "times": 0}


def test_pipes_and_folders_are_videos_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(pictures(3, 64, 36)):
        Image.fromarray(frame.to_ndarray(format="rgb24")).save(tmp_path / "in" / f"{number}.png")
    back, path = through(str(tmp_path / "in"), tmp_path)
    assert (back["size"], back["times"]) == ((64, 36), pytest.approx([0, 0.04, 0.08]))
    assert run(["decode", str(path), "-o", str(tmp_path / "out.y4m"), "-q"]) == 0
    piped = os.open(tmp_path / "out.y4m", os.O_RDONLY)
    kept = os.dup(0)
    try:
        os.dup2(piped, 0)
        back, _ = through("-", tmp_path, "-y", target="again.mkv")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(piped)
    assert (back["size"], back["times"]) == ((64, 36), pytest.approx([0, 0.04, 0.08]))


@pytest.mark.parametrize(
    ("source", "code", "sentence"),
    [
        ("cut.mp4", 3, "cut.mp4: "),
        ("text.mp4", 3, "text.mp4: Invalid data"),
        ("empty.mp4", 3, "empty.mp4: Invalid data"),
        ("none.mp4", 3, "none.mp4: no such file"),
        ("folder", 3, "folder: no images there"),
        ("http://127.0.0.1/a.mp4", 3, "http://127.0.0.1/a.mp4: no such file"),
        ("sound.wav", 3, "sound.wav: no video stream in it"),
    ],
)
def test_what_is_no_video_is_refused(
    source: str,
    code: int,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = SAMPLE.read_bytes()
    Path("cut.mp4").write_bytes(whole[: len(whole) // 2])
    Path("text.mp4").write_text("once upon a time\n" * 100)
    Path("empty.mp4").touch()
    Path("folder").mkdir()
    with av.open("sound.wav", "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    before = sorted(tmp_path.iterdir())
    assert run(["encode", source, "-o", "out.nerv", "--json", *ENCODE[:-1]]) == code
    found = capsys.readouterr()
    assert sentence in found.err
    assert "Traceback" not in found.err
    assert json.loads(found.out.splitlines()[-1])["code"] == code
    assert sorted(tmp_path.iterdir()) == before


def test_sound_goes_along_and_comes_out_again(tmp_path: Path) -> None:
    """Packets of the sample's sound are equal in the decoded video; a portion of it has its own packets."""
    path = tmp_path / "out.nerv"
    assert run(["encode", str(SAMPLE), "-o", str(path), "--frames", "0:10", "--resize", "32x18", *ENCODE]) == 0

    def sound(name: str) -> list[tuple[float, bytes]]:
        with av.open(str(tmp_path / name)) as container:
            packets = [packet for packet in container.demux() if packet.stream.type == "audio" and packet.size]
            return [(float((packet.pts or 0) * packet.time_base), bytes(packet)) for packet in packets]

    with av.open(str(SAMPLE)) as container:
        given = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    for name in ("out.mkv", "out.mp4"):
        assert run(["decode", str(path), "-o", str(tmp_path / name), "-q"]) == 0
        packets = sound(name)
        assert [data for _, data in packets] == given[: len(packets)]
        assert packets[-1][0] < 0.4 < packets[-1][0] + 0.05
    assert run(["decode", str(path), "-o", str(tmp_path / "part.mkv"), "--start", "0.2", "-q"]) == 0
    assert sound("part.mkv")[-1][1] == sound("out.mkv")[-1][1]
    assert sound("part.mkv")[-1][0] == pytest.approx(sound("out.mkv")[-1][0] - 0.2, abs=0.001)
    assert run(["decode", str(path), "-o", str(tmp_path / "mute.mkv"), "--audio", "none", "-q"]) == 0
    assert sound("mute.mkv") == []
