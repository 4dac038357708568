"""The command `nervc worker`."""

import os
import signal
import sys
import threading

import click

import nervcodec
from nervcodec.cli.command import Command, section
from nervcodec.cli.display import display
from nervcodec.cli.interruption import stoppable
from nervcodec.cli.logs import messages


@click.command(cls=Command)
@click.argument("folder", metavar="JOBDIR")
@section("Machine")("--tied", is_flag=True, hidden=True, help="End when standard input ends.")
@messages
def worker(folder: str, tied: bool, as_json: bool, quiet: bool) -> None:
    """Help with an encode, on any machine that can read its files.

    JOBDIR is the folder beside the output of nervc encode whose name ends in .job. A worker fits segments that no other
    process fits, and ends when none is left.
    """
    if tied:
        threading.Thread(target=_end_with_input, daemon=True).start()
    with display(as_json=as_json, quiet=quiet) as show, stoppable(show, as_json=as_json) as observe:
        nervcodec.work(folder, observe)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):  # takes no lock that Python needs as it exits
        pass
    os.kill(os.getpid(), signal.SIGTERM)
