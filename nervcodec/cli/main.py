"""The command `nervc` with its subcommands, and the place where errors become one sentence and an exit code."""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from nervcodec.cli.command import Session
from nervcodec.cli.interruption import Stopped, stop_at_once
from nervcodec.cli.json_lines import json_line
from nervcodec.errors import NervcodecError, OutputError
from nervcodec.version import __version__

BROKEN_PIPE, INTERRUPTED = 141, 130
LESS_OFTEN = 400_000
"""New objects after which Python looks for garbage among them, instead of 700: a quarter of a million stay of those
that torch makes as it is imported, hardly any of them garbage, and each look takes up to a fifth of a second."""


class _ReaderGone(BaseException):
    """Nobody reads standard output any more."""


class LazyGroup(click.Group):
    """A command that loads a subcommand's module only when it is needed, so that `--help` is instant."""

    modules = ("encode", "worker", "decode", "info", "verify", "extract", "merge", "export", "bench", "compare")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command: click.Command = getattr(import_module(f"nervcodec.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error  # click would exit with code 1


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="nervc %(version)s")
def cli() -> None:
    """Store a video as a small neural network, and get it back."""


def run(arguments: Sequence[str]) -> int:
    """Run `nervc` with arguments, and return the exit code."""
    signal.signal(signal.SIGTERM, stop_at_once)
    session = Session(tuple(arguments), as_json="--json" in arguments)
    try:
        cli.main(list(arguments), prog_name="nervc", standalone_mode=False, obj=session)
    except click.ClickException as error:
        error.show()
        return _failed(session, error.format_message(), error.exit_code)
    except NervcodecError as error:
        click.echo(f"nervc: {error}", err=True)
        return _failed(session, str(error), error.exit_code)
    except _ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python reports an error as it exits
        return BROKEN_PIPE
    except OSError as error:
        click.echo(f"nervc: {error}", err=True)
        return OutputError.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("nervc: interrupted", err=True)
        return _failed(session, "interrupted", INTERRUPTED)
    except Stopped as stopped:
        click.echo(f"nervc: {stopped}", err=True)
        return _failed(session, str(stopped), stopped.exit_code)
    return 0


def main() -> None:
    """Entry point of the console script."""
    gc.set_threshold(LESS_OFTEN)
    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End the process with an exit code, without freeing objects one by one, which takes 0.5 s for those of torch."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # Python then says what is wrong
    atexit._run_exitfuncs()
    os._exit(code)


def _failed(session: Session, message: str, code: int) -> int:
    if session.as_json:
        json_line({"type": "error", "code": code, "message": message})
    return code
