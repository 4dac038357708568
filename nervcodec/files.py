"""Files that are written completely or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nervcodec.errors import OutputError

TEMPORARY = ".nervc-"
"""Prefix of the names of files that are not complete yet."""


def check_target(path: Path, *, overwrite: bool) -> None:
    """Check that a file can be written, before hours of work for it.

    Raises OutputError when the folder is missing or not writable, or the file exists and may not be replaced.
    """
    try:
        if path.exists() and not path.is_file():
            raise OutputError(f"{path} is {'a folder' if path.is_dir() else 'a pipe or a device'}, not a file")
        if path.exists() and not overwrite:
            raise OutputError(f"{path} exists; -y replaces it")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    check_folder(path.parent)


def check_folder(path: Path) -> None:
    """Raises OutputError unless files can be made in the folder `path`."""
    if not path.is_dir():
        raise OutputError(f"{path} is not a folder" if path.exists() else f"there is no folder {path}")
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path} is not writable")


def check_space(folder: str, wanted: int) -> None:
    """Raises OutputError when a folder has no room for `wanted` bytes."""
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise OutputError(f"{folder}: about {wanted / 1e6:.0f} MB are needed, {free / 1e6:.0f} are free")


def job_folder(output: str) -> Path:
    """The folder that keeps the work for a file until the file is written."""
    return Path(output + ".job")


@contextmanager
def replacing(path: Path, *, lasts: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`: it replaces `path` when the block succeeds, and is deleted otherwise.

    lasts: whether to wait for the disk, so that the file survives a power cut.

    Raises OutputError for errors of the operating system.
    """
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        if lasts:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder whose files are moved to `path` when the block succeeds; other files there stay."""
    path = path.absolute()
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}")
    try:
        temporary.mkdir()
        yield temporary
        path.mkdir(exist_ok=True)
        for file in sorted(temporary.iterdir()):
            file.replace(path / file.name)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
