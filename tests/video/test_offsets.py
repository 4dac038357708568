"""Sound that begins before or after the pictures comes out in step, from every container into every other."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from nervcodec.picture import VideoFormat
from nervcodec.video.attachments import MOST_PRIMING, cut_attachments, lead_of, read_attachments
from nervcodec.video.index import Index
from nervcodec.video.reader import read_frames
from nervcodec.video.writer import write_frames

FRAMES, RATE, TONE_SECONDS = 8, 25, 1
VIDEO = VideoFormat(width=32, height=32, frame_rate=Fraction(RATE), chroma="420")
OFFSETS = [Fraction(halves, 2) for halves in range(-6, 7)]
"""Seconds from the first picture to the first sound."""
SOUNDS = {"aac": "fltp", "libopus": "flt", "pcm_s16le": "s16"}
STEP = Fraction(1, 1000)
"""Milliseconds are what Matroska can say."""


def write_source(path: Path, codec: str, offset: Fraction) -> Path:
    """A short video and a longer tone that begins so many seconds after the first picture."""
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        pictures = container.add_stream("libx264", rate=RATE, options={"bf": "0"})
        assert isinstance(pictures, av.VideoStream)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        tone = container.add_stream(codec, rate=48000)
        assert isinstance(tone, av.AudioStream)
        late, made = max(-offset, Fraction(0)), []
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 20 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            made += [(packet, late) for packet in pictures.encode(frame)]
        made += [(packet, late) for packet in pictures.encode(None)]
        size = tone.codec_context.frame_size or 960
        for start in range(0, 48000 * (TONE_SECONDS + int(abs(offset))), size):
            wave = np.zeros((1, size), np.float32 if SOUNDS[codec] != "s16" else np.int16)
            frame_of_sound = av.AudioFrame.from_ndarray(wave, format=SOUNDS[codec], layout="mono")
            frame_of_sound.sample_rate, frame_of_sound.pts = 48000, start
            frame_of_sound.time_base = Fraction(1, 48000)
            made += [(packet, offset + late) for packet in tone.encode(frame_of_sound)]
        made += [(packet, offset + late) for packet in tone.encode(None)]
        for packet, shift in made:
            assert packet.pts is not None
            assert packet.dts is not None
            packet.pts += round(shift / packet.time_base)
            packet.dts += round(shift / packet.time_base)
        for packet, _ in sorted(made, key=lambda pair: (pair[0].dts or 0) * pair[0].time_base):
            container.mux(packet)
    return path


def sound_after_pictures(path: Path) -> tuple[Fraction, Fraction, int]:
    """Seconds from the first picture to the first and to the last packet of sound, as FFmpeg reads a file, and how many
    packets there are."""
    pictures, sound = list[Fraction](), list[Fraction]()
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                times = pictures if packet.stream.type == "video" else sound
                times.append(packet.pts * packet.time_base)
    return min(sound) - min(pictures), max(sound) - min(pictures), len(sound)


def index_of(path: Path) -> Index:
    with read_frames(str(path)) as video:
        for _ in video.frames:
            pass
    return video.index()


def write_target(path: Path, attachments: bytes) -> Path:
    with write_frames(str(path), VIDEO, None, attachments) as sink:
        for number in range(FRAMES):
            sink(np.full((32, 32, 3), 20 * number, np.uint8))
    return path


@pytest.mark.parametrize("offset", OFFSETS, ids=lambda offset: f"{float(offset):+}")
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        (codec, suffix)
        for suffix in (".mkv", ".mp4", ".ts")
        for codec in SOUNDS
        if (codec, suffix) != ("pcm_s16le", ".ts")
    ],
)
def test_sound_stays_where_it_is(codec: str, suffix: str, offset: Fraction, tmp_path: Path) -> None:
    source = write_source(tmp_path / f"a{suffix}", codec, offset)
    first, last, count = sound_after_pictures(source)
    data = read_attachments(str(source), index_of(source))
    assert abs(lead_of(data) - max(-first, Fraction(0))) <= STEP
    for target in (".mkv", ".mp4") if codec != "pcm_s16le" else (".mkv",):
        found = sound_after_pictures(write_target(tmp_path / f"b{target}", data))
        assert abs(found[0] - first) <= STEP
        assert abs(found[1] - last) <= STEP
        assert found[2] == count


def test_a_little_before_the_first_picture_delays_nothing(tmp_path: Path) -> None:
    for offset, delay in ((Fraction(-5, 25), 0), (Fraction(-8, 25), Fraction(8, 25))):
        assert (-offset > MOST_PRIMING) == (delay > 0)
        source = write_source(tmp_path / "a.mkv", "pcm_s16le", offset)
        data = read_attachments(str(source), index_of(source))
        with av.open(str(write_target(tmp_path / "b.mkv", data))) as container:
            shown = next(container.decode(video=0))
            assert shown.pts is not None
            assert 0 <= shown.pts * (shown.time_base or 1) - delay < Fraction(1, RATE)


@pytest.mark.parametrize("codec", SOUNDS)
def test_sound_can_be_sought(codec: str, tmp_path: Path) -> None:
    """Packets at which decoding can begin are marked so in the stored file and in those that are written."""
    source = write_source(tmp_path / ("a.mkv" if codec == "pcm_s16le" else "a.ts"), codec, Fraction(1))
    data = read_attachments(str(source), index_of(source))
    for file in (BytesIO(data), str(write_target(tmp_path / "b.mkv", data))):
        with av.open(file, "r") as container:
            packets = [packet for packet in container.demux(audio=0) if packet.size]
        assert packets
        assert all(packet.is_keyframe for packet in packets)


def test_what_lies_before_a_later_start_is_cut(tmp_path: Path) -> None:
    source = write_source(tmp_path / "a.mkv", "libopus", Fraction(-3))
    data = read_attachments(str(source), index_of(source))
    cut = cut_attachments(data, Fraction(1, 5))
    assert 0 <= lead_of(cut) <= Fraction(20, 1000)  # a packet of sound
    first, _, _ = sound_after_pictures(write_target(tmp_path / "b.mkv", cut))
    assert abs(first) <= Fraction(21, 1000)


@pytest.mark.parametrize("codec", SOUNDS)
def test_files_that_were_stored_with_times_before_0_come_back_in_step(codec: str, tmp_path: Path) -> None:
    """As this program stored them before: FFmpeg moves what lies in clusters that begin before 0."""
    source = write_source(tmp_path / "a.mkv", codec, Fraction(-3))
    first, last, count = sound_after_pictures(source)
    with (
        av.open(str(source)) as container,
        av.open(
            str(tmp_path / "stored.mka"),
            "w",
            format="matroska",
            options={"live": "1", "cluster_time_limit": "30000", "cluster_size_limit": "1000000"}
            | {"avoid_negative_ts": "disabled"},
        ) as stored,
    ):
        track = stored.add_stream_from_template(container.streams.audio[0])
        with av.open(str(source)) as again:
            start = min(packet.pts * packet.time_base for packet in again.demux(video=0) if packet.pts is not None)
        for packet in container.demux(audio=0):
            if packet.size and packet.pts is not None:
                packet.pts -= round(start / packet.time_base)
                packet.dts, packet.stream = packet.pts, track
                stored.mux(packet)
    found = sound_after_pictures(write_target(tmp_path / "b.mkv", (tmp_path / "stored.mka").read_bytes()))
    assert abs(found[0] - first) <= 2 * STEP
    assert abs(found[1] - last) <= STEP
    assert found[2] == count
