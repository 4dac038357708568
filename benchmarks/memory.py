"""Peak memory of a program."""

from contextlib import suppress
from pathlib import Path


def high_water(process: int | str = "self") -> int:
    """Largest number of bytes that a running process has had resident since it became this program; Linux only.

    The figure that the system gives for a process that has ended includes the memory of its parent.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0
