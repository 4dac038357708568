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
"""Takes what `click.option` does."""
NUMBERS = (click.types.IntParamType, click.types.FloatParamType)
LAST_SECTION = "Help"
"""Of options that are under no other heading."""
NAME_WIDTH = 28
"""Of the first column under every heading."""


@dataclass
class Session:
    """What is known of a call beyond its arguments."""

    arguments: tuple[str, ...] = ()
    as_json: bool = False
    """Whether errors are to be told as JSON too."""


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
    """Values of options as they were given, by name, and where each comes from."""
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
    """What declares options under a heading; those that are fields of the dataclass `owner` follow from them."""
    return partial(field_option(owner) if owner else click.option, cls=Option, section=title)


def field_option(owner: type) -> Declare:
    """What declares options; those that are fields of the dataclass `owner` have their default, choices and range."""
    found = declarations(owner)

    def declare(*names: str, **settings: Any) -> Callable[[Function], Function]:
        field = found.get(parameter_name(names))
        return click.option(*names, **(of_field(field) if field else {}) | settings)

    return declare


def parameter_name(names: Sequence[str]) -> str:
    """The name under which a command gets an option, as click makes it of the option's names."""
    own = [name for name in names if not name.startswith("-")]
    return (own or [max(names, key=len).lstrip("-")])[0].replace("-", "_")


def of_field(field: Declaration) -> dict[str, Any]:
    """What click is told of an option that is a field: default, choices and range, or that it is a flag."""
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
    """Options that say which part of a video is wanted; `take_view` makes one of them."""
    declare = section("Part of the video", View)
    for option in (
        declare("--resize-filter"),
        declare("--resize", type=Scale(), help="Scale, after the crop; -2 for a side keeps the shape, and is even."),
        declare("--crop", type=Size(), help="Only the middle of the picture."),
        declare("--frames", type=FrameRange(), help="Only frames A to B, B not among them."),
    ):
        function = option(function)
    return function


def take_view(chosen: dict[str, Any]) -> View:
    """The view that options ask for, which are taken out of those chosen."""
    first, stop = chosen.pop("frames") or (0, None)
    return View(first=first, stop=stop, **{name: chosen.pop(name) for name in ("crop", "resize", "resize_filter")})


audio_option = section("Output", EncodeOptions)(
    "--audio",
    help="Sound, subtitles, chapters and titles go along as they are, or stay behind.",
)
on_machine = section("Machine", EncodeOptions)
device_option = on_machine("--device")
