"""Options of the command line are fields of the library's options, with their defaults."""

from dataclasses import fields
from typing import Any

import click
import pytest

from nervcodec.cli.main import LazyGroup
from nervcodec.codec.decoding.options import DecodeOptions
from nervcodec.codec.options import EncodeOptions
from nervcodec.declarations import declarations
from nervcodec.errors import RequestError
from nervcodec.timeline import Playback
from nervcodec.video.view import View

OWNERS: dict[str, tuple[type, ...]] = {"encode": (EncodeOptions, View), "decode": (DecodeOptions, Playback)}
OF_THE_COMMAND_LINE = {
    *("help", "output", "overwrite", "dry_run", "fresh", "as_json", "quiet", "verbose", "log_file"),
    *("config", "dump_config"),
}
"""Options that say what a command does with files and messages."""
SPELLED: dict[str, dict[str, tuple[str, ...]]] = {
    "encode": {"frames": ("first", "stop"), "target_size": ("target",), "bpp": ("target",), "depth": ("depth",)},
    "decode": {"composite": ("composite",), "mask": ("composite",)},
}
"""Options that express fields in another way, each with these fields."""


def options_of(command: str) -> dict[str, click.Option]:
    group = LazyGroup()
    found = group.get_command(click.Context(group), command)
    assert found is not None
    return {param.name or "": param for param in found.params if isinstance(param, click.Option)}


def known(command: str) -> dict[str, Any]:
    return {name: field for owner in reversed(OWNERS[command]) for name, field in declarations(owner).items()}


@pytest.mark.parametrize("command", OWNERS)
def test_every_option_is_a_field_and_has_its_default(command: str) -> None:
    declared = known(command)
    for name, option in options_of(command).items():
        if name in OF_THE_COMMAND_LINE or name in SPELLED[command]:
            continue
        assert name in declared, f"--{name} is no field"
        assert option.default == declared[name].default, name
        if declared[name].choices:
            assert isinstance(option.type, click.Choice)
            assert tuple(option.type.choices) == declared[name].choices
        if declared[name].range and name != "time_limit":  # time_limit is typed as a text such as 10m
            assert isinstance(option.type, click.IntRange | click.FloatRange)
            assert (option.type.min, option.type.max) == (declared[name].range.low, declared[name].range.high)


@pytest.mark.parametrize("command", OWNERS)
def test_every_field_is_an_option(command: str) -> None:
    spelled = {field for names in SPELLED[command].values() for field in names}
    parts = {"view", "playback"}  # fields whose own fields are options
    missing = known(command).keys() - options_of(command).keys() - spelled - parts
    assert missing == set()


@pytest.mark.parametrize(
    ("owner", "name", "value", "sentence"),
    [
        (EncodeOptions, "model", "nerv", "model is one of dnerv, hnerv, sdmn, ffnerv, not nerv"),
        (EncodeOptions, "row", "bunny", "row is one of bunny-0.35m, .*, not bunny"),
        (EncodeOptions, "keep_every", 1001, "keep every must be at least 1 and at most 1000, not 1001"),
        (EncodeOptions, "epochs", float("nan"), "epochs must be above 0 and below 1e\\+06, not nan"),
        (EncodeOptions, "prune", 1.0, "prune must be at least 0 and below 1, not 1.0"),
        (EncodeOptions, "quality", -0.5, "quality must be at least 0 and at most 100, not -0.5"),
        (EncodeOptions, "precision", "float16", "precision is one of auto, float32, bfloat16, not float16"),
        (DecodeOptions, "layers", 0, "layers must be at least 1, not 0"),
        (Playback, "count", 0, "count must be at least 1, not 0"),
    ],
)
def test_values_out_of_range_are_refused_in_the_library_too(
    owner: type, name: str, value: object, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        owner(**{name: value})


def test_a_field_that_may_be_none_is_not_checked_where_it_is() -> None:
    assert EncodeOptions(quality=None).quality is None
    assert all(field.name in declarations(EncodeOptions) for field in fields(EncodeOptions))
