"""Facts that are needed to repeat a measurement."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from nervcodec.precision import has_bfloat16

LIBRARIES = ("torch", "numpy", "av", "constriction", "pytorch-msssim")


def environment() -> dict[str, Any]:
    """The command line, the versions of libraries, and the kind of machine."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    return {
        "command": _command(),
        "versions": {"nervcodec": version("nervcodec"), **dict(_versions())},
        "python": platform.python_version(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "bfloat16": has_bfloat16(torch.device("cpu")),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _versions() -> Iterator[tuple[str, str]]:
    """The versions of libraries, of which a machine may do without one."""
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _command() -> str:
    """The command line as it was typed, without the folders of this machine."""
    words = [re.sub(r"(^|=)/.*/", r"\1", word) for word in sys.orig_argv[1:]]
    called = words and Path(words[0]).name == "nervc"
    return shlex.join(["nervc", *words[1:]] if called else ["python", *words])


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
