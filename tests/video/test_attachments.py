"""Sound, subtitles, chapters and titles go through a small file and come out as they were."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from nervcodec.errors import CorruptStream, RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Clock
from nervcodec.video.attachments import cut_attachments, read_attachments
from nervcodec.video.index import Index
from nervcodec.video.reader import read_frames
from nervcodec.video.writer import write_frames

MS = Fraction(1, 1000)
VIDEO = VideoFormat(width=16, height=16, frame_rate=Fraction(25), chroma="420")
FRAMES = 50
LINES = ["Hello", "<i>one</i> & two", "Grüße", "last"]
CHAPTERS = [(0, 1000, "One"), (1000, 2000, "Two")]


def write_source(path: Path, codecs: Sequence[str], *, subtitles: bool = True, chapters: bool = True) -> Path:
    """Write two seconds of video, with a tone in each codec, a subtitle each half second, two chapters, and titles."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        tones = [container.add_stream(codec, rate=48000) for codec in codecs]
        if chapters:
            container.metadata["title"] = "A film"
            container.set_chapters(
                [
                    {"id": n, "start": a, "end": b, "time_base": MS, "metadata": {"title": t}}
                    for n, (a, b, t) in enumerate(CHAPTERS, 1)
                ]
            )
        lines = container.add_mux_stream("subrip" if path.suffix == ".mkv" else "mov_text") if subtitles else None
        if lines:
            lines.time_base, lines.metadata["language"] = MS, "eng"
        for number, tone in enumerate(tones):
            tone.metadata.update({"language": "deu", "title": f"Ton {number}"})
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 5 * number, np.uint8), format="rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for tone in tones:
            assert isinstance(tone, av.AudioStream)
            write_tone(container, tone)
        if lines:
            for number, text in enumerate(LINES):
                data = text.encode()
                packet = av.Packet(data if path.suffix == ".mkv" else len(data).to_bytes(2, "big") + data)
                packet.stream, packet.time_base, packet.duration = lines, MS, 400
                packet.pts = packet.dts = 500 * number
                container.mux(packet)
    return path


def write_tone(container: Any, stream: av.AudioStream) -> None:
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(format=stream.codec_context.format.name, layout="stereo", rate=48000)
    for start in range(0, 96000, size):
        wave = (0.3 * np.sin(0.05 * np.arange(start, start + size))).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        for resampled in resampler.resample(frame):
            resampled.pts, resampled.time_base = start, Fraction(1, 48000)
            container.mux(stream.encode(resampled))
    container.mux(stream.encode(None))


def contents(
    file: Any,
) -> tuple[dict[str, list[tuple[Fraction, bytes]]], list[tuple[Fraction, Fraction, str]], dict[str, str]]:
    """Packets of sound and subtitles by codec, each with its time in seconds; chapters; tags."""
    found: dict[str, list[tuple[Fraction, bytes]]] = {}
    with av.open(file) as container:
        for packet in container.demux():
            stream = packet.stream
            if packet.pts is not None and packet.size and stream.type in ("audio", "subtitle"):
                data = bytes(packet)
                if stream.codec_context.name == "mov_text":
                    data = data[2:]
                if data:
                    found.setdefault(stream.codec_context.name, []).append((packet.pts * packet.time_base, data))
        chapters = [
            (
                chapter["start"] * (chapter["time_base"] or 1),
                chapter["end"] * (chapter["time_base"] or 1),
                chapter["metadata"]["title"],
            )
            for chapter in container.chapters()
        ]
        return found, chapters, container.metadata


def survey(source: Path) -> Index:
    with read_frames(str(source)) as video:
        for _ in video.frames:
            pass
    return video.index()


def write_with(target: Path, attachments: bytes, clock: Clock | None = None) -> Path:
    with write_frames(str(target), VIDEO, clock, attachments) as sink:
        for number in range(FRAMES):
            sink(np.full((16, 16, 3), 5 * number, np.uint8))
    return target


def same(
    found: list[tuple[Fraction, bytes]], expected: list[tuple[Fraction, bytes]], shift: Fraction = Fraction(0)
) -> bool:
    """Whether packets are equal, and their times at most a millisecond apart."""
    return [data for _, data in found] == [data for _, data in expected] and all(
        abs(a - b + shift) <= MS for (a, _), (b, _) in zip(found, expected, strict=True)
    )


