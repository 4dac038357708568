"""What people meet first: names of outputs, words for numbers, and hints in place of refusals."""

import json
import re
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import nervcodec
from nervcodec.codec.options import EncodeOptions
from nervcodec.events import Event, Remark, SegmentStarted
from nervcodec.video.view import View
from tests.conftest import Nervc

QUICK = ["--frames", "0:3", "--resize", "48x32", "--size", "4k", "--steps", "5"]


def test_both_commands_say_the_rate_with_sound_and_without(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    told = nervc("encode", sample, "-o", path, *QUICK).stderr.decode()
    found = re.search(r"([\d,]+) bytes \(([\d.]+) bpp\), ([\d,]+) of them pictures \(([\d.]+) bpp\)", told)
    assert found
    size, whole, pictures, without = (float(text.replace(",", "")) for text in found.groups())
    assert size == path.stat().st_size
    assert whole == pytest.approx(8 * size / (3 * 48 * 32), abs=1e-3)
    assert without == pytest.approx(8 * pictures / (3 * 48 * 32), abs=1e-3)
    shown = nervc("info", path).stdout.decode()
    for name, rate in (("file without sound, subtitles", without), ("file", whole)):
        (line,) = (line for line in shown.splitlines() if line.split("│")[2:3] and line.split("│")[2].strip() == name)
        assert float(line.split("│")[-2]) == pytest.approx(rate, abs=1e-3)
    alone = nervc("encode", sample, "-o", path, "-y", *QUICK, "--audio", "none").stderr.decode()
    assert re.search(r"[\d,]+ bytes, [\d.]+ bpp, ", alone)


def test_a_stream_is_not_written_under_the_name_of_a_video(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    refused = nervc("encode", sample, "-o", tmp_path / "a.mp4", *QUICK)
    assert (refused.returncode, list(tmp_path.iterdir())) == (2, [])
    assert b"a.mp4 would be a .nerv file under the name of a video; -y writes it all the same" in refused.stderr
    assert nervc("encode", sample, "-o", tmp_path / "a.mp4", "-y", *QUICK).returncode == 0


def test_a_folder_takes_numbered_pictures(nervc: Nervc, encoded: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for folder in (f"{tmp_path}/there", f"{tmp_path}/new/"):
        assert nervc("decode", encoded, "-o", folder).returncode == 0
        assert sorted(path.name for path in Path(folder).iterdir()) == [f"{number:05d}.png" for number in range(1, 7)]


def test_older_pictures_that_stay_are_said(nervc: Nervc, encoded: Path, tmp_path: Path) -> None:
    for number in (3, 9):
        (tmp_path / f"{number:05d}.png").write_bytes(b"older")
    done = nervc("decode", encoded, "-o", tmp_path, "-y")
    assert b"pictures that were there before, and are none of this video, stay beside it: 1\n" in done.stderr
    assert (tmp_path / "00009.png").read_bytes() == b"older"
    assert (tmp_path / "00003.png").read_bytes().startswith(b"\x89PNG")


def test_errors_name_standard_input_and_not_its_copy(nervc: Nervc, encoded: Path, tmp_path: Path) -> None:
    piped = nervc("decode", encoded, "-o", "-").stdout
    refused = nervc("encode", "-", "-o", tmp_path / "a.nerv", "--stream", "1", stdin=piped)
    assert refused.returncode == 3
    assert refused.stderr.decode().splitlines()[-1].startswith("nervc: standard input: there is no video stream 1")


def test_info_has_words_for_colours_and_one_frame(nervc: Nervc, tmp_path: Path) -> None:
    still, path = tmp_path / "a.jpg", tmp_path / "a.nerv"
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(still)
    assert nervc("encode", still, "-o", path, "--steps", "2").returncode == 0
    first = nervc("info", path).stdout.decode().splitlines()[0]
    assert "1 frame, " in first
    assert first.endswith("matrix BT.601, range full, primaries, transfer not named")


def test_sound_that_cannot_be_held_names_the_options(nervc: Nervc, tmp_path: Path) -> None:
    source = tmp_path / "a.asf"
    with av.open(str(source), "w") as container:
        pictures, tone = container.add_stream("mpeg4", rate=25), container.add_stream("wmav2", rate=44100)
        assert isinstance(pictures, av.VideoStream)
        assert isinstance(tone, av.AudioStream)
        tone.codec_context.bit_rate, tone.codec_context.layout = 64000, av.AudioLayout("mono")
        pictures.width, pictures.height, pictures.pix_fmt = 48, 32, "yuv420p"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), 60 * number, np.uint8), format="rgb24")
            frame.pts = number
            container.mux(pictures.encode(frame))
        wave = np.zeros((1, 2048), np.float32)
        for start in range(0, 3 * 2048, 2048):
            sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 44100, start
            container.mux(tone.encode(sound))
        container.mux(pictures.encode(None))
        container.mux(tone.encode(None))
    refused = nervc("encode", source, "-o", tmp_path / "a.nerv", "--steps", "2")
    assert refused.returncode == 3
    assert b"Matroska cannot hold sound in wmav2; --audio none leaves sound out" in refused.stderr
    assert nervc("encode", source, "-o", tmp_path / "a.nerv", "--steps", "2", "--audio", "none").returncode == 0


def test_what_is_left_out_is_an_event_too(nervc: Nervc, tmp_path: Path) -> None:
    for number in (0, 2):
        Image.fromarray(np.full((32, 48, 3), 50, np.uint8)).save(tmp_path / f"{number}.png")
    done = nervc("encode", tmp_path, "-o", tmp_path / "a.nerv", "--steps", "2", "--json")
    remarks = [record for line in done.stdout.splitlines() if (record := json.loads(line))["type"] == "remark"]
    sentence = "pictures with the numbers 1 are missing; the others follow each other without a gap"
    assert remarks == [{"type": "remark", "message": sentence}]
    events: list[Event] = []
    nervcodec.encode(str(tmp_path), str(tmp_path / "b.nerv"), EncodeOptions(steps=2), observe=events.append)
    assert Remark(sentence) in events


def test_the_seconds_of_an_encode_are_those_of_all_its_calls(sample: str, tmp_path: Path) -> None:
    output = tmp_path / "a.nerv"
    options = EncodeOptions(view=View(stop=6, resize=(46, 25)), size=3000, steps=20, segment="3", model="hnerv")

    def stop(event: Event) -> None:
        if isinstance(event, SegmentStarted) and event.segment == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nervcodec.encode(sample, str(output), options, observe=stop)
    spent = tmp_path / "a.nerv.job" / "seconds"
    assert float(spent.read_text()) > 0
    spent.write_text("1000.5")
    assert nervcodec.encode(sample, str(output), options).seconds > 1000.5
