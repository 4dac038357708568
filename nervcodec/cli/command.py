"""A command whose help has headings, and the options that several commands share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from nervcodec.cli.types import FrameRange, Scale, Size
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


def section(title: str) -> Declare:
    """What declares options under a heading."""
    return partial(click.option, cls=Option, section=title)


def view_options(function: Function) -> Function:
    """Options that say which part of a video is wanted; `take_view` makes one of them."""
    declare = section("Part of the video")
    for option in (
        declare("--resize-filter", type=click.Choice(["area", "bicubic"]), default="area"),
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


audio_option = section("Output")(
    "--audio",
    type=click.Choice(["copy", "none"]),
    default="copy",
    help="Sound, subtitles, chapters and titles go along as they are, or stay behind.",
)
on_machine = section("Machine")
device_option = on_machine("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
