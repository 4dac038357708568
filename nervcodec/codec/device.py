"""Choice of the device, arithmetic and threads with which the networks run."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nervcodec.codec.choices import DeviceName, PrecisionName
from nervcodec.errors import RequestError
from nervcodec.memory import machine_memory
from nervcodec.precision import Precision, has_bfloat16

READING_THREADS = 1
"""Number of torch threads while a video is read: more would wait actively, between pictures, on the cores that the
video's own decoder needs (docs/performance.md)."""


def choose_device(name: DeviceName) -> torch.device:
    """The device with a name; "auto" is CUDA if it is available.

    Raises RequestError for CUDA on a machine without it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RequestError("--device cuda: no CUDA device is available here")
    return torch.device(name)


def choose_precision(name: PrecisionName, device: torch.device) -> Precision:
    """The arithmetic with a name; "auto" is bfloat16 if the device has it.

    Raises RequestError for bfloat16 on a device without it.
    """
    if name == "bfloat16" and not has_bfloat16(device):
        raise RequestError(f"--precision bfloat16: this {device.type} has no arithmetic for it")
    if name == "auto":
        return "bfloat16" if has_bfloat16(device) else "float32"
    return name


def device_memory(device: torch.device) -> int | None:
    """Bytes of memory of a machine, or bytes that are free on a GPU; None if the number is unknown."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else machine_memory()


def describe_device(device: torch.device) -> str:
    """The name of a device for people, its torch version and, for a CPU, the number of threads."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda), torch {torch.__version__}"
    return f"{device.type}, threads: {torch.get_num_threads()}, torch {torch.__version__}"


def threads_each(workers: int) -> int:
    """Number of torch threads for each worker, if `workers` of them share this machine."""
    return max(torch.get_num_threads() // max(workers, 1), 1)


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """Use a number of torch threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
