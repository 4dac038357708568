"""A command whose help has headings, and the options that several commands share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from nervcodec.cli.types import FrameRange, Scale, Size
from nervcodec.codec.options import EncodeOptions
from nervcodec.declarations import Declaration, declarations
from nervcodec.video.view import View

Function = Callable[..., None]
Declare = Callable[..., Callable[[Function], Function]]
"""A function that takes the arguments of `click.option`."""
NUMBERS = (click.types.IntParamType, click.types.FloatParamType)
LAST_SECTION = "Help"
"""Heading of options that are under no other one."""
NAME_WIDTH = 28
"""Width of the first column under every heading, in characters."""


@dataclass
class Session:
    """State of a call of `nervc` that all its commands share."""

    arguments: tuple[str, ...] = ()
    as_json: bool = False
    """Whether errors are written as JSON too."""


class Option(click.Option):
    """An option that stands under a heading of its command's help."""

    name: str

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        if self.metavar is None and not self.is_flag and isinstance(self.type, NUMBERS):
            self.metavar = "N" if isinstance(self.type, click.types.IntParamType) else "X"

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, Any]:
        given = super().consume_value(ctx, opts)
        given_values(ctx)[self.name] = given
        return given


def given_values(ctx: click.Context) -> dict[str, tuple[Any, Any]]:
    """Values of options as they were given, each with its source, by name."""
    values: dict[str, tuple[Any, Any]] = ctx.meta.setdefault(f"{__name__}.given", {})
    return values


class Command(click.Command):
    """A command that lists its options under headings, in the order in which they were declared."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", LAST_SECTION), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(NAME_WIDTH), text) for name, text in records], col_max=NAME_WIDTH)


def section(title: str, owner: type | None = None) -> Declare:
    """A function that declares options under a heading, as `field_option` does where there is an `owner`."""
    return partial(field_option(owner) if owner else click.option, cls=Option, section=title)


def field_option(owner: type) -> Declare:
    """A function that declares options; fields of the dataclass `owner` give theirs a default, choices and a range."""
    found = declarations(owner)

    def declare(*names: str, **settings: Any) -> Callable[[Function], Function]:
        field = found.get(parameter_name(names))
        return click.option(*names, **(of_field(field) if field else {}) | settings)

    return declare


def parameter_name(names: Sequence[str]) -> str:
    """The name under which a command gets an option, as click derives it from the option's names."""
    own = [name for name in names if not name.startswith("-")]
    return (own or [max(names, key=len).lstrip("-")])[0].replace("-", "_")


def of_field(field: Declaration) -> dict[str, Any]:
    """Arguments for click of an option that is a field: default, choices and range, or that it is a flag."""
    if field.kind is bool:
        return {"is_flag": True, "default": field.default}
    if field.choices:
        return {"type": click.Choice(field.choices), "default": field.default}
    if field.range:
        made: Any = click.IntRange if field.kind is int else click.FloatRange
        ends = field.range.low, field.range.high, field.range.low_open, field.range.high_open
        return {"type": made(*ends), "default": field.default}
    return {"type": field.kind if field.kind in (int, float, str) else None, "default": field.default}


def view_options(function: Function) -> Function:
    """Add the options that say which portion of a video is wanted; `take_view` turns them into a view."""
    declare = section("Part of the video", View)
    for option in (
        declare(
            "--stream",
            help="Index of the video stream, from 0, where a file has several.  [default: the one ffmpeg would choose]",
        ),
        declare("--resize-filter"),
        declare("--resize", type=Scale(), help="Size after the crop; -2 is the even side that keeps the shape."),
        declare("--crop", type=Size(), help="Only the middle of the picture, in this size."),
        declare("--frames", type=FrameRange(), help="Only frames A to B, not including B."),
    ):
        function = option(function)
    return function


def take_view(chosen: dict[str, Any]) -> View:
    """Take the options of a view out of those chosen, and return the view."""
    first, stop = chosen.pop("frames") or (0, None)
    others = {name: chosen.pop(name) for name in ("crop", "resize", "resize_filter", "stream")}
    return View(first=first, stop=stop, **others)


def audio_options(function: Function) -> Function:
    """Add the options that say what accompanies the pictures."""
    declare = section("Output", EncodeOptions)
    for option in (
        declare(
            "--subtitles",
            help="Copy subtitles and attached fonts unchanged, or leave them out; chapters and titles are always kept.",
        ),
        declare("--audio", help="Copy sound unchanged, or leave it out."),
    ):
        function = option(function)
    return function


on_machine = section("Machine", EncodeOptions)
device_option = on_machine("--device")
