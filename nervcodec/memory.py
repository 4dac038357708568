"""How much the machine holds."""

import os

from nervcodec.errors import ResourceError


def machine_memory() -> int | None:
    """Bytes of memory; None where the machine does not tell."""
    if not hasattr(os, "sysconf"):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_memory(wanted: int, purpose: str, memory: int | None = None) -> None:
    """Raises ResourceError when `wanted` bytes are more than there are; says nothing where that is not known.

    memory: bytes there are, if not all that the machine has.
    """
    memory = machine_memory() if memory is None else memory
    if memory is not None and wanted > memory:
        raise ResourceError(f"{purpose} needs about {wanted / 1e9:.1f} GB of memory, and {memory / 1e9:.1f} are there")