def test_everything_comes_through_matroska(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mkv", ["aac", "flac", "libopus"])
    data = read_attachments(str(source), survey(source))
    assert data == read_attachments(str(source), survey(source))
    streams, chapters, tags = contents(str(source))
    assert sorted(streams) == ["aac", "flac", "opus", "srt"]
    for place in (BytesIO(data), str(write_with(tmp_path / "b.mkv", data))):
        found, kept, names = contents(place)
        assert sorted(found) == sorted(streams)
        assert all(same(found[name], streams[name]) for name in streams)
        assert (kept, names["title"]) == (chapters, tags["title"])
    with av.open(str(tmp_path / "b.mkv")) as container:
        assert [stream.metadata.get("language") for stream in container.streams] == [None, "deu", "deu", "deu", "eng"]
        assert [stream.metadata.get("title") for stream in container.streams.audio] == ["Ton 0", "Ton 1", "Ton 2"]
        assert next(container.decode(video=0)).pts == 0


def test_everything_comes_through_mp4(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mp4", ["aac"])
    data = read_attachments(str(source), survey(source))
    streams, chapters, tags = contents(str(source))
    found, kept, names = contents(str(write_with(tmp_path / "b.mp4", data)))
    assert sorted(found) == ["aac", "mov_text"]
    assert same(found["aac"], streams["aac"])
    assert [text for _, text in found["mov_text"]] == [
        line.replace("<i>", "").replace("</i>", "").encode() for line in LINES
    ]
    assert (kept, names["title"]) == (chapters, tags["title"])
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert next(container.decode(video=0)).pts == 0


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_range_begins_with_0(tmp_path: Path, suffix: str) -> None:
    source = write_source(tmp_path / f"a{suffix}", ["aac"])
    index = survey(source)
    data = read_attachments(str(source), index, 15, 40)
    start, end = Fraction(15, 25), Fraction(40, 25)
    streams, _, _ = contents(str(source))
    expected = [(time, packet) for time, packet in streams["aac"] if start - Fraction(22, 1000) < time < end]
    for place in (BytesIO(data), str(write_with(tmp_path / "b.mkv", data)), str(write_with(tmp_path / "b.mp4", data))):
        found, chapters, _ = contents(place)
        assert abs(len(found["aac"]) - len(expected)) <= 1
        assert same(found["aac"][1:], [e for e in expected if e[1] in {p for _, p in found["aac"][1:]}], start)
        lines = next(found[name] for name in found if name != "aac")
        assert [time for time, _ in lines] == [0, Fraction(4, 10), Fraction(9, 10)]
        assert chapters == [(0, Fraction(4, 10), "One"), (Fraction(4, 10), 1, "Two")]
    again = cut_attachments(read_attachments(str(source), index), start, end)
    assert [packet for _, packet in contents(BytesIO(again))[0]["aac"]] == [
        packet for _, packet in contents(BytesIO(data))[0]["aac"]
    ]


def test_a_subtitle_ends_with_the_last_picture(tmp_path: Path) -> None:
    """The second of four, which is shown from 0.5 s to 0.9 s, is cut at the end of frame 17, at 0.72 s."""
    source = write_source(tmp_path / "a.mkv", [])
    with av.open(BytesIO(read_attachments(str(source), survey(source), 0, 18)), "r") as container:
        ends = [p.pts + p.duration for p in container.demux(subtitles=0) if p.size and p.pts is not None and p.duration]
    assert ends[-1] == 720


def test_chapters_need_no_sound(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mkv", [], subtitles=False)
    data = read_attachments(str(source), survey(source))
    assert len(data) < 200
    for suffix in (".mkv", ".mp4"):
        streams, chapters, tags = contents(str(write_with(tmp_path / f"b{suffix}", data)))
        assert not streams
        assert [title for _, _, title in chapters] == ["One", "Two"]
        assert tags["title"] == "A film"
    assert cut_attachments(data, Fraction(1)) != data


def test_nothing_is_no_bytes(tmp_path: Path, sample: str) -> None:
    source = write_source(tmp_path / "a.mkv", [], subtitles=False, chapters=False)
    index = survey(source)
    assert read_attachments(str(source), index) == b""
    assert read_attachments(str(tmp_path), index) == b""
    assert read_attachments("-", index) == b""
    assert read_attachments("planes_16x16.yuv", index) == b""
    with av.open(sample) as container:
        sound = sum(packet.size for packet in container.demux(audio=0))
    data = read_attachments(sample, index)
    assert 0 < len(data) - sound < 2200  # 249 packets


def test_what_holds_nothing_ignores_it(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mkv", ["flac"])
    data = read_attachments(str(source), survey(source))
    for target in ("b.y4m", "p/%d.png"):
        write_with(tmp_path / target, data)
    with read_frames(str(tmp_path / "b.y4m")) as video:
        assert len(list(video.frames)) == FRAMES


def test_codecs_that_mp4_cannot_hold(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mkv", ["pcm_s16be"], subtitles=False)
    data = read_attachments(str(source), survey(source))
    with pytest.raises(
        RequestError, match=r"b\.mp4: MP4 cannot hold sound in pcm_s16be; --audio none leaves sound out, \.mkv takes it"
    ):
        write_with(tmp_path / "b.mp4", data)
    assert not (tmp_path / "b.mp4").exists()
    streams, _, _ = contents(str(write_with(tmp_path / "b.mkv", data)))
    assert len(streams) == 1


def test_damaged_attachments_are_refused(tmp_path: Path) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"
    for data in (b"nothing", playlist, bytes(500)):
        with pytest.raises(CorruptStream, match="what accompanies the video"):
            write_with(tmp_path / "b.mkv", data)
        with pytest.raises(CorruptStream, match="what accompanies the video"):
            cut_attachments(data, Fraction(1))


def test_missing_sources_are_an_error(tmp_path: Path) -> None:
    index = Index(time_base=MS, pts=(0,), end=1, rates=(Fraction(25),))
    with pytest.raises(VideoError):
        read_attachments(str(tmp_path / "nothing.mkv"), index)
