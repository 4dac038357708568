"""Verbosity of a command: messages of the library go to standard error, to a file, or nowhere."""

import logging
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import click

from nervcodec.cli.command import Function, Session, section
from nervcodec.errors import NervcodecError, OutputError
from nervcodec.version import __version__

LIBRARY = "nervcodec"
LOG = logging.getLogger(__name__)
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Log levels of standard error, by the number of times that -v is given."""
LINES = ("%(message)s", "%(message)s", "%(name)s: %(message)s")
FILE_LINE, FILE_TIME = "%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"


def messages(function: Callable[..., None]) -> Function:
    """Add `--json`, `-q`, `-v` and `--log-file` to a command."""
    declare = section("Messages")

    @declare("--json", "as_json", is_flag=True, help="Write progress and result as JSON lines to standard output.")
    @declare("-q", "quiet", is_flag=True, help="Show only errors.")
    @declare(
        "-v",
        "verbose",
        count=True,
        show_default=False,
        help="Also show what is decided, such as networks and devices; -vv shows all messages.",
    )
    @declare("--log-file", metavar="FILE", help="Append all messages, with their times, to a file.")
    @wraps(function)
    def command(*, verbose: int, log_file: str | None, **chosen: Any) -> None:
        if verbose and chosen["quiet"]:
            raise click.UsageError("-q and -v exclude each other")
        handlers = [_StandardError(min(verbose, len(LEVELS) - 1), quiet=chosen["quiet"])]
        with _handled(*handlers, *([_file(log_file)] if log_file else [])), _told():
            function(**chosen)

    return command


def say(text: str, *, quiet: bool = False) -> None:
    """Write a line for people to standard error, and to the log."""
    LOG.info(text)
    if not quiet:
        click.echo(text, err=True)


class _StandardError(logging.Handler):
    """Writes lines of the library's loggers, above any progress bar; commands have written their own lines already."""

    def __init__(self, verbosity: int, *, quiet: bool) -> None:
        super().__init__(logging.ERROR if quiet else LEVELS[verbosity])
        self.setFormatter(logging.Formatter(LINES[verbosity]))
        self.addFilter(lambda record: not record.name.startswith(f"{LIBRARY}.cli."))

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")  # looked up each time, for a progress bar replaces it


class _LogFile(logging.FileHandler):
    """A log file that takes no more lines once a line could not be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, logging's name
        self.setLevel(logging.CRITICAL + 1)
        error = sys.exception()
        reason = error.strerror if isinstance(error, OSError) else error
        click.echo(f"nervc: {self.baseFilename}: {reason}; nothing more is logged", err=True)

    def close(self) -> None:
        with suppress(OSError):  # raised by a line that was not written
            super().close()


def _file(path: str) -> logging.Handler:
    """Open a log file.

    Raises OutputError for a file that nothing can be appended to.
    """
    try:
        handler = _LogFile(Path(path), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    handler.setFormatter(logging.Formatter(FILE_LINE, FILE_TIME))
    return handler


@contextmanager
def _handled(*handlers: logging.Handler) -> Iterator[None]:
    """Add handlers to all loggers of the library, for the block."""
    logger = logging.getLogger(LIBRARY)
    before = logger.level
    logger.setLevel(min([logger.getEffectiveLevel(), *(handler.level or logging.DEBUG for handler in handlers)]))
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(before)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


@contextmanager
def _told() -> Iterator[None]:
    """Log how a command was called and, if it fails, how."""
    session = click.get_current_context().ensure_object(Session)
    LOG.info("nervc %s, called with: %s", __version__, shlex.join(session.arguments))
    try:
        yield
    except (NervcodecError, click.ClickException, OSError) as error:
        LOG.error(str(error))
        raise
    except BaseException as error:
        LOG.error("ended by %s", type(error).__name__.strip("_"), exc_info=isinstance(error, Exception))
        raise
