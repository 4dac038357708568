"""Options in a file: they work as on the command line, and errors name the file and the key."""

import json
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from nervcodec.cli.config import toml_value
from nervcodec.cli.main import LazyGroup, run
from nervcodec.errors import RequestError

OTHERS = {
    "encode": "--output a.nerv --audio none --subtitles none --stream 1 "
    "--dry-run --fresh --segment 10s --frames 0:5 --crop 64x32 --resize 32x-2 "
    "--resize-filter bicubic --depth 10 --domain rgb --quality 61.5 --target psnr=34 --target-size 2MB --bpp 1e-2 "
    "--gop 2 --recipe paper --bits 7 --prune 0.25 --preset slow --epochs 3 --steps 20 --time-limit 10m --layers 2 "
    "--min-gain -0.5 --keep-every 2 --assisted --mask boxes:1x8 --model hnerv --size 0.35M --row "
    "sdmn640-0.75m --difference-grid 4x2 --coupling additive --latent seeded --block rep --optimizer adan "
    "--learning-rate 0.002 --loss l1 --embeddings encoder --difference-source flow --batch 2 --seed 5 "
    "--device cpu --precision float32 --workers 2 --threads 3 --cluster local --json --log-file a.log",
    "decode": "--output a.mkv --audio none --subtitles none "
    "--start f:3 --end 00:00:02.5 --frames 7 --all-times --fps 29.97 "
    "--interpolate 4x --between embedding --composite a.mp4 --mask m.png --layers 2 "
    "--device cpu --fast --json --log-file a.log",
}
"""Values that differ from the default, for every option that can stand in a file."""


def command_of(name: str) -> click.Command:
    command = LazyGroup().get_command(click.Context(LazyGroup()), name)
    assert command is not None
    return command


def values(name: str, arguments: list[str]) -> dict[str, Any]:
    """Values of the options with which a command is called."""
    return dict(command_of(name).make_context(name, [*arguments, "INPUT"]).params)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_dumped_gives_every_option_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the log is written here
    arguments = OTHERS[name].split()
    path = tmp_path / "dumped.toml"
    wanted, plain = values(name, arguments), values(name, [])
    unlike = {key for key in wanted if wanted[key] != plain[key]}
    assert wanted.keys() - unlike <= {"source", "file", "overwrite", "quiet", "verbose", "dump_config"}
    for given, expected in ((arguments, wanted), ([], plain)):
        assert run([name, *given, "--dump-config"]) == 0
        path.write_text(capsys.readouterr().out)
        assert values(name, ["--config", str(path)]) == expected
    uncommented = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert uncommented == []


@pytest.mark.parametrize(
    "value",
    ["", 'a "b" \\ \n\t\x00\x1f\x7f\u2028 \u00e9 \U0001f600', -3, 0.1, 1e-7, True, False, ["a", [1, 2.5]]],
)
def test_what_is_written_is_toml(value: Any) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}") == {"x": value}


def test_what_is_no_unicode_cannot_be_written() -> None:
    with pytest.raises(RequestError, match="UTF-8"):
        toml_value("\udcff.png")


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("steps = 30\nseed = 4\n")
    for arguments in (["--config", str(path), "--seed", "9"], ["--seed", "9", "--config", str(path)]):
        found = values("encode", arguments)
        assert (found["steps"], found["seed"], found["preset"]) == (30, 9, "medium")


def test_a_file_encodes_as_its_options_do(sample: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('frames = "0:2"\nresize = "48x32"\nsize = 4000\nsteps = 8\nmodel = "hnerv"\n')
    quick = ["--frames", "0:2", "--resize", "48x32", "--size", "4k", "--steps", "8", "--model", "hnerv"]
    for name, options in (("a", ["--config", str(tmp_path / "a.toml")]), ("b", quick)):
        assert run(["encode", sample, "-o", str(tmp_path / f"{name}.nerv"), *options]) == 0
    assert (tmp_path / "a.nerv").read_bytes() == (tmp_path / "b.nerv").read_bytes()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bitz = 3", "nervc encode has no option that is called bitz"),
        ("dump-config = true", "no option that is called dump-config"),
        ("[encode]\nbits = 3", "no option that is called encode"),
        ("bits = 40", "bits: 40 is not in the range 2<=x<=12."),
        ('bits = "four"', "bits: 'four' is not a valid integer"),
        ("size = false", "size is a string or a number, not true or false"),
        ("size = [1]", "size is a string or a number, not a list"),
        ("time-limit = 07:32:00", "time-limit is a string or a number, not a date or a time"),
        ('assisted = "yes"', "assisted is true or false, not 'yes'"),
        ('size = "none"', "size: 'none' is not a number of weights such as 0.35M"),
        ('model = "nerv"', "model: 'nerv' is not one of"),
        ("size = ", "Invalid value (at "),
        ("size = '\udcff'", "'utf-8' codec can't decode"),
        (None, "No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    text: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.toml"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    assert run(["encode", "none.mp4", "--config", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nervc: {path}: ")
    assert sentence in line


def test_errors_are_json_where_the_file_asks_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    path.write_text("json = true\nbitz = 3\n")
    assert run(["encode", "none.mp4", "--config", str(path)]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["type"], said["code"]) == ("error", 2)


def test_an_input_is_asked_for_where_it_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["encode"]) == 2
    assert "Missing argument 'INPUT'" in capsys.readouterr().err
    assert run(["encode", "--dump-config", "--bits", "40"]) == 2
