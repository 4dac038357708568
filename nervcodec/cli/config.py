"""Reading options from a TOML file, and writing them as one."""

import json
import tomllib
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import Any

import click

from nervcodec.cli.command import NUMBERS, Function, Option, Session, given_values, section
from nervcodec.errors import RequestError
from nervcodec.version import __version__

HEADER = "# nervc {command}, version {version}; lines that begin with # show defaults, or what an option takes"


class Subject(click.Argument):
    """An argument that may be missing where options are only printed."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter:
            if not ctx.params.get("dump_config"):
                raise
            return None


def configurable(function: Function) -> Function:
    """Add `--config` and `--dump-config` to a command."""
    declare = section("Options in a file")

    @declare(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_load,
        help='TOML file of options by their long names, such as target-size = "2MB"; the command line overrides it.',
    )
    @declare(
        "--dump-config", is_flag=True, is_eager=True, help="Print all options as a file for --config, and do no more."
    )
    @wraps(function)
    def command(*, dump_config: bool, **chosen: Any) -> None:
        if dump_config:
            click.echo(config_text(click.get_current_context()), nl=False)
        else:
            function(**chosen)

    return command


def config_text(ctx: click.Context) -> str:
    """The options of a command as it was called, as TOML that gives the same options when it is read."""
    lines = [HEADER.format(command=ctx.info_name, version=__version__)]
    title = None
    for key, option in _options(ctx.command).items():
        if option.section != title:
            title = option.section
            lines += ["", f"# {title}"]
        value, source = given_values(ctx)[option.name]
        if isinstance(option.type, NUMBERS):
            value = ctx.params[option.name]
        is_default = source is click.core.ParameterSource.DEFAULT
        written = str(value) if isinstance(value, Fraction) else value
        text = option.make_metavar(ctx) if ctx.params[option.name] is None else toml_value(written)
        lines.append(f"{'# ' if is_default else ''}{key} = {text}")
    return "\n".join(lines) + "\n"


def toml_value(value: str | float | bool | list[Any]) -> str:
    """Write a value as TOML.

    Raises RequestError for a string that is not valid Unicode, such as some names of files.
    """
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RequestError(f"{value!a} cannot stand in a TOML file, which is UTF-8") from error
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # all other strings of JSON are TOML


def _load(ctx: click.Context, parameter: click.Parameter, path: str | None) -> None:
    """Make the options in a file defaults of the command.

    Raises RequestError for a file that cannot be read, and for a key or a value that the command does not take.
    """
    if path is None:
        return
    given, found = _read(path), {}
    if given.get("json") is True:
        ctx.ensure_object(Session).as_json = True
    for key, value in given.items():
        option = _options(ctx.command).get(key)
        if option is None:
            raise RequestError(f"{path}: {ctx.command_path} has no option that is called {key}")
        found[option.name] = _checked(ctx, option, value, f"{path}: {key}")
    ctx.default_map = found


def _read(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise RequestError(f"{path}: {error}") from error


def _options(command: click.Command) -> dict[str, Option]:
    """The options of a command that can stand in a file, by their long names."""
    return {
        name.removeprefix("--"): param
        for param in command.params
        if isinstance(param, Option) and not param.is_eager
        for name in param.opts
        if name.startswith("--")
    }


def _checked(ctx: click.Context, option: Option, value: Any, where: str) -> str | bool:
    """Check a value of a file, and return it as the command line would give it.

    Raises RequestError for a value that the option does not take.
    """
    if option.is_flag:
        if not isinstance(value, bool):
            raise RequestError(f"{where} is true or false, not {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RequestError(f"{where} is a string or a number, not {_kind(value)}")
    try:
        option.type_cast_value(ctx, str(value))
    except click.BadParameter as error:
        raise RequestError(f"{where}: {error.message}") from error
    return str(value)


def _kind(value: object) -> str:
    """Name, for messages, of the type of a TOML value that no option takes."""
    kinds = {bool: "true or false", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or a time")
