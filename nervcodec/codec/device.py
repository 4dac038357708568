"""Where the networks run."""

from typing import Literal

import torch

from nervcodec.errors import RequestError
from nervcodec.memory import machine_memory

DeviceName = Literal["auto", "cpu", "cuda"]


def choose_device(name: DeviceName) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one.

    Raises RequestError for CUDA on a machine without it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RequestError("--device cuda: no CUDA device is available here")
    return torch.device(name)


def device_memory(device: torch.device) -> int | None:
    """Bytes that a device has, those that are free of a GPU; None where it does not tell."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else machine_memory()


def describe_device(device: torch.device) -> str:
    """A device as people know it, and what else settles how fast it is."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda), torch {torch.__version__}"
    return f"{device.type}, threads: {torch.get_num_threads()}, torch {torch.__version__}"
