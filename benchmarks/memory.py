"""Peak memory of a program."""

from contextlib import suppress
from pathlib import Path


def high_water(process: int | str = "self") -> int:
    """Bytes that a running process has had resident at most, since it became this program; Linux only.

    What the system says of a process that has ended begins with what its parent had.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0
