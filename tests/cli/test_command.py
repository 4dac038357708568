"""Help texts that people can read."""

import re

import click
import pytest

from nervcodec.cli.main import LazyGroup, run

HEADINGS = {
    "encode": "Output, Part of the video, Segments, Rate and quality, Time, Layers, Missing frames and pixels, "
    "Network, Fit, Machine, Messages, Options in a file, Help",
    "decode": "Output, Part of the file, Frames between frames, Missing pixels, Layers, Machine, Messages, "
    "Options in a file, Help",
    "verify": "Comparison, Part of the video, Machine, Messages, Help",
}


@pytest.mark.parametrize("name", HEADINGS)
def test_every_option_stands_under_a_heading_and_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^(\w.*):$", text, re.MULTILINE) == HEADINGS[name].split(", ")
    assert max(map(len, text.splitlines())) <= 160  # one choice of --row is a long word
    command = LazyGroup().get_command(click.Context(LazyGroup()), name)
    assert command is not None
    listed = re.findall(r"^  (?:-\w(?:, )?)?(--[\w-]+|)", text, re.MULTILINE)
    longest = [max(p.opts, key=len) for p in command.params if isinstance(p, click.Option)]
    assert {option for option in longest if option.startswith("--")} <= set(listed)
    helps, last = text.split("\nHelp:\n")
    assert "--help" in last
    assert "--help" not in helps
