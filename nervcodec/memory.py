"""Memory of the machine."""

import os

import numpy as np

from nervcodec.errors import ResourceError

LARGE_BLOCK = 31 << 20
"""Bytes of a block that is freed so that the C library then keeps memory that is freed."""


def keep_freed_memory() -> None:
    """Have the C library keep memory that is freed, as Linux's does up to twice the largest block below 32 MiB that was
    ever freed.

    Memory that it returns to the system takes longer to get again than a convolution, or the conversion of a picture,
    takes to fill it (mallopt(3), docs/performance.md).
    """
    np.empty(LARGE_BLOCK, np.uint8)


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
