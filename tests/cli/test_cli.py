"""The command line as users type it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
import pytest

from nervcodec.bitstream.container import read_stream, write_stream
from nervcodec.cli.main import LazyGroup, run
from nervcodec.picture import ContentLight, MasteringDisplay
from nervcodec.timeline import Clock
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.codec.clips import load_planes, yuv_psnr
from tests.conftest import Nervc
from tests.golden.make import FOLDER

QUICK = ["--frames", "0:3", "--resize", "48x32", "--size", "4k", "--steps", "20", "--audio", "none", "--gop", "1"]
ENDLESS = "1000000"
"""Number of steps that no test waits for."""
DIVERGING = "1e6"
"""Learning rate with which every attempt at a fit collapses."""
OUT_OF_REACH = "psnr=60"
"""Quality that no fit of a few steps reaches."""


def lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.decode().splitlines()]


def test_encode_info_decode(nervc: Nervc, sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = nervc("encode", sample, "-o", "out.nerv", *QUICK)
    assert done.returncode == 0
    assert done.stdout == b""
    assert b"out.nerv: YUV PSNR" in done.stderr
    assert f"{(tmp_path / 'out.nerv').stat().st_size:,} bytes".encode() in done.stderr

    described = nervc("info", "out.nerv")
    assert described.returncode == 0
    assert b"48x32, 3 frames, 25 frames/s, 420" in described.stdout

    assert nervc("decode", "out.nerv").returncode == 0
    with read_frames("out.mkv") as video:
        assert (video.format.width, video.format.height, len(list(video.frames))) == (48, 32, 3)


def test_info_says_all_that_is_known_of_a_video(nervc: Nervc, tmp_path: Path) -> None:
    stream, path = read_stream((FOLDER / "v5" / "dnerv.nerv").read_bytes()), tmp_path / "a.nerv"
    video = replace(
        stream.header.video,
        depth=10,
        sample_aspect=Fraction(4, 3),
        mastering=MasteringDisplay(max_luminance=10_000_000, min_luminance=50),
        content_light=ContentLight(max_content=1000, max_average=400),
    )
    clock = Clock(time_base=Fraction(1, 1000), ticks=(0, 40, 90, 100), end=140)
    path.write_bytes(write_stream(replace(stream, header=replace(stream.header, video=video, clock=clock))))
    first = nervc("info", path).stdout.decode().splitlines()[0]
    for words in ("pixels of 4:3", "not equally far apart", "of 10 bits", "0.005 to 1000 cd/m2", "MaxFALL 400"):
        assert words in first
    (info,) = lines(nervc("info", path, "--json").stdout)
    assert (info["depth"], info["sample_aspect"], info["variable_frame_rate"]) == (10, [4, 3], True)
    assert (info["mastering_display"]["max_luminance"], info["content_light"]["max_average"]) == (10_000_000, 400)


def test_ffnerv_goes_through_the_file(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path, frames = tmp_path / "out.nerv", tmp_path / "out.mkv"
    done = nervc("encode", sample, "-o", path, "--json", "--model", "ffnerv", *QUICK)
    assert done.returncode == 0, done.stderr.decode()
    described = nervc("info", path).stdout
    assert b"layer 1, ffnerv: " in described
    assert b"content_2" in described
    assert nervc("decode", path, "-o", frames).returncode == 0
    with read_frames(sample, View(stop=3, resize=(48, 32))) as a, read_frames(str(frames)) as b:
        errors = [((x.astype(float) - y) ** 2).mean() for x, y in zip(a.frames, b.frames, strict=True)]
    psnr = lines(done.stdout)[-1]["psnr"]
    assert psnr == pytest.approx(np.mean(10 * np.log10(255**2 / np.array(errors))), abs=0.01)


def test_json_is_the_contract(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path, frames = tmp_path / "out.nerv", tmp_path / "out.mkv"
    done = nervc("encode", sample, "-o", path, "--json", *QUICK)
    records = lines(done.stdout)
    assert {r["type"] for r in records} <= {"segment", "start", "step", "frames", "restart", "done"}
    assert next(r for r in records if r["type"] == "start").keys() == {
        "type",
        "model",
        "parameters",
        "frames",
        "steps",
        "layer",
        "layers",
    }
    result = records[-1]
    assert result["type"] == "done"
    assert {"output", "psnr", "ms_ssim", "bytes", "bpp", "seconds", "frames", "parameters", "steps"} <= result.keys()
    assert result["bytes"] == path.stat().st_size
    assert result["bpp"] == pytest.approx(8 * path.stat().st_size / (48 * 32 * 3))
    assert result["ms_ssim"] is None

    assert nervc("decode", path, "-o", frames).returncode == 0
    original = load_planes(sample, View(stop=3, resize=(48, 32)))
    assert result["domain"] == "yuv420"
    assert result["psnr"] == pytest.approx(yuv_psnr(load_planes(str(frames), View()), original, 32, 48), abs=1e-4)

    (info,) = lines(nervc("info", path, "--json").stdout)
    assert (info["type"], info["width"], info["height"], info["frames"]) == ("info", 48, 32, 3)
    (layer,) = info["layers"]
    assert layer["configs"] == [info["config"]]
    assert (layer["model"], layer["parameters"], layer["bytes"]) == (info["model"], info["parameters"], result["bytes"])
    assert info["header_bytes"] + sum(chunk["bytes"] for chunk in info["chunks"]) == result["bytes"]


@pytest.mark.parametrize("target", ["x.mp4", "x.mkv", "x.y4m", "frames/%05d.png"])
def test_every_output(encoded: Path, tmp_path: Path, target: str) -> None:
    assert run(["decode", str(encoded), "-o", str(tmp_path / target)]) == 0
    with read_frames(str(tmp_path / target)) as video:
        assert (video.format.width, video.format.height, len(list(video.frames))) == (150, 75, 6)


@pytest.mark.parametrize("fast", [False, True])
def test_a_fast_decode_says_that_it_is_not_conformant(
    fast: bool, encoded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["decode", str(encoded), "-o", str(tmp_path / "x.y4m"), "-y", *["--fast"] * fast]
    assert run(arguments) == 0
    assert ("frames/s), not conformant" in capsys.readouterr().err) == fast
    assert run([*arguments, "--json"]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert done["conformant"] != fast
    assert done.keys() == {"type", "output", "frames", "seconds", "conformant", "filter_skipped"}


def test_pipes(nervc: Nervc, encoded: Path, tmp_path: Path) -> None:
    piped = nervc("decode", encoded, "-o", "-")
    assert piped.stdout.startswith(b"YUV4MPEG2 W150 H75 F25:1")
    again = nervc(
        "encode", "-", "-o", tmp_path / "b.nerv", "--size", "4k", "--steps", "5", "--json", stdin=piped.stdout
    )
    assert lines(again.stdout)[-1]["frames"] == 6


@pytest.mark.parametrize(
    ("code", "arguments", "sentence"),
    [
        (2, ["encode", "SAMPLE", "--bits", "40"], "--bits"),
        (2, ["encode", "SAMPLE", "--resize", "big"], "640x320"),
        (2, ["encode", "SAMPLE", "--frames", "9:3", "-o", "TMP/a.nerv"], "hold nothing"),
        (2, ["encode", "SAMPLE", "--crop", "9999x10", "-o", "TMP/a.nerv"], "does not fit"),
        (2, ["encode", "SAMPLE", "--size", "none"], "0.35M"),
        (2, ["encode", "-"], "which file"),
        (2, ["encode", "."], "which file"),
        (2, ["decode", ""], "which file"),
        (2, ["encode", "SAMPLE", "-o", "-"], "not to standard output"),
        (2, ["encode", "SAMPLE", "--epochs", "nan", "-o", "TMP/a.nerv"], "nan"),
        (2, ["encode", "SAMPLE", "--resize", "16400x16", "-o", "TMP/a.nerv", "--frames", "0:1"], "cannot hold"),
        (
            1,
            ["encode", "SAMPLE", *QUICK, "-o", "TMP/a.nerv", "--optimizer", "adam", "--learning-rate", DIVERGING],
            "lower",
        ),
        (2, ["decode", "ENCODED", "-o", "TMP/a.webm"], "write to"),
        (2, ["decode", "ENCODED", "-o", "TMP/a.mkv", "--layers", "2"], "layer 2 is asked for"),
        (2, ["decode", "ENCODED", "-o", "TMP/a.mkv", "--layers", "0"], "--layers"),
        (2, ["frobnicate"], "No such command"),
        (3, ["encode", "TMP/none.mp4", "-o", "TMP/a.nerv"], "no such file"),
        (3, ["encode", "TMP/text.mp4", "-o", "TMP/a.nerv"], "Invalid data"),
        (3, ["decode", "TMP/none.nerv"], "No such file"),
        (4, ["decode", "SAMPLE", "-o", "TMP/a.mkv"], "not a .nerv file"),
        (4, ["info", "SAMPLE"], "not a .nerv file"),
        (5, ["encode", "SAMPLE", "-o", "TMP/no/a.nerv"], "there is no folder"),
        (5, ["encode", "SAMPLE", "-o", "ENCODED"], "-y replaces it"),
        (5, ["decode", "ENCODED", "-o", "TMP/text.mp4"], "-y replaces it"),
    ],
)
def test_errors_are_one_sentence_and_a_code(
    sample: str,
    encoded: Path,
    tmp_path: Path,
    code: int,
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "text.mp4").write_text("no video\n" * 500)
    places = {"SAMPLE": sample, "ENCODED": str(encoded)}
    arguments = [places.get(a, a.replace("TMP", str(tmp_path))) for a in arguments]
    before = sorted(tmp_path.rglob("*"))
    assert run([*arguments, "--json"] if arguments[0] in ("encode", "decode") else arguments) == code
    found = capsys.readouterr()
    assert sentence in found.err
    assert "Traceback" not in found.err
    if arguments[0] in ("encode", "decode"):
        last = lines(found.out.encode())[-1]
        assert (last["type"], last["code"]) == ("error", code)
        assert sentence in last["message"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupts_leave_what_was_done(sample: str, tmp_path: Path, number: int, code: int) -> None:
    command = [str(Path(sys.executable).with_name("nervc")), "encode", sample, "-o", str(tmp_path / "a.nerv"), "--json"]
    command += ["--frames", "0:3", "--resize", "48x32", "--size", "4k", "--steps", ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["type"] != "start":
            pass
        process.send_signal(number)
        output, message = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in message
    assert lines(output)[-1]["code"] == code
    assert b"the same command goes on from here" in message
    assert [path.name for path in tmp_path.iterdir()] == ["a.nerv.job"]
    assert list(tmp_path.glob("a.nerv.job/0/*.safetensors"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--start 0.08", range(2, 6)),
        ("--start 00:00:00.081s --frames 2", range(3, 5)),
        ("--start f:1 --end 0:0.16", range(1, 4)),
    ],
)
def test_a_part_of_a_file(encoded: Path, tmp_path: Path, options: str, expected: range) -> None:
    for name, chosen in (("all", []), ("part", options.split())):
        assert run(["decode", str(encoded), "-o", str(tmp_path / f"{name}.mkv"), *chosen]) == 0
    with read_frames(str(tmp_path / "all.mkv")) as a, read_frames(str(tmp_path / "part.mkv")) as b:
        whole, part = list(a.frames), list(b.frames)
    assert len(part) == len(expected)
    assert all((whole[number] == frame).all() for number, frame in zip(expected, part, strict=True))
    with av.open(str(tmp_path / "part.mkv")) as container:
        assert next(container.decode(video=0)).pts == 0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("--start f:6", "the last is frame 5, at 0.2 s"),
        ("--start 1:60", "'1:60' is not a time"),
        ("--start soon", "'soon' is not a time"),
        ("--end 0", "the end, 0 s, does not lie after the start, 0 s"),
        ("--frames 1 --end 1", "exclude each other"),
    ],
)
def test_a_part_that_is_none_is_refused(
    encoded: Path, tmp_path: Path, wrong: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["decode", str(encoded), "-o", str(tmp_path / "a.mkv"), *wrong.split()]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_every_second_frame_and_what_lies_between(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    done = nervc("encode", sample, "-o", path, *QUICK, "--frames", "0:8", "--keep-every", "2")
    assert done.returncode == 0, done.stderr.decode()
    assert "frames that were left out, interpolated: YUV PSNR" in done.stderr.decode()
    assert b"5 of 8 frames" in nervc("info", path).stdout
    expected = {
        "": [0, 2, 4, 6, 7],
        "--all-times": [*range(8)],
        "--fps 29.97": [n * 25 * 1001 / 30000 for n in range(10)],
        "--interpolate 2x --between embedding": [n / 2 for n in range(16)],
    }
    for options, times in expected.items():
        done = nervc("decode", path, "-o", tmp_path / "out.mkv", "-y", *options.split())
        assert done.returncode == 0, done.stderr.decode()
        with av.open(str(tmp_path / "out.mkv")) as container:
            shown = [float(frame.time or 0) * 25 for frame in container.decode(video=0)]
        assert shown == pytest.approx(times, abs=0.02)  # Matroska stores times in milliseconds
    done = nervc("decode", path, "-o", tmp_path / "out.mkv", "-y", "--fps", "30", "--all-times")
    assert done.returncode == 2


def test_frames_left_out_can_be_sent_by_their_embeddings(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    quick = (*QUICK, "--model", "hnerv", "--frames", "0:8", "--keep-every", "2", "--assisted")
    done = nervc("encode", sample, "-o", path, *quick, "--json")
    assert done.returncode == 0, done.stderr.decode()
    said = {line["type"]: line for line in lines(done.stdout)}
    assert said["assist"]["frames"] == 3
    assert (said["done"]["frames"], said["done"]["bytes"]) == (8, path.stat().st_size)
    assert said["done"]["bytes"] - said["done"]["assisted_bytes"] == said["done"]["layers"][0]["bytes"]
    assert b" 8 frames" in nervc("info", path).stdout
    refused = nervc("encode", sample, "-o", path, "-y", "--assisted", *QUICK)
    assert (refused.returncode, b"left out" in refused.stderr) == (2, True)


def test_a_picture_with_a_hole_is_filled(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path, still, out = tmp_path / "out.nerv", tmp_path / "still.mkv", tmp_path / "out.mkv"
    done = nervc("encode", sample, "-o", path, *QUICK, "--mask", "boxes:1x8")
    assert done.returncode == 0, done.stderr.decode()
    assert "pixels under the mask: YUV PSNR" in done.stderr.decode()
    with (
        read_frames(sample, View(stop=3, resize=(48, 32), domain="yuv420")) as video,
        write_frames(str(still), video.format) as sink,
    ):
        given = list(video.frames)
        for frame in given:
            sink(frame)
    for options in ([], ["--composite", still, "--mask", "boxes:1x8"]):
        done = nervc("decode", path, "-o", out, "-y", *options)
        assert done.returncode == 0, done.stderr.decode()
    with read_frames(str(out), View(domain="yuv420")) as video:
        for frame, whole in zip(video.frames, given, strict=True):
            same = (frame == whole).all(axis=2)
            assert not same[6:10, 10:14].all()
            same[6:10, 10:14] = True
            assert same.all()
    refused = nervc("decode", path, "-o", out, "-y", "--composite", still)
    assert (refused.returncode, b"need each other" in refused.stderr) == (2, True)


def test_options_are_a_promise() -> None:
    promised = {
        "encode": "--output -o -y --model --size --row --difference-grid --layers --min-gain --coupling "
        "--audio --subtitles --stream --dry-run --fresh --segment --latent --block --preset --epochs --steps --seed "
        "--optimizer --learning-rate --loss --embeddings --difference-source --batch --recipe --quality --target "
        "--target-size --bpp --time-limit --bits --prune --gop --keep-every --assisted --mask --frames --crop --resize "
        "--resize-filter --depth --domain --device --precision --workers --threads --cluster --json -q -v "
        "--log-file --config --dump-config",
        "worker": "--tied --json -q -v --log-file",
        "decode": "--output -o -y --audio --subtitles --start --end --frames --all-times --fps --interpolate --between "
        "--composite --mask --layers --device --fast --json -q -v --log-file --config --dump-config",
        "info": "--json",
        "verify": "--against --min-psnr --frames --crop --resize --resize-filter --stream --device --json -q -v "
        "--log-file",
        "extract": "--output -o --layers --packs -y --json",
        "merge": "--output -o -y --json",
        "export": "--output -o -y --beside --layers --frames --crop --resize --resize-filter --stream --json -q -v "
        "--log-file",
        "bench": "--dataset --root --videos --codecs --protocol --suite --points --preset --epochs --steps --seed "
        "--device --domain --frames --crop --resize --resize-filter --vmaf --keep-files --shm-encoder --output -o "
        "--jobs --point-timeout --dry-run --json",
        "compare": "--anchor --before --metric --html --markdown --csv --pictures -y --json",
    }
    group = LazyGroup()
    assert set(group.modules) == promised.keys()
    context = click.Context(group)
    for name, options in promised.items():
        command = group.get_command(context, name)
        assert command is not None
        found = {opt for p in command.params if isinstance(p, click.Option) for opt in p.opts}
        assert found == set(options.split())


def test_a_reader_that_goes_away_is_no_news(encoded: Path) -> None:
    nervc = Path(sys.executable).with_name("nervc")
    for arguments in (f"decode {encoded} -o -", f"info {encoded}"):
        script = f"{nervc} {arguments} | head -c 10 >/dev/null; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
        assert done.returncode in (0, 141)
        assert done.stderr == b""


def test_full_disks_are_output_errors(encoded: Path) -> None:
    nervc = Path(sys.executable).with_name("nervc")
    done = subprocess.run(["bash", "-c", f"{nervc} info {encoded} > /dev/full"], capture_output=True, check=False)
    assert done.returncode == 5
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_a_target_size_is_reached(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    small = ["--frames", "0:6", "--resize", "96x64", "--steps", "300", "--audio", "none"]
    done = nervc("encode", sample, "-o", path, "--target-size", "6kB", *small)
    assert done.returncode == 0, done.stderr.decode()
    assert path.stat().st_size == pytest.approx(6000, rel=0.03)


def test_a_missed_target_is_written_and_said(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    done = nervc("encode", sample, "-o", path, "--target", OUT_OF_REACH, *QUICK)
    assert done.returncode == 7
    assert "is written, but with psnr" in done.stderr.decode()
    assert nervc("info", path).returncode == 0


@pytest.mark.slow  # measures wall-clock time, which other tests would disturb
def test_a_time_limit_is_kept(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    options = ["--frames", "0:6", "--resize", "96x64", "--size", "9k", "--json"]
    done = nervc("encode", sample, "-o", path, "--time-limit", "8s", *options)
    assert done.returncode == 0, done.stderr.decode()
    assert 3 < lines(done.stdout)[-1]["seconds"] < 9


def test_a_time_limit_that_no_fit_keeps_is_refused(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    options = ["--frames", "0:6", "--resize", "96x64", "--size", "9k", "--time-limit", "0.1s"]
    assert nervc("encode", sample, "-o", tmp_path / "out.nerv", *options).returncode == 2


def test_targets_that_cannot_be_are_refused_before_the_fit(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    path = tmp_path / "out.nerv"
    for wrong in (["--target", "ms-ssim=0.9"], ["--bpp", "0.1", "--target-size", "1MB"], ["--target", "vmaf=90"]):
        assert nervc("encode", sample, "-o", path, *wrong, *QUICK).returncode == 2
    assert not path.exists()
