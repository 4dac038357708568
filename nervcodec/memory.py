"""Memory of the machine."""

import os

from nervcodec.errors import ResourceError


def machine_memory() -> int | None:
    """Bytes of memory that the machine has; None where the system does not say."""
    if not hasattr(os, "sysconf"):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_memory(wanted: int, purpose: str, memory: int | None = None) -> None:
    """Raises ResourceError when `wanted` bytes are more than the memory; passes where the memory is not known.

    memory: bytes that are available, if not all memory of the machine.
    """
    memory = machine_memory() if memory is None else memory
    if memory is not None and wanted > memory:
        raise ResourceError(f"{purpose} needs about {wanted / 1e9:.1f} GB of memory, {memory / 1e9:.1f} are available")
